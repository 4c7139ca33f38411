import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { feeratePerKw, msat, toHex } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import type { ChannelDurable, ChannelPhase, CloseCause } from '../../src/channel/index.ts'
import {
  buildCommitmentTx,
  buildHtlcTx,
  verifyCommitmentSignature,
  verifyHtlcSignature,
} from '../../src/commitment/index.ts'
import { commitmentSecret } from '../../src/keys/index.ts'
import { keepScripts } from '../../src/link/closingScripts.ts'
import type { LinkInput, LinkState } from '../../src/link/index.ts'
import { secretsOf } from '../../src/link/secrets.ts'
import { channelView } from '../../src/link/view.ts'
import { begin, type Work } from '../../src/link/work.ts'
import type { ChannelView } from '../../src/onchain/index.ts'
import type { Message } from '../../src/wire/index.ts'
import { addCommand, hashOf, type Name, openRequest, preimageOf, walletScript } from '../node/pair.ts'
import { carry, connected, effectsOf, Hand, HEIGHT, load, sent, snapshots } from './opened.ts'

// What enforcement is told of a channel, at any moment of its life: it has to be what either side could publish.

const all = await snapshots()

function viewOf(hand: Hand): ChannelView {
  return channelView(hand.channel, secretsOf(hand.context.seed, 0))
}

/** Two hands whose messages wait in two queues, so that they cross and are lost as a test likes. */
class Crossing {
  readonly hands = connected(all.normal)
  readonly wires: Record<Name, Message[]> = { alice: [], bob: [] }

  give(name: Name, input: LinkInput): void {
    this.wires[name].push(
      ...sent(this.hands[name].give(input)),
      ...sent(this.hands[name].give({ type: 'end_of_turn' })),
    )
  }

  /** The oldest message that `from` sent. */
  deliver(from: Name): void {
    const message = this.wires[from].shift()
    if (message === undefined) return
    const to = from === 'alice' ? 'bob' : 'alice'
    this.wires[to].push(...sent(this.hands[to].receive(message)), ...sent(this.hands[to].give({ type: 'end_of_turn' })))
  }

  reconnect(): void {
    for (const name of ['alice', 'bob'] as const) {
      this.wires[name] = []
      this.hands[name].give({ type: 'disconnected' })
    }
    for (const name of ['alice', 'bob'] as const)
      this.wires[name].push(...sent(this.hands[name].give({ type: 'connected' })))
  }
}

function expectRightViews({ alice, bob }: { readonly alice: Hand; readonly bob: Hand }): void {
  for (const [own, peer] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const view = viewOf(own)
    expectOwnCommitmentSigned(view)
    // Whatever the peer could publish now is one of the two that are told.
    const theirs = buildCommitmentTx(viewOf(peer).localCommit.input).txid
    const told = [view.remoteCommit, view.remoteNext].flatMap(commit =>
      commit ? [buildCommitmentTx(commit.input)] : [],
    )
    expect(told.map(({ txid }) => txid)).toContain(theirs)
    expect(view.remoteNext === undefined).toBe(own.channel.durable.remoteCommit.awaitingRevocation === undefined)
    for (const { input } of told)
      expect(input.commitmentNumber).toBeGreaterThanOrEqual(own.channel.durable.remoteCommit.number)
  }
}

/** Our commitment is as the peer signed it, to the last HTLC: it could be published. */
function expectOwnCommitmentSigned({ localCommit, remote }: ChannelView): void {
  const commitment = buildCommitmentTx(localCommit.input)
  expect(verifyCommitmentSignature(commitment, localCommit.remoteSignature, remote.basepoints.fundingPubkey)).toBe(true)
  expect(localCommit.htlcSignatures).toHaveLength(commitment.htlcs.length)
  for (const [index, output] of commitment.htlcs.entries()) {
    const signature = localCommit.htlcSignatures[index] as Uint8Array
    const key = commitment.input.keys.counterpartyHtlcPubkey
    expect(verifyHtlcSignature(buildHtlcTx(commitment, output), signature, key)).toBe(true)
  }
}

type Move =
  | { readonly type: 'deliver'; readonly name: Name }
  | { readonly type: 'add'; readonly name: Name; readonly amount: bigint }
  | { readonly type: 'resolve'; readonly name: Name; readonly fulfill: boolean }
  | { readonly type: 'fee'; readonly feerate: number }
  | { readonly type: 'reconnect' }

