import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, sat } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { loadDurable } from '../../src/channel/index.ts'
import type { ChannelCommand, ChannelInput } from '../../src/channel/types.ts'
import { expectRefused, NAMES, tried, typesOnTheirWay } from './attacks.ts'
import { ALL_FEATURES, deliver, disconnect, durableOf, effectsOf, input, opened, walletTx } from './harness.ts'
import { add, eventsOf, fulfill, hashOf, preimageOf, settle } from './payments.ts'
import { CONNECTIONS, inPhase, PHASES, type Phase } from './phases.ts'

// Every command of our own caller in every state, and a channel or a connection that has ended.

type Add = Extract<ChannelCommand, { type: 'add_htlc' }>

function offer(changes: Partial<Add> = {}): Add {
  return {
    type: 'add_htlc',
    amountMsat: msat(5_000_000),
    paymentHash: hashOf(9),
    cltvExpiry: 300,
    onionRoutingPacket: new Uint8Array(1366),
    ...changes,
  }
}

const failing = { type: 'fail', reason: new Uint8Array(3) } as const

/** Every command and report, in a form that would be possible in state normal. */
const COMMANDS: { readonly [T in Exclude<ChannelInput['type'], 'message'>]: ChannelInput } = {
  add_htlc: offer(),
  resolve_htlc: { type: 'resolve_htlc', id: 0, resolution: failing },
  update_fee: { type: 'update_fee', feeratePerKw: feeratePerKw(3_000) },
  commit: { type: 'commit' },
  shutdown: { type: 'shutdown' },
  bump_close: { type: 'bump_close', feeratePerKw: feeratePerKw(9_000) },
  force_close: { type: 'force_close', reason: 'enough' },
  funding_transaction: { type: 'funding_transaction', tx: walletTx({ amountSat: sat(1), script: new Uint8Array(0) }) },
  cancel_open: { type: 'cancel_open', reason: 'no' },
  block: { type: 'block' },
  funding_depth: { type: 'funding_depth', depth: 0, output: undefined, coinbase: false },
  funding_spent: { type: 'funding_spent', tx: walletTx({ amountSat: sat(1), script: new Uint8Array(0) }) },
  funding_lost: { type: 'funding_lost', by: txid(walletTx({ amountSat: sat(2), script: new Uint8Array(0) })) },
  newer_commitment: { type: 'newer_commitment', reason: 'a newer one is on the chain' },
  resolved: { type: 'resolved' },
  disconnected: { type: 'disconnected' },
  connected: { type: 'connected', negotiated: ALL_FEATURES },
}

/** The code of the refusal on a connected channel; what is not named is done. */
const REFUSED: { readonly [P in Phase]: { readonly [T in ChannelInput['type']]?: string } } = {
  wait_for_funding_confirmed: {
    add_htlc: 'not_possible_now',
    resolve_htlc: 'unknown_htlc',
    update_fee: 'not_possible_now',
    bump_close: 'no_simple_close',
    resolved: 'not_closing',
  },
  wait_for_channel_ready: {
    add_htlc: 'not_possible_now',
    resolve_htlc: 'unknown_htlc',
    update_fee: 'not_possible_now',
    bump_close: 'no_simple_close',
    resolved: 'not_closing',
  },
  normal: { bump_close: 'no_simple_close', resolved: 'not_closing' },
  shutting_down: {
    add_htlc: 'not_possible_now',
    shutdown: 'shutdown_already_requested',
    bump_close: 'no_simple_close',
    resolved: 'not_closing',
  },
  negotiating: {
    add_htlc: 'not_possible_now',
    resolve_htlc: 'unknown_htlc',
    update_fee: 'not_possible_now',
    shutdown: 'shutdown_already_requested',
    bump_close: 'closing_sig_awaited',
    resolved: 'not_closing',
  },
  closing: {
    add_htlc: 'not_possible_now',
    update_fee: 'not_possible_now',
    shutdown: 'channel_is_closing',
    bump_close: 'no_simple_close',
  },
  closed: {
    add_htlc: 'not_possible_now',
    update_fee: 'not_possible_now',
    shutdown: 'channel_is_closing',
    bump_close: 'no_simple_close',
    force_close: 'commitment_must_not_be_published',
  },
}

