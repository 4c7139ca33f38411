import { describe, expect, test } from 'vitest'
import {
  type ChannelId,
  emptyPMap,
  jsonEncode,
  type Msat,
  type NodeId,
  type PaymentHash,
} from '../../src/base/index.ts'
import type { NodeEvent } from '../../src/engine/index.ts'
import { payments } from '../../src/sim/invariants/payments.ts'
import type { WatchedWorld } from '../../src/sim/observer.ts'

// Invariant 5 over the logs of a line of nodes: who was paid has been paid by somebody, over however many others.

const HASH = 'ab'.repeat(32) as PaymentHash
const OTHER_HASH = 'cd'.repeat(32) as PaymentHash
const AMOUNT = 5_000_000n as Msat

type Name = 'alice' | 'bob' | 'carol' | 'dave'
type Logs = Partial<Record<Name, readonly NodeEvent[]>>

const idOf = (name: string) => `id of ${name}` as NodeId

function ended(
  type: 'payment_sent' | 'payment_received' | 'payment_failed',
  other: Name,
  change: { readonly hash?: PaymentHash; readonly amountMsat?: Msat; readonly code?: 'lost_on_chain' } = {},
): NodeEvent {
  const { hash = HASH, amountMsat = AMOUNT, code } = change
  const payment = {
    number: 1,
    direction: type === 'payment_received' ? 'received' : 'sent',
    status: type === 'payment_failed' ? 'failed' : 'succeeded',
    paymentHash: hash,
    amountMsat,
    feeMsat: 0n as Msat,
    peer: idOf(other),
    createdAt: 0,
    ...(code !== undefined && { failure: { code, message: '' } }),
  } as const
  return { type, payment }
}

function passedOn(from: Name, to: Name, paymentHash = HASH): NodeEvent {
  const msats = { amountMsat: AMOUNT, feeMsat: 1_000n as Msat }
  return { type: 'payment_forwarded', paymentHash, from: idOf(from), to: idOf(to), ...msats }
}

/** What the rule says at rest, of nodes of which each one that has a log is honest. */
function saidOf(logs: Logs, hostile: readonly string[] = []): string | undefined {
  const honest = Object.entries(logs).map(([name, events]) => ({
    name,
    id: idOf(name),
    state: { payments: { inFlight: emptyPMap() } },
    disk: { load: () => new Map(events.map((event, number) => [`${number}`, jsonEncode({ event })])) },
  }))
  // All of a world that this rule looks at.
  const complaint = payments({
    honest,
    nodes: [...honest, ...hostile.map(name => ({ id: idOf(name) }))],
  } as unknown as WatchedWorld).rest?.()
  return complaint ?? undefined
}

const LINE: Logs = {
  alice: [ended('payment_sent', 'carol')],
  bob: [passedOn('alice', 'carol')],
  carol: [ended('payment_received', 'bob')],
}

