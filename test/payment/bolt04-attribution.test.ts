import { describe, expect, test } from 'vitest'
import { defined, msat, toHex } from '../../src/base/index.ts'
import type { HtlcResolution } from '../../src/channel/index.ts'
import { setNode } from '../../src/gossip/edit.ts'
import { editGraph, findNode, type Graph } from '../../src/gossip/index.ts'
import { attributeFulfill, buildFailure, wrapFailure } from '../../src/onion/index.ts'
import { type Node, payInput, START } from './fixture.ts'
import { type Edge, journey, known, type Name, nameOf, of, payer, type Stop } from './network.ts'
import { adds, firstOf, invoiceOf, PREIMAGE, progress, record } from './ways.ts'

// What the payer learns from attribution data (BOLT 4, origin node): how long each node has held its HTLC, and who has spoilt the reason of a
// failure. Alice pays Dave over Bob and Erin; there is a second channel between each two, and a dearer way over Carol.

const EDGES: readonly Edge[] = known([
  { id: 1, between: ['bob', 'erin'] },
  { id: 2, between: ['bob', 'erin'], asks: { base: 2_000n } },
  { id: 3, between: ['erin', 'dave'] },
  { id: 4, between: ['erin', 'dave'], asks: { base: 2_000n } },
  { id: 5, between: ['carol', 'dave'], asks: { base: 50_000n } },
])
const WAY: readonly Name[] = ['bob', 'erin', 'dave']
const HOLD_TIMES = [7, 5, 2]
/** In milliseconds, as it is told. */
const told = (count: number) => WAY.slice(0, count).map((name, at) => heldBy(name, HOLD_TIMES[at]))
const heldBy = (name: Name, units = 0) => ({ nodeId: of(name), holdTimeMs: 100 * units })

/** These nodes have announced the feature. */
function announcing(graph: Graph, names: readonly Name[]): Graph {
  const facts = { timestamp: 1, isRoutable: true, offersMpp: true, offersOnionMessages: false, offersAttribution: true }
  return editGraph(graph, draft => {
    for (const name of names) setNode(draft, defined(findNode(draft, of(name)), 'it has a channel'), facts)
  })
}

function alicePays(knowing: readonly Name[] = WAY) {
  const alice = payer(
    [
      ['bob', 500_000_000n],
      ['carol', 500_000_000n],
    ],
    EDGES,
  )
  alice.at({ graph: announcing(alice.context.graph, knowing) })
  const input = payInput(invoiceOf(), { wantsProgress: true, maxFeeMsat: msat(1_000_000n) })
  return { alice, input, add: alice.start(input, 0) }
}

interface Spoilt {
  /** Who has changed it, by place. */
  readonly at: number
  /** Before it has said its own word, or afterwards, or it has said none at all. */
  readonly how: 'before' | 'after' | 'silent'
}

/** What Alice gets of a failure that Dave has made, or whoever is at `from`. */
function comingBack(
  stops: readonly Stop[],
  spoilt: Spoilt | undefined,
  from = stops.length - 1,
): Extract<HtlcResolution, { type: 'fail' }> {
  const failure = { type: 'temporary_node_failure' } as const
  const secretOf = (at: number) => defined(stops[at], 'it came there').sharedSecret
  const flip = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte))
  let packet = buildFailure({ sharedSecret: secretOf(from), failure, holdTime: HOLD_TIMES[from] })
  if (spoilt?.at === from) packet = { ...packet, reason: flip(packet.reason) }
  for (let at = from - 1; at >= 0; at--) {
    const how = spoilt?.at === at ? spoilt.how : undefined
    const got = how === 'before' ? { ...packet, reason: flip(packet.reason) } : packet
    packet = wrapFailure({ ...got, sharedSecret: secretOf(at), holdTime: HOLD_TIMES[at] })
    if (how === 'after') packet = { ...packet, reason: flip(packet.reason) }
    if (how === 'silent') packet = { reason: flip(packet.reason) }
  }
  const { reason, attributionData } = packet
  return { type: 'fail', reason, ...(attributionData !== undefined && { attributionData }) }
}

/** What Alice is told, and what she sends next. */
function failed(alice: Node, id: number, resolution: HtlcResolution) {
  const effects = alice.step({ type: 'htlc_failed', link: 1, id, resolution })
  const [add] = adds(effects)
  if (add !== undefined) alice.step({ type: 'added', payment: add.payment, link: add.link, id: id + 1 })
  return { said: progress(effects)[0], add, first: add && firstOf(alice, add) }
}

describe('hold times', () => {
  test('are told with a failure, of each node up to the one that has made it', () => {
    const { alice, add } = alicePays()
    const stops = journey(add, 'bob')
    expect(stops.map(({ name }) => name)).toEqual(WAY)
    const { said } = failed(alice, 0, comingBack(stops, undefined, 1))
    expect(said).toMatchObject({ type: 'part_failed', hop: 2, nodeId: of('erin'), holdTimes: told(2) })
    expect(said).not.toHaveProperty('suspects')
  })

  test('are not told where nobody has said any', () => {
    const { alice, add } = alicePays()
    const { reason } = comingBack(journey(add, 'bob'), undefined)
    const { said } = failed(alice, 0, { type: 'fail', reason })
    expect(said).toMatchObject({ type: 'part_failed', hop: 3 })
    expect(said).not.toHaveProperty('holdTimes')
  })

  test.each([
    ['all of them', undefined, 3],
    ['those before one that knows nothing of them', 1, 1],
    ['none where the first one lies', 0, 0],
  ] as const)('are kept with a payment that has succeeded: %s', (_, silent, count) => {
    const { alice, add, input } = alicePays()
    let attributionData: Uint8Array | undefined
    for (const [back, { sharedSecret }] of journey(add, 'bob').toReversed().entries()) {
      const at = WAY.length - 1 - back
      if (at === silent) attributionData = new Uint8Array(920)
      else attributionData = attributeFulfill({ sharedSecret, holdTime: HOLD_TIMES[at] ?? 0, attributionData })
    }
    const said = attributionData !== undefined && { attributionData }
    alice.at({ now: START + 900 })
    alice.step({ type: 'htlc_fulfilled', link: 1, id: 0, paymentPreimage: PREIMAGE, ...said })
    const payment = alice.paymentOf(input.request)
    expect(payment).toMatchObject({ status: 'succeeded', preimage: toHex(PREIMAGE) })
    expect(payment.holdTimes).toEqual(count === 0 ? undefined : told(count))
  })
})