describe('every command and every report in every state', () => {
  for (const phase of PHASES) {
    for (const connection of CONNECTIONS) {
      it(`${phase}, ${connection}`, () => {
        const duo = inPhase('alice', phase, connection)
        for (const [type, command] of Object.entries(COMMANDS) as [ChannelInput['type'], ChannelInput][]) {
          const { failure } = tried(duo, 'alice', command)
          const awaysToo = connection !== 'connected' && (type === 'add_htlc' || type === 'update_fee')
          const awayAnyway = connection !== 'connected' && type === 'bump_close' ? 'no_simple_close' : undefined
          const opening = type === 'funding_transaction' || type === 'cancel_open' ? 'not_possible_now' : undefined
          const code = opening ?? awayAnyway ?? (awaysToo ? 'not_possible_now' : REFUSED[phase][type])
          expect(failure?.code, `${type} in ${phase}, ${connection}`).toBe(code)
          if (failure !== undefined) expect(failure.severity).toBe('reject')
          if (failure !== undefined) expectRefused(duo, 'alice', command, failure)
        }
      })
    }
  }

  it('what is not possible is said with the state', () => {
    const duo = inPhase('bob', 'shutting_down')
    expectRefused(duo, 'bob', offer(), {
      severity: 'reject',
      code: 'not_possible_now',
      expected: 'a channel in state normal for add_htlc',
      got: 'state shutting_down, connected',
      section: 'BOLT 2, normal operation',
    })
    expectRefused(inPhase('bob', 'normal', 'reestablishing'), 'bob', offer(), {
      severity: 'reject',
      code: 'not_possible_now',
      expected: 'a peer that is connected for add_htlc',
      got: 'state normal, reestablishing',
      section: 'BOLT 2, normal operation',
    })
  })
})

describe('a channel that has failed', () => {
  it('signs nothing and removes nothing any more, though the connection is still there', () => {
    const duo = inPhase('bob', 'normal')
    add(duo, 'bob', { amountMsat: 1_000_000n, secret: 7 })
    deliver(duo)
    input(duo, 'bob', { type: 'force_close', reason: 'enough' })
    const before = durableOf(duo.bob)
    duo.bob.outbox = []
    input(duo, 'bob', { type: 'commit' })
    expect(typesOnTheirWay(duo, 'alice')).toEqual([])
    expect(durableOf(duo.bob)).toEqual(before)
    fulfill(duo, 'bob', 0, 1)
    input(duo, 'bob', { type: 'commit' })
    expect(typesOnTheirWay(duo, 'alice')).toEqual([])
    expect(durableOf(duo.bob)).toMatchObject({ proposed: before.proposed, remoteCommit: before.remoteCommit })
  })

  it('keeps a preimage that comes late: the chain needs it', () => {
    const duo = inPhase('bob', 'closing')
    fulfill(duo, 'bob', 0, 1)
    const stored = loadDurable(duo.bob.records)
    const htlc = stored.ok && stored.value.htlcs.find(({ offeredBy }) => offeredBy === 'remote')
    expect(htlc).toMatchObject({ resolution: { type: 'fulfill', paymentPreimage: preimageOf(1) } })
    expect(htlc).not.toHaveProperty('removed')
  })

  it('publishes again when asked again, and says the first reason', () => {
    const duo = inPhase('bob', 'closing')
    input(duo, 'bob', { type: 'force_close', reason: 'again' })
    expect(effectsOf(duo.bob, 'publish').map(effect => effect.role)).toEqual(['commitment', 'commitment'])
    expect(durableOf(duo.bob).phase).toMatchObject({ cause: { kind: 'local_force', reason: 'enough' } })
  })

  it('tells at once of offers that never reached a commitment, since no commitment follows; and once', () => {
    const duo = inPhase('bob', 'normal')
    add(duo, 'bob', { amountMsat: 1_000_000n, secret: 7 })
    const told = () => eventsOf(duo.bob).filter(({ type }) => type === 'htlc_dropped')
    const signed = durableOf(duo.bob).htlcs.filter(({ added }) => added !== 'proposed')
    expect(signed).not.toEqual([])
    input(duo, 'bob', { type: 'force_close', reason: 'enough' })
    expect(told()).toEqual([{ type: 'htlc_dropped', id: 1, paymentHash: hashOf(7) }])
    expect(durableOf(duo.bob)).toMatchObject({ htlcs: signed, proposed: [], nextHtlcId: { local: 1 } })
    disconnect(duo)
    expect(told()).toHaveLength(1)
  })

  it('takes a reason of any length, and keeps a bounded piece of it', () => {
    const duo = opened()
    input(duo, 'alice', { type: 'force_close', reason: 'é'.repeat(100_000) })
    const { phase } = durableOf(duo.alice)
    expect(phase.type === 'closing' && phase.cause.reason.length).toBe(1_000)
  })
})

describe('a connection', () => {
  it('that begins while another one is open ends it: what was not signed for is dropped', () => {
    const duo = inPhase('bob', 'normal')
    add(duo, 'bob', { amountMsat: 1_000_000n, secret: 7 })
    for (const name of NAMES) {
      duo[name].outbox = []
      input(duo, name, COMMANDS.connected)
    }
    expect(durableOf(duo.bob)).toMatchObject({ proposed: [], nextHtlcId: { local: 1 } })
    expect(eventsOf(duo.bob)).toContainEqual({ type: 'htlc_dropped', id: 1, paymentHash: hashOf(7) })
    deliver(duo)
    settle(duo)
    expect(effectsOf(duo.alice, 'close_connection')).toEqual([])
  })

  it('that ends where nothing was on its way writes nothing', () => {
    for (const phase of PHASES) {
      const duo = inPhase('bob', phase)
      expect(tried(duo, 'bob', { type: 'disconnected' }).writes, phase).toEqual([])
    }
  })
})