const name = fc.constantFrom<Name>('alice', 'bob')
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('deliver' as const), name }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('add' as const), name, amount: fc.bigInt(300_000n, 40_000_000n) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('resolve' as const), name, fulfill: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('fee' as const), feerate: fc.integer({ min: 253, max: 5_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reconnect' as const) }) },
)

function play(crossing: Crossing, next: Move, index: number): void {
  switch (next.type) {
    case 'deliver':
      crossing.deliver(next.name)
      return
    case 'add':
      crossing.give(next.name, addCommand({ payer: next.name, amountMsat: msat(next.amount), index }, HEIGHT))
      return
    case 'resolve': {
      const htlc = crossing.hands[next.name].channel.durable.htlcs.find(
        ({ offeredBy, added, resolution }) =>
          offeredBy === 'remote' && added === 'irrevocable' && resolution === undefined,
      )
      if (htlc === undefined) return
      const paid = Array.from({ length: index }, (_, i) => i).find(i => hashOf({ index: i }) === htlc.paymentHash) ?? 0
      const resolution = next.fulfill
        ? ({ type: 'fulfill', paymentPreimage: preimageOf({ index: paid }) } as const)
        : ({ type: 'fail', reason: new Uint8Array(4) } as const)
      crossing.give(next.name, { type: 'command', command: { type: 'resolve_htlc', id: htlc.id, resolution } })
      return
    }
    case 'fee':
      crossing.give('alice', {
        type: 'command',
        command: { type: 'update_fee', feeratePerKw: feeratePerKw(next.feerate) },
      })
      return
    case 'reconnect':
      crossing.reconnect()
  }
}

test('in any history, our commitment carries the signatures of the peer, and whatever the peer could publish is known', () => {
  let awaiting = 0
  let withHtlcs = 0
  fc.assert(
    fc.property(fc.array(move, { minLength: 10, maxLength: 30 }), moves => {
      const crossing = new Crossing()
      for (const [index, next] of moves.entries()) {
        play(crossing, next, index)
        expectRightViews(crossing.hands)
        const view = viewOf(crossing.hands.alice)
        if (view.remoteNext !== undefined) awaiting += 1
        if (view.localCommit.input.htlcs.length > 0) withHtlcs += 1
      }
    }),
    { numRuns: 30 },
  )
  // Both are over a hundred, but they come in runs within a few of the histories: the bounds are far from where chance leads.
  expect(awaiting).toBeGreaterThan(10)
  expect(withHtlcs).toBeGreaterThan(0)
})

describe('what is to be published again', () => {
  const close: Tx = { version: 2, inputs: [], outputs: [], locktime: 0 }
  const causeOf = (kind: CloseCause['kind'], mayPublishCommitment = true): CloseCause => ({
    kind,
    reason: 'test',
    mayPublishCommitment,
  })
  const cause = (...why: Parameters<typeof causeOf>): ChannelPhase => ({ type: 'closing', cause: causeOf(...why) })
  const closed = (...why: Parameters<typeof causeOf>): ChannelPhase => ({ type: 'closed', cause: causeOf(...why) })
  test.each<[string, ChannelPhase, readonly Tx[], ChannelView['publish']]>([
    ['a channel that lives: nothing', { type: 'normal' }, [], 'nothing'],
    ['a close that is being agreed on: nothing yet', { type: 'negotiating' }, [], 'nothing'],
    ['a close that was agreed on', { type: 'negotiating' }, [close], 'mutual_close'],
    ['the end by force: our commitment', cause('local_force'), [], 'commitment'],
    [
      'the end by force, though a close was agreed on: our commitment all the same',
      cause('local_force'),
      [close],
      'commitment',
    ],
    ['an error of the peer after a close was agreed on', cause('remote_error'), [close], 'mutual_close'],
    ['a deadline', cause('deadline'), [], 'commitment'],
    ['lost data: never our commitment', cause('data_loss', false), [], 'nothing'],
    ['lost data, though a close was agreed on', cause('data_loss', false), [close], 'mutual_close'],
    ['a spend by the peer that a reorganisation may take back', cause('spent_by_peer'), [], 'commitment'],
    ['a close that is over: the same, where a reorganisation undoes it', closed('mutual'), [close], 'mutual_close'],
    ['an end by force that is over: the same', closed('local_force'), [], 'commitment'],
    [
      'a funding that never confirmed: nothing, since there is nothing to spend',
      closed('deadline', false),
      [],
      'nothing',
    ],
  ])('%s', (_, phase, mutualCloses, publish) => {
    const { channel, context } = new Hand('alice', load(all.normal.alice))
    const view = channelView(
      { ...channel, state: phase.type, durable: { ...channel.durable, phase, mutualCloses } },
      secretsOf(context.seed, 0),
    )
    expect(view.publish).toBe(publish)
  })
})

describe('a close that pays a script which was named before', () => {
  /** Bob has signed and published Alice's first offer, and his answer was lost; then Alice chose another script. */
  function rescripted() {
    const duo = connected(all.normal)
    const shut = duo.alice.give({ type: 'command', command: { type: 'shutdown' } })
    const reply = sent(duo.bob.receive(sent(shut)[0] as Message))
    const offers = reply.flatMap(message => sent(duo.alice.receive(message)))
    const published = offers.flatMap(message => effectsOf(duo.bob.receive(message), 'publish'))
    const first = published[0]?.tx as Tx
    for (const hand of [duo.alice, duo.bob]) {
      hand.context = { ...hand.context, height: HEIGHT + 1 }
      hand.give({ type: 'disconnected' })
    }
    const again = { alice: sent(duo.alice.give({ type: 'connected' })), bob: sent(duo.bob.give({ type: 'connected' })) }
    carry(duo, again)
    expect(first.outputs.map(({ script }) => toHex(script))).toContain(toHex(walletScript('alice')))
    const script = walletScript('bob').slice()
    script[5] = (script[5] ?? 0) ^ 1
    const bump = { type: 'bump_close', feeratePerKw: feeratePerKw(9_000), script } as const
    const bumped = duo.alice.give({ type: 'command', command: bump })
    expect(bumped.failure).toBeUndefined()
    return { alice: duo.alice, first, script }
  }

  function confirms(hand: Hand, tx: Tx): readonly string[] {
    const step = hand.give({ type: 'block_connected', height: HEIGHT + 2, transactions: [tx] })
    return effectsOf(step, 'event').map(({ event }) => event.type)
  }

  test('is a close that we agreed to, though its last message never came', () => {
    const { alice, first, script } = rescripted()
    expect(alice.channel.durable.mutualCloses.map(txid)).not.toContain(txid(first))
    expect(toHex(alice.channel.durable.shutdown.local ?? script)).toBe(toHex(script))
    const events = confirms(alice, first)
    expect(events).toContain('mutual_close_confirmed')
    expect(events).not.toContain('unknown_spend')
  })

  test('also after a start', () => {
    const { alice, first } = rescripted()
    const restarted = new Hand('alice', load(alice.records), HEIGHT + 1)
    restarted.give({ type: 'started' })
    expect(confirms(restarted, first)).toContain('mutual_close_confirmed')
  })

  test("one to a script that nobody named is nobody's close", () => {
    const { alice, first } = rescripted()
    const [output, ...rest] = first.outputs
    if (output === undefined) throw new Error('a close pays someone')
    const stranger = { ...first, outputs: [{ ...output, script: Uint8Array.of(0x51) }, ...rest] }
    expect(confirms(alice, stranger)).toContain('unknown_spend')
  })
})

describe('scripts that were replaced', () => {
  const start = load(all.normal.alice)
  const { channel } = new Hand('alice', start)
  const naming = (state: LinkState, shutdown: ChannelDurable['shutdown']): Work =>
    begin({ ...state, channel: { ...channel, durable: { ...channel.durable, shutdown } } })
  const script = (n: number) => Uint8Array.of(0, 2, n >> 8, n)
  /** One step after the other, each naming one script for each side. */
  const afterNaming = (...numbers: readonly number[]): Work =>
    numbers.reduce(
      (work, n) =>
        keepScripts(work, { ...naming(work.state, { local: script(n), remote: script(n + 500) }), writes: [] }),
      begin(start),
    )
  const kept = (work: Work) => work.state.earlierScripts?.local.map(([, , high = 0, low = 0]) => (high << 8) | low)

  test('are kept once each, oldest first, and the newest is not among them until it is replaced', () => {
    expect(kept(afterNaming(1))).toBeUndefined()
    expect(kept(afterNaming(1, 1))).toBeUndefined()
    expect(kept(afterNaming(1, 2, 3))).toEqual([1, 2])
    const back = afterNaming(1, 2, 1, 2)
    expect(kept(back)).toEqual([1, 2])
    expect(back.writes).toEqual([])
    expect(back.state.earlierScripts?.remote).toEqual([script(501), script(502)])
  })

  test('are a hundred for each side at most', () => {
    const many = kept(afterNaming(...Array.from({ length: 150 }, (_, n) => n)))
    expect(many).toEqual(Array.from({ length: 100 }, (_, n) => n + 49))
  })
})

test('no secret of ours is ever in a record, an event or an error, but for those that revoke', () => {
  const { seed } = new Hand('alice').context
  const { ...secrets } = secretsOf(seed, 0)
  const forbidden = [seed, ...Object.values(secrets)].map(toHex)
  expect(forbidden).toHaveLength(7)
  const shown: string[] = []
  for (const kept of [all.unconfirmed, all.normal, all.withHtlcs, all.closing, all.closed]) {
    for (const value of kept.alice.values()) shown.push(toHex(value))
  }
  const { alice, bob } = connected(all.withHtlcs)
  const steps = [
    alice.give(addCommand({ payer: 'alice', amountMsat: msat(9_000_000n), index: 9 }, HEIGHT)),
    alice.give({ type: 'end_of_turn' }),
    alice.receive({ type: 'error', channelId: bob.channel.durable.params.channelId, data: new Uint8Array(3) }),
    alice.give({ type: 'open', request: openRequest() }),
  ]
  for (const { writes, effects, failure } of steps) {
    shown.push(JSON.stringify([writes, effects, failure], (_, value) => hexed(value)))
  }
  for (const text of shown) for (const secret of forbidden) expect(text.includes(secret)).toBe(false)
  // The net catches: what Bob revealed is in the records of Alice.
  const revealed = toHex(commitmentSecret(secretsOf(bob.context.seed, 0), 0))
  expect(shown.some(text => text.includes(revealed))).toBe(true)
})

function hexed(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  return typeof value === 'bigint' ? `${value}` : value
}
