import { describe, expect, it } from 'vitest'
import { BugError, feeratePerKw, msat } from '../../src/base/index.ts'
import { complete } from '../../src/channel/complete.ts'
import { describeFailure } from '../../src/channel/failure.ts'
import { isLegalTransition, step, TRANSITIONS } from '../../src/channel/index.ts'
import type { AbortedChannel, Channel, ChannelDurable, FundedChannel, Htlc } from '../../src/channel/types.ts'
import { said } from './attacks.ts'
import { LEGACY } from './closingFixtures.ts'
import {
  agreed,
  answered,
  created,
  type Duo,
  deliver,
  deliverNext,
  depthInput,
  durableOf,
  fundedOf,
  input,
  opened,
  signed,
  walletTx,
} from './harness.ts'
import { add, hashOf, settle } from './payments.ts'
import { inPhase } from './phases.ts'

// What holds after every step, broken by hand: each breach stops the process. And the table of transitions, edge by edge.

type State = Channel['state']

const before = fundedOf(opened().alice)

function broken(changes: Partial<ChannelDurable>): () => void {
  const next: FundedChannel = { ...before, durable: { ...before.durable, ...changes } }
  return () => complete(before, { next, effects: [] })
}

function htlc(changes: Partial<Htlc> = {}): Htlc {
  return {
    offeredBy: 'remote',
    id: 0,
    amountMsat: msat(1_000_000),
    paymentHash: hashOf(1),
    cltvExpiry: 300,
    onionRoutingPacket: new Uint8Array(1366),
    added: 'irrevocable',
    ...changes,
  }
}

function withHtlcs(htlcs: readonly Htlc[]): () => void {
  return broken({ htlcs, nextHtlcId: { local: 1_000, remote: 1_000 } })
}

const resolution = { type: 'fail', reason: new Uint8Array(0) } as const

describe('an invariant that is broken stops the process', () => {
  const { localCommit, remoteCommit, settled, params } = before.durable
  const breaches: Readonly<Record<string, readonly [breach: () => void, words: string, twin: () => void]>> = {
    'the two balances are the capacity': [
      broken({ settled: { ...settled, localMsat: msat(settled.localMsat + 1n) } }),
      'balances of 1000000001 msat for 1000000 sat',
      broken({ settled: { localMsat: settled.remoteMsat, remoteMsat: settled.localMsat } }),
    ],
    'every HTLC is below the next id of its side': [
      broken({ htlcs: [htlc()], nextHtlcId: { local: 5, remote: 0 } }),
      'HTLC 0 is above the next id',
      broken({ htlcs: [htlc()], nextHtlcId: { local: 0, remote: 1 } }),
    ],
    'an HTLC is removed only when it is committed': [
      withHtlcs([htlc({ added: 'countersigned', removed: 'proposed', resolution })]),
      'HTLC 0 is removed before it is committed',
      withHtlcs([htlc({ removed: 'proposed', resolution })]),
    ],
    'an HTLC is removed with a resolution': [
      withHtlcs([htlc({ removed: 'signed' })]),
      'HTLC 0 is removed without a resolution',
      withHtlcs([htlc({ resolution })]),
    ],
    'an HTLC that is removed for good is gone': [
      withHtlcs([htlc({ removed: 'irrevocable', resolution })]),
      'HTLC 0 is gone and still there',
      withHtlcs([htlc({ removed: 'countersigned', resolution })]),
    ],
    'there are at most twice 483 HTLCs in one direction': [
      withHtlcs(Array.from({ length: 967 }, (_, id) => htlc({ id }))),
      '967 HTLCs in one direction',
      withHtlcs(Array.from({ length: 966 }, (_, id) => htlc({ id }))),
    ],
    'our commitment number grows by one': [
      broken({ localCommit: { ...localCommit, number: 2 } }),
      'our commitment number jumps',
      broken({ localCommit: { ...localCommit, number: 1 } }),
    ],
    'the commitment number of the peer grows by one': [
      broken({ remoteCommit: { ...remoteCommit, number: 2 } }),
      'the peer commitment number jumps',
      broken({ remoteCommit: { ...remoteCommit, number: 1 } }),
    ],
    'the parameters never change': [
      broken({ params: { ...params, minimumDepth: 9 } }),
      'the parameters of a channel never change',
      broken({ feeratePerKw: feeratePerKw(9_999) }),
    ],
    'the state is that of the phase': [
      () => complete(before, { next: { ...before, state: 'shutting_down' }, effects: [] }),
      'state shutting_down is not phase normal',
      () => complete(before, { next: before, effects: [] }),
    ],
  }
  for (const [rule, [breach, words, twin]] of Object.entries(breaches)) {
    it(rule, () => {
      expect(breach).toThrow(BugError)
      expect(breach).toThrow(words)
      expect(twin).not.toThrow()
    })
  }

  it('commitment numbers never fall', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 1_000_000n, secret: 1 })
    settle(duo)
    const grown = fundedOf(duo.alice)
    for (const part of ['localCommit', 'remoteCommit'] as const) {
      const fallen = { ...grown.durable, [part]: { ...grown.durable[part], number: 0 } }
      expect(() => complete(grown, { next: { ...grown, durable: fallen }, effects: [] })).toThrow('number jumps')
    }
  })
})

