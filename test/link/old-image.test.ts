import { describe, expect, test } from 'vitest'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import { DEFAULT_LIMITS } from '../../src/channel/index.ts'
import type { LinkStep } from '../../src/link/index.ts'
import { preimageOf } from '../node/pair.ts'
import { carry, connected, effectsOf, Hand, HEIGHT, OFFERED, sent, snapshots } from './opened.ts'

// A node that was started on an old image of its disk, and does not know it (BOLT 2, message retransmission: a node that has fallen
// behind must not broadcast). Whoever has revoked the commitment that it holds would lose everything by publishing it; so as long as
// nobody has confirmed where the channel stands, what would put it on chain waits for the peer.

const all = await snapshots()
const { unprovenHoldBlocks, unprovenHtlcHoldBlocks, timeoutGraceBlocks, fulfillDeadlineBlocks } = DEFAULT_LIMITS

function published(step: LinkStep): readonly Tx[] {
  return effectsOf(step, 'publish').map(({ tx }) => tx)
}

/** The blocks up to this height, each empty: what was published while they came. */
function blocksTo(hand: Hand, height: number): readonly Tx[] {
  const found: Tx[] = []
  for (let next = hand.context.height + 1; next <= height; next++) {
    hand.context = { ...hand.context, height: next }
    found.push(...published(hand.give({ type: 'block_connected', height: next, transactions: [] })))
  }
  return found
}

/** Alice is where she is and has closed by force: all that she says to Bob, who has an old image of his disk, is `error`. */
function errorFirst() {
  const alice = new Hand('alice', all.withHtlcs.alice)
  alice.give({ type: 'started' })
  const [newest] = published(alice.give({ type: 'command', command: { type: 'force_close', reason: 'test' } }))
  if (newest === undefined) throw new Error('a forced close is published')
  const bob = new Hand('bob', all.normal.bob)
  expect(published(bob.give({ type: 'started' }))).toEqual([])
  expect(sent(bob.give({ type: 'connected' })).map(({ type }) => type)).toEqual(['channel_reestablish'])
  const [error] = sent(alice.give({ type: 'connected' }))
  if (error?.type !== 'error') throw new Error('a channel that has failed says so')
  return { alice, bob, newest, error }
}

function causeOf({ channel }: Hand) {
  const { phase } = channel.durable
  return phase.type === 'closing' ? phase.cause : undefined
}

describe('an error before the channel is reestablished', () => {
  test('fails the channel, and publishes nothing for a day: the peer publishes its own', () => {
    const { bob, error } = errorFirst()
    expect(published(bob.receive(error))).toEqual([])
    expect(bob.channel.state).toBe('closing')
    expect(causeOf(bob)).toMatchObject({ kind: 'remote_error' })
    expect(blocksTo(bob, HEIGHT + unprovenHoldBlocks - 1)).toEqual([])
    expect(blocksTo(bob, HEIGHT + unprovenHoldBlocks)).not.toEqual([])
  })

  test('waits also across restarts', () => {
    const { bob, error } = errorFirst()
    bob.receive(error)
    blocksTo(bob, HEIGHT + 10)
    const again = new Hand('bob', bob.records, HEIGHT + 10)
    expect(published(again.give({ type: 'started' }))).toEqual([])
    expect(sent(again.give({ type: 'connected' })).map(({ type }) => type)).toEqual(['error'])
    expect(blocksTo(again, HEIGHT + unprovenHoldBlocks - 1)).toEqual([])
    expect(blocksTo(again, HEIGHT + unprovenHoldBlocks)).not.toEqual([])
  })

  test('and a newer commitment in a block is proof: ours is never published, whatever is reorganised', () => {
    const { bob, error, newest } = errorFirst()
    bob.receive(error)
    bob.give({ type: 'block_connected', height: HEIGHT + 1, transactions: [newest] })
    expect(causeOf(bob)).toMatchObject({ kind: 'data_loss', mayPublishCommitment: false })
    bob.give({ type: 'block_disconnected', height: HEIGHT + 1 })
    expect(blocksTo(bob, HEIGHT + 2 * unprovenHoldBlocks)).toEqual([])
  })

  test('where the channel was reestablished since the start, it is published at once', () => {
    const { alice, bob } = connected(all.normal)
    alice.give({ type: 'disconnected' })
    bob.give({ type: 'disconnected' })
    alice.give({ type: 'command', command: { type: 'force_close', reason: 'test' } })
    const [error] = sent(alice.give({ type: 'connected' }))
    if (error === undefined) throw new Error('a channel that has failed says so')
    bob.give({ type: 'connected' })
    expect(published(bob.receive(error))).not.toEqual([])
  })
})

