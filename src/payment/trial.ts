import { pmapGet, pmapSet } from '../base/index.ts'
import { numberKey, type PaymentsState, type Trial, withSession } from './state.ts'
import type { Payment } from './types.ts'

// What payments in flight have found out. A restart forgets it: then it is found out again.

export function trialOf({ session }: PaymentsState, { number }: Pick<Payment, 'number'>): Trial {
  return pmapGet(session.trials, numberKey(number)) ?? NOTHING_TRIED
}

export function withTrial(state: PaymentsState, { number }: Pick<Payment, 'number'>, trial: Trial): PaymentsState {
  return withSession(state, { trials: pmapSet(state.session.trials, numberKey(number), trial) })
}

export const NOTHING_TRIED: Trial = { excludedChannels: new Set(), excludedNodes: new Set(), updates: [] }
