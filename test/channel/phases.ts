import { expect } from 'vitest'
import type { ChannelPhase } from '../../src/channel/types.ts'
import { negotiating } from './closingFixtures.ts'
import { ALL_FEATURES, type Duo, depthInput, input, type Name, opened, signed } from './harness.ts'
import { add, settle } from './payments.ts'

// A funded channel in each of its phases, and in each state of its connection.

export type Phase = ChannelPhase['type']
export type Connection = 'connected' | 'reestablishing' | 'disconnected'

export const PHASES: readonly Phase[] = [
  'wait_for_funding_confirmed',
  'wait_for_channel_ready',
  'normal',
  'shutting_down',
  'negotiating',
  'closing',
  'closed',
]
export const CONNECTIONS: readonly Connection[] = ['connected', 'reestablishing', 'disconnected']

/** From `normal` to `closed`, but for `negotiating`, each side has offered an HTLC of id 0 that is irrevocable. */
export function inPhase(name: Name, phase: Phase, connection: Connection = 'connected'): Duo {
  const duo = MAKE[phase](name)
  if (connection !== 'connected') input(duo, name, { type: 'disconnected' })
  if (connection === 'reestablishing') input(duo, name, { type: 'connected', negotiated: ALL_FEATURES })
  expect(duo[name].channel.state).toBe(phase)
  return duo
}

const MAKE: { readonly [P in Phase]: (name: Name) => Duo } = {
  wait_for_funding_confirmed: () => signed(),
  wait_for_channel_ready: name => {
    const duo = signed()
    input(duo, name, depthInput(duo[name], 3))
    return duo
  },
  normal: () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
    add(duo, 'bob', { amountMsat: 5_000_000n, secret: 1 })
    settle(duo)
    return duo
  },
  shutting_down: name => {
    const duo = MAKE.normal(name)
    input(duo, name, { type: 'shutdown' })
    return duo
  },
  negotiating: () => negotiating(opened()),
  closing: name => {
    const duo = MAKE.normal(name)
    input(duo, name, { type: 'force_close', reason: 'enough' })
    return duo
  },
  closed: name => {
    const duo = MAKE.closing(name)
    input(duo, name, { type: 'resolved' })
    return duo
  },
}