describe('who has paid, and who was paid', () => {
  test('directly, over one, and over two that pass it on', () => {
    expect(saidOf({ alice: [ended('payment_sent', 'bob')], bob: [ended('payment_received', 'alice')] })).toBeUndefined()
    expect(saidOf(LINE)).toBeUndefined()
    const longer: Logs = {
      alice: [ended('payment_sent', 'dave')],
      bob: [passedOn('alice', 'carol')],
      carol: [passedOn('bob', 'dave')],
      dave: [ended('payment_received', 'carol')],
    }
    expect(saidOf(longer)).toBeUndefined()
    expect(saidOf({ ...longer, bob: [passedOn('alice', 'carol', OTHER_HASH)] })).toMatch(/^alice has paid .* not paid/)
  })

  test('who was paid by one who has neither paid nor passed it on', () => {
    expect(saidOf({ ...LINE, alice: [], bob: [] })).toMatch(/^carol was paid 5000000 msat by bob, who has not paid/)
    expect(saidOf({ ...LINE, alice: [] })).toMatch(/^carol was paid 5000000 msat by bob/)
    expect(saidOf({ ...LINE, alice: [ended('payment_failed', 'carol')] })).toMatch(/^carol was paid/)
  })

  test('who has paid one who was not paid, or less, or by others', () => {
    expect(saidOf({ ...LINE, carol: [] })).toMatch(/^alice has paid 5000000 msat to carol, who was not paid/)
    const less = ended('payment_received', 'bob', { amountMsat: 4_999_999n as Msat })
    expect(saidOf({ ...LINE, carol: [less] })).toMatch(/^alice has paid 5000000 msat to carol/)
    expect(saidOf({ ...LINE, bob: [passedOn('dave', 'carol')], dave: [ended('payment_sent', 'carol')] })).toMatch(
      /^alice has paid/,
    )
  })

  test('two who have paid one invoice, of which the payee has taken what was there', () => {
    const part = 2_000_000n as Msat
    const both = (receivedMsat: bigint): Logs => ({
      alice: [ended('payment_sent', 'carol')],
      bob: [ended('payment_sent', 'carol', { amountMsat: part })],
      carol: [ended('payment_received', 'bob', { amountMsat: receivedMsat as Msat })],
    })
    expect(saidOf(both(AMOUNT + part))).toBeUndefined()
    expect(saidOf(both(AMOUNT + part - 1n))).toMatch(/^alice has paid 5000000 msat to carol, who was not paid/)
    expect(saidOf(both(AMOUNT + part + 1n))).toMatch(/^alice has paid/)
    // What a hostile one has paid of it nobody says.
    const joined = (receivedMsat: bigint): Logs => ({
      alice: [ended('payment_sent', 'carol')],
      carol: [ended('payment_received', 'alice', { amountMsat: receivedMsat as Msat })],
    })
    expect(saidOf(joined(AMOUNT + part), ['mallory'])).toBeUndefined()
    expect(saidOf(joined(AMOUNT - 1n), ['mallory'])).toMatch(/^alice has paid/)
    expect(saidOf(joined(AMOUNT + part))).toMatch(/^alice has paid/)
  })

  test('nobody asks who is behind one that is not honest', () => {
    const { alice, carol } = LINE
    expect(saidOf({ alice: alice ?? [], carol: carol ?? [] })).toBeUndefined()
    expect(saidOf({ carol: carol ?? [] })).toBeUndefined()
    expect(saidOf({ alice: alice ?? [], carol: [] })).toMatch(/^alice has paid/)
  })

  test('what a payment that has succeeded has cost is what was said of it last', () => {
    const less = 4_000_000n as Msat
    const sent = ended('payment_sent', 'bob')
    if (sent.type !== 'payment_sent') throw new Error('it is one')
    const changed: NodeEvent = { type: 'payment_changed', payment: { ...sent.payment, amountMsat: less } }
    const bob = [ended('payment_received', 'alice', { amountMsat: less })]
    expect(saidOf({ alice: [sent, changed], bob })).toBeUndefined()
    expect(saidOf({ alice: [sent], bob })).toMatch(/^alice has paid 5000000 msat to bob, who was not paid/)
    const other: NodeEvent = { type: 'payment_changed', payment: { ...changed.payment, number: 2 } }
    expect(saidOf({ alice: [sent, other], bob })).toMatch(/^alice has paid 5000000 msat/)
  })

  test('nobody is paid twice by one peer, but for an HTLC that was taken on chain', () => {
    const claimed = (amountMsat: Msat): NodeEvent => ({
      type: 'channel_onchain',
      channelId: '00'.repeat(32) as ChannelId,
      peer: idOf('alice'),
      kind: 'htlc_claimed',
      sentence: `HTLC 3 of ${amountMsat} msat that the peer offered is taken with its preimage, 6 blocks deep.`,
    })
    const alice = [ended('payment_sent', 'bob')]
    const received = ended('payment_received', 'alice')
    expect(saidOf({ alice, bob: [received, claimed(AMOUNT), received] })).toBeUndefined()
    expect(saidOf({ alice, bob: [received, received] })).toMatch(/^bob has ended payment abababab twice/)
    expect(saidOf({ alice, bob: [received, claimed(1n as Msat), received] })).toMatch(/^bob has ended payment/)
  })

  test('what the chain has kept is paid for the payee alone, where it had no output', () => {
    const lost = (amountMsat: Msat): Logs => ({
      alice: [ended('payment_failed', 'bob', { amountMsat, code: 'lost_on_chain' })],
      bob: [ended('payment_received', 'alice', { amountMsat })],
    })
    expect(saidOf(lost(353_999n as Msat))).toBeUndefined()
    expect(saidOf(lost(354_000n as Msat))).toMatch(/^bob was paid 354000 msat by alice, who has not paid/)
    const failed = ended('payment_failed', 'bob', { amountMsat: 353_999n as Msat })
    expect(saidOf({ ...lost(353_999n as Msat), alice: [failed] })).toMatch(/^bob was paid 353999 msat/)
  })

  test('and where what came to one who passed it on was lost there', () => {
    const sentence = 'Output ab:2 of 5001 sat is given up: it is worth less than its claim costs at any feerate.'
    const given: NodeEvent = {
      type: 'channel_onchain',
      channelId: '00'.repeat(32) as ChannelId,
      peer: idOf('alice'),
      kind: 'claim_given_up',
      sentence,
    }
    const lost = ended('payment_failed', 'carol', { code: 'lost_on_chain' })
    const bob = [passedOn('alice', 'carol'), given]
    expect(saidOf({ ...LINE, alice: [lost], bob })).toBeUndefined()
    expect(saidOf({ ...LINE, alice: [lost] })).toMatch(/^carol was paid/)
    expect(saidOf({ ...LINE, alice: [ended('payment_failed', 'carol')], bob })).toMatch(/^carol was paid/)
  })

  test('and where the payee left an output for now, which went back to the payer in the end', () => {
    const left = (peer: Name, sat: number): NodeEvent => ({
      type: 'channel_onchain',
      channelId: '00'.repeat(32) as ChannelId,
      peer: idOf(peer),
      kind: 'claim_not_worthwhile',
      sentence: `Output ab:2 of ${sat} sat is left for now: at this feerate it is worth less than its claim costs.`,
    })
    const lost = ended('payment_failed', 'bob', { code: 'lost_on_chain' })
    const received = ended('payment_received', 'alice')
    expect(saidOf({ alice: [lost], bob: [received, left('alice', 5_000)] })).toBeUndefined()
    expect(saidOf({ alice: [lost], bob: [received, left('alice', 5_001)] })).toMatch(/^bob was paid/)
    expect(saidOf({ alice: [lost, left('bob', 5_000)], bob: [received] })).toMatch(/^bob was paid/)
  })
})