describe('proof on the chain', () => {
  test('without a word from anybody: a newer commitment of the peer', () => {
    const { newest } = errorFirst()
    const bob = new Hand('bob', all.normal.bob)
    bob.give({ type: 'block_connected', height: HEIGHT + 1, transactions: [newest] })
    expect(causeOf(bob)).toMatchObject({ kind: 'data_loss', mayPublishCommitment: false })
    expect(bob.give({ type: 'command', command: { type: 'force_close', reason: 'test' } }).failure?.code).toBe(
      'commitment_must_not_be_published',
    )
  })

  test('a newer commitment of our own, whose main output is ours to sweep after its delay', () => {
    const later = new Hand('bob', all.withHtlcs.bob)
    later.give({ type: 'started' })
    const [own] = published(later.give({ type: 'command', command: { type: 'force_close', reason: 'test' } }))
    if (own === undefined) throw new Error('a forced close is published')
    const bob = new Hand('bob', all.normal.bob)
    const step = bob.give({ type: 'block_connected', height: HEIGHT + 1, transactions: [own] })
    expect(causeOf(bob)).toMatchObject({ kind: 'data_loss', mayPublishCommitment: false })
    const told = effectsOf(step, 'event').map(({ event }) => event)
    expect(told.find(({ type }) => type === 'commitment_confirmed')).toMatchObject({ which: 'own_future' })
    const { toSelfDelay } = bob.channel.durable.params.remote
    const claims = blocksTo(bob, HEIGHT + toSelfDelay + 1)
    const id = txid(own)
    expect(claims.some(({ inputs }) => inputs.some(({ outpoint }) => outpoint.txid === id))).toBe(true)
  })
})

