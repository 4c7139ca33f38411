import { err, ok, type Result } from '../base/index.ts'
import type { ChannelFailure, Severity } from './failure.ts'
import type { Channel, ChannelEffect } from './types.ts'

// What a handler returns: the next state and the effects, or what was wrong with the input. Never both.

export interface Done {
  readonly next: Channel
  readonly effects: readonly ChannelEffect[]
}

export type Outcome = Result<Done, ChannelFailure>

export function done(next: Channel, effects: readonly ChannelEffect[] = []): Outcome {
  return ok({ next, effects })
}

export type Facts = Omit<ChannelFailure, 'severity'>

export function failed(severity: Severity, facts: Facts): { readonly ok: false; readonly error: ChannelFailure } {
  return err({ severity, ...facts })
}

export const reject = (facts: Facts): { readonly ok: false; readonly error: ChannelFailure } => failed('reject', facts)
export const warn = (facts: Facts): { readonly ok: false; readonly error: ChannelFailure } => failed('warn', facts)
export const closeConnection = (facts: Facts): { readonly ok: false; readonly error: ChannelFailure } =>
  failed('close_connection', facts)
export const failChannel = (facts: Facts): { readonly ok: false; readonly error: ChannelFailure } =>
  failed('fail_channel', facts)