describe('transitions', () => {
  const STATES = Object.keys(TRANSITIONS) as State[]

  /** For each edge of the table one way along it: the state before, and the last input. */
  const WAYS: Readonly<Partial<Record<State, Readonly<Partial<Record<State, () => readonly [Channel, Channel]>>>>>> = {
    wait_for_accept_channel: {
      wait_for_funding_transaction: () => along(answered(), duo => deliverNext(duo, 'alice')),
      aborted: () => along(answered(), gone),
    },
    wait_for_funding_transaction: {
      wait_for_funding_signed: () => along(agreed(), fund),
      aborted: () => along(agreed(), gone),
    },
    wait_for_funding_signed: {
      wait_for_funding_confirmed: () => along(delivered(created()), duo => deliverNext(duo, 'alice')),
      aborted: () => along(created(), gone),
    },
    wait_for_funding_created: {
      wait_for_funding_confirmed: () => along(created(), duo => deliverNext(duo, 'bob'), 'bob'),
      aborted: () => along(created(), duo => input(duo, 'bob', { type: 'disconnected' }), 'bob'),
    },
    wait_for_funding_confirmed: {
      wait_for_channel_ready: () => along(signed(), deep),
      normal: () => along(afterPeerIsReady(), deep),
      shutting_down: () => along(afterWish(), deep),
      negotiating: () => along(afterBothWish(), deep),
      closing: () => along(signed(), force),
      closed: () => along(signed(), expired, 'bob'),
    },
    wait_for_channel_ready: {
      normal: () => along(almostReady(), duo => deliverNext(duo, 'alice')),
      shutting_down: () => along(almostReady(), shutdown),
      negotiating: () => along(shutdownBeforeReady(), duo => deliverNext(duo, 'alice')),
      closing: () => along(almostReady(), force),
    },
    normal: {
      shutting_down: () => along(opened(), shutdown),
      negotiating: () => along(shutdownByBob(), duo => deliverNext(duo, 'alice')),
      closing: () => along(opened(), force),
    },
    shutting_down: {
      negotiating: () => along(shutdownAnswered(), duo => deliverNext(duo, 'alice')),
      closing: () => along(inPhase('alice', 'shutting_down'), force),
    },
    negotiating: { closing: () => along(inPhase('alice', 'negotiating'), force) },
    closing: { closed: () => along(inPhase('alice', 'closing'), duo => input(duo, 'alice', { type: 'resolved' })) },
  }

  function along(duo: Duo, move: (duo: Duo) => unknown, name: 'alice' | 'bob' = 'alice'): readonly [Channel, Channel] {
    const from = duo[name].channel
    move(duo)
    return [from, duo[name].channel]
  }

  const gone = (duo: Duo) => input(duo, 'alice', { type: 'disconnected' })
  const force = (duo: Duo) => input(duo, 'alice', { type: 'force_close', reason: 'enough' })
  const deep = (duo: Duo) => input(duo, 'alice', depthInput(duo.alice, 3))
  const shutdown = (duo: Duo) => input(duo, 'alice', { type: 'shutdown' })

  function fund(duo: Duo): void {
    const effect = duo.alice.effects.find(one => one.type === 'fund_channel')
    if (effect?.type === 'fund_channel') {
      input(duo, 'alice', { type: 'funding_transaction', tx: walletTx(effect.output) })
    }
  }

  function delivered(duo: Duo): Duo {
    deliverNext(duo, 'bob')
    return duo
  }

  function afterPeerIsReady(): Duo {
    const duo = signed()
    input(duo, 'bob', depthInput(duo.bob, 3))
    deliver(duo)
    return duo
  }

  function afterWish(): Duo {
    const duo = signed()
    shutdown(duo)
    return duo
  }

  function afterBothWish(): Duo {
    const duo = signed({ negotiated: LEGACY })
    const scriptpubkey = duo.bob.context.shutdownScript
    input(duo, 'alice', said({ type: 'shutdown', channelId: durableOf(duo.alice).params.channelId, scriptpubkey }))
    return duo
  }

  function expired(duo: Duo): void {
    duo.bob.context = { ...duo.bob.context, height: 10_000 }
    input(duo, 'bob', { type: 'block' })
  }

  /** Alice waits for Bob’s channel_ready, which is on its way. */
  function almostReady(): Duo {
    const duo = signed()
    deep(duo)
    input(duo, 'bob', depthInput(duo.bob, 3))
    return duo
  }

  function shutdownBeforeReady(): Duo {
    const duo = almostReady()
    duo.bob.outbox = []
    input(duo, 'bob', { type: 'shutdown' })
    return duo
  }

  function shutdownByBob(): Duo {
    const duo = opened()
    input(duo, 'bob', { type: 'shutdown' })
    return duo
  }

  function shutdownAnswered(): Duo {
    const duo = opened()
    shutdown(duo)
    deliverNext(duo, 'bob')
    return duo
  }

  for (const from of STATES) {
    for (const to of STATES) {
      if (from === to) continue
      const way = WAYS[from]?.[to]
      if (TRANSITIONS[from].includes(to)) {
        it(`${from} leads to ${to}`, () => {
          expect(way, 'the table lists it, so there is a way').toBeDefined()
          expect(way?.().map(channel => channel.state)).toEqual([from, to])
        })
      } else {
        it(`${from} never leads to ${to}`, () => {
          expect(way).toBeUndefined()
          expect(isLegalTransition(from, to)).toBe(false)
          const [one, other] = [inState(from), inState(to)]
          expect(() => complete(one, { next: other, effects: [] })).toThrow(`no transition leads from ${from} to ${to}`)
        })
      }
    }
  }

  /** Only the name matters: the table is asked before anything is looked at. */
  function inState(state: State): Channel {
    const aborted: AbortedChannel = {
      state: 'aborted',
      temporaryChannelId: durableOf(opened().alice).params.channelId,
      reason: '',
    }
    // The other states have more than a name, which nobody reads here.
    return { ...aborted, state } as Channel
  }
})

describe('a channel whose opening ended', () => {
  it('answers nothing but that', () => {
    const aborted: AbortedChannel = {
      state: 'aborted',
      temporaryChannelId: before.durable.params.channelId,
      reason: 'no funds',
    }
    const result = step(aborted, { type: 'block' }, opened().alice.context)
    expect(result).toMatchObject({
      next: aborted,
      writes: [],
      effects: [],
      failure: { severity: 'reject', code: 'channel_aborted' },
    })
    expect(result.failure && describeFailure(result.failure)).toBe(
      'channel_aborted: expected a channel that is opening or open, got block for a channel whose opening ended: no funds (BOLT 2, channel establishment v1)',
    )
  })
})