describe('a reason that somebody has spoilt', () => {
  test('by our peer keeps it out of this payment, whenever it did so', () => {
    const { alice, add } = alicePays()
    const { said, first } = failed(alice, 0, comingBack(journey(add, 'bob'), { at: 0, how: 'after' }))
    expect(said).toMatchObject({ suspects: [of('bob')], message: expect.stringContaining('hop 1') })
    expect([said, first]).toMatchObject([{ type: 'part_failed' }, 'carol'])
    expect(said).not.toHaveProperty('nodeId')
  })

  test.each([
    ['before its own word', { at: 1, how: 'before' }, ['erin', 'dave'], 2],
    ['after its own word', { at: 1, how: 'after' }, ['bob', 'erin'], 1],
    ['and says nothing', { at: 1, how: 'silent' }, ['bob', 'erin'], 1],
    ['by our peer, before its own word', { at: 0, how: 'before' }, ['bob', 'erin'], 1],
  ] as const)(
    '%s: the node or the one beside it is suspected, and the channel between them avoided',
    (_, spoilt, pair, believed) => {
      const { alice, add } = alicePays()
      const before = record(alice)?.parts[0]?.hops.map(({ shortChannelId }) => shortChannelId) ?? []
      const { said, add: next } = failed(alice, 0, comingBack(journey(add, 'bob'), spoilt))
      expect(said).toMatchObject({ suspects: pair.map(of), holdTimes: told(believed) })
      const hops = record(alice)?.parts[0]?.hops ?? []
      expect(hops.map(({ nodeId }) => nameOf(nodeId))).toEqual(WAY)
      expect(journey(defined(next, 'it is tried again'), 'bob').map(({ name }) => name)).toEqual(WAY)
      const changed = hops.flatMap(({ nodeId, shortChannelId: id }, at) => (id === before[at] ? [] : [nameOf(nodeId)]))
      expect(changed).toEqual(pair.slice(1))
    },
  )

  test.each([['before'], ['after'], ['silent']] as const)('by the same node twice, %s: it is kept out then', how => {
    const { alice, add } = alicePays()
    const again = failed(alice, 0, comingBack(journey(add, 'bob'), { at: 1, how }))
    const stops = journey(defined(again.add, 'it is tried again'), 'bob')
    const { first, said } = failed(alice, 1, comingBack(stops, { at: 1, how }))
    expect(said).toMatchObject({ suspects: expect.arrayContaining([of('erin')]) })
    expect(first).toBe('carol')
  })

  test('behind one that has not announced the feature is anybody’s from there on', () => {
    const { alice, add } = alicePays(['bob', 'dave'])
    const { said, add: next } = failed(alice, 0, comingBack(journey(add, 'bob'), { at: 1, how: 'after' }))
    expect(said).toMatchObject({ holdTimes: told(1), message: expect.stringContaining('nobody') })
    expect(said).not.toHaveProperty('suspects')
    // The other channels are as good as before.
    expect(journey(defined(next, 'it is tried again'), 'bob').map(({ name }) => name)).toEqual(WAY)
  })

  test('by its payee ends the payment: all have passed on what they got', () => {
    const { alice, add, input } = alicePays()
    const stops = journey(add, 'bob')
    const secrets = stops.map(({ sharedSecret }) => sharedSecret)
    const [bob, erin, dave] = secrets as [Uint8Array, Uint8Array, Uint8Array]
    const noise = new Uint8Array(292).fill(9)
    let packet = wrapFailure({ sharedSecret: dave, reason: noise, holdTime: 2 })
    packet = wrapFailure({ ...packet, sharedSecret: erin, holdTime: 5 })
    packet = wrapFailure({ ...packet, sharedSecret: bob, holdTime: 7 })
    const { reason, attributionData } = packet
    if (attributionData === undefined) throw new Error('all have said a word')
    const { said, add: next } = failed(alice, 0, { type: 'fail', reason, attributionData })
    expect(next).toBeUndefined()
    expect(said).toMatchObject({ suspects: [of('dave')], holdTimes: told(3) })
    expect(alice.paymentOf(input.request)).toMatchObject({
      status: 'failed',
      failure: { code: 'refused_by_recipient' },
    })
  })

  test('teaches of the channels as much as the words that hold', () => {
    const { alice, add } = alicePays()
    failed(alice, 0, comingBack(journey(add, 'bob'), { at: 1, how: 'before' }))
    // Erin's word holds: she has had it, over Bob's channel.
    expect(alice.state.session.liquidity).not.toEqual(alicePays().alice.state.session.liquidity)
    const other = alicePays()
    failed(other.alice, 0, comingBack(journey(other.add, 'bob'), { at: 0, how: 'after' }))
    expect(other.alice.state.session.liquidity).toEqual(alicePays().alice.state.session.liquidity)
  })
})