describe('the deadline of an HTLC', () => {
  const deadlineOf = ({ channel }: Hand) => {
    const [htlc] = channel.durable.htlcs.filter(({ offeredBy }) => offeredBy === 'local')
    if (htlc === undefined) throw new Error('it has offered an HTLC')
    return htlc.cltvExpiry + timeoutGraceBlocks
  }

  test('is nothing to blocks that came while the node was away', () => {
    const bob = new Hand('bob', all.withHtlcs.bob)
    expect(blocksTo(bob, deadlineOf(bob) + 200)).toEqual([])
    expect(bob.channel.state).toBe('normal')
  })

  test('waits some blocks for a peer who was not met since the start', () => {
    const bob = new Hand('bob', all.withHtlcs.bob)
    const deadline = deadlineOf(bob)
    blocksTo(bob, deadline + 200)
    bob.give({ type: 'started' })
    expect(causeOf(bob)).toMatchObject({ kind: 'deadline', mayPublishCommitment: true })
    expect(blocksTo(bob, deadline + 199 + unprovenHtlcHoldBlocks)).toEqual([])
    expect(blocksTo(bob, deadline + 200 + unprovenHtlcHoldBlocks)).not.toEqual([])
  })

  test('and ends the wait that an error began', () => {
    const { bob, error } = errorFirst()
    const later = new Hand('bob', all.withHtlcs.bob)
    later.give({ type: 'started' })
    later.give({ type: 'connected' })
    later.receive(error)
    const end = Math.min(HEIGHT + unprovenHoldBlocks, deadlineOf(later) + unprovenHtlcHoldBlocks)
    expect(end).toBeLessThan(HEIGHT + unprovenHoldBlocks)
    expect(blocksTo(later, end - 1)).toEqual([])
    expect(blocksTo(later, end)).not.toEqual([])
    expect(bob.channel.durable.htlcs).toEqual([])
  })

  test('of one whose preimage we gave leaves time to take it on chain', () => {
    const bob = new Hand('bob', all.withHtlcs.bob)
    bob.give({ type: 'started' })
    const [htlc] = bob.channel.durable.htlcs.filter(({ offeredBy }) => offeredBy === 'remote')
    if (htlc === undefined) throw new Error('it was offered an HTLC')
    const resolution = { type: 'fulfill', paymentPreimage: preimageOf(OFFERED.alice) } as const
    bob.give({ type: 'command', command: { type: 'resolve_htlc', id: htlc.id, resolution } })
    const deadline = htlc.cltvExpiry - fulfillDeadlineBlocks
    // Of the blocks that are left until it expires never more than half.
    for (const [height, end] of [
      [deadline - 1, deadline + unprovenHtlcHoldBlocks],
      [deadline, deadline + unprovenHtlcHoldBlocks],
      [htlc.cltvExpiry - 5, htlc.cltvExpiry - 2],
      [htlc.cltvExpiry - 1, htlc.cltvExpiry],
      [htlc.cltvExpiry, htlc.cltvExpiry + unprovenHtlcHoldBlocks],
    ] as const) {
      const late = new Hand('bob', bob.records)
      late.context = { ...late.context, height }
      late.give({ type: 'started' })
      expect(blocksTo(late, end - 1)).toEqual([])
      expect(blocksTo(late, end)).not.toEqual([])
    }
  })

  test('is kept to at once where the channel was reestablished since the start', () => {
    const { bob } = connected(all.withHtlcs)
    const deadline = deadlineOf(bob)
    expect(blocksTo(bob, deadline - 1)).toEqual([])
    expect(blocksTo(bob, deadline)).not.toEqual([])
  })
})

describe('a wait', () => {
  test('ends with proof that we are behind: the peer says where the channel stands after all', () => {
    const { bob, error } = errorFirst()
    bob.receive(error)
    const current = new Hand('alice', all.withHtlcs.alice)
    current.give({ type: 'started' })
    carry({ alice: current, bob }, { alice: sent(current.give({ type: 'connected' })), bob: [] })
    expect(causeOf(bob)).toMatchObject({ kind: 'data_loss', mayPublishCommitment: false })
    expect(blocksTo(bob, HEIGHT + 2 * unprovenHoldBlocks)).toEqual([])
  })

  test('ends with proof that we are not: then ours is published at once', () => {
    const { error } = errorFirst()
    const bob = new Hand('bob', all.withHtlcs.bob)
    bob.give({ type: 'started' })
    bob.give({ type: 'connected' })
    expect(published(bob.receive(error))).toEqual([])
    const alice = new Hand('alice', all.withHtlcs.alice)
    alice.give({ type: 'started' })
    const [reestablish] = sent(alice.give({ type: 'connected' }))
    if (reestablish?.type !== 'channel_reestablish') throw new Error('a channel begins with it')
    // What fits nothing proves nothing.
    const lie = { ...reestablish, yourLastPerCommitmentSecret: new Uint8Array(32).fill(9) }
    expect(published(bob.receive(lie))).toEqual([])
    expect(published(bob.receive(reestablish))).not.toEqual([])
    expect(causeOf(bob)).toMatchObject({ kind: 'remote_error', mayPublishCommitment: true })
  })

  test('ends where the user closes by force, who knows whether the data is old: the reason says that nobody has confirmed it', () => {
    const { bob, error } = errorFirst()
    bob.receive(error)
    expect(published(bob.give({ type: 'command', command: { type: 'force_close', reason: 'enough' } }))).not.toEqual([])
    const alone = new Hand('bob', all.normal.bob)
    alone.give({ type: 'started' })
    expect(published(alone.give({ type: 'command', command: { type: 'force_close', reason: 'enough' } }))).not.toEqual(
      [],
    )
    expect(causeOf(alone)?.reason).toMatch(/^enough \(the peer has not said since this start/)
  })
})
