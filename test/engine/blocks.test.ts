import { describe, expect, test } from 'vitest'
import { pmapGet } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { type EngineInput, engineStep, outpointsAtStake } from '../../src/engine/index.ts'
import { isIdle } from '../../src/link/index.ts'
import { fundingOf, type Side } from './side.ts'
import { localMsat, Stage } from './stage.ts'

// The chain as a whole node sees it: block by block and back again, while it runs and while it does not.

/** Alice has paid, and Bob has not heard of it yet in full: an HTLC of hers is on both commitments, unresolved. */
function withHtlc(amount: bigint) {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  const id = stage.ready(alice, bob, { push: 50_000n })
  const request = stage.keysend(alice, bob, amount)
  while (stage.answer(alice));
  const wire = stage.wireOf(alice, bob)
  // update_add_htlc and commitment_signed, then revoke_and_ack and commitment_signed: her answer to these is lost.
  for (const to of [bob, bob, alice, alice]) stage.deliver(wire, to)
  expect(alice.channels()[0]?.durable.htlcs).toHaveLength(1)
  return { stage, alice, bob, id, request, wire }
}

const ended = (side: Side, request: number) => {
  const reply = side.replyTo(request)
  return reply?.type === 'payment' ? reply.payment.status : undefined
}

describe('reorganisations', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    '%i blocks go and others come: several channels, in all their states, stay what they are',
    depth => {
      const stage = new Stage()
      const [alice, bob, carol] = stage.sidesOf(['alice', 'bob', 'carol'], { coins: [900_000n, 900_000n] })
      const old = stage.ready(alice, bob, { push: 20_000n })
      const closing = stage.ready(bob, carol, { push: 30_000n })
      stage.mine(6)
      const fresh = stage.open(alice, bob, { capacity: 150_000n })
      stage.mine(depth)
      stage.close(carol, closing)
      stage.mine(2)
      stage.reorg(Math.min(depth, 6))
      const before = stage.chain.height
      for (const side of [alice, bob, carol]) expect(side.state.blocks.at(-1)?.height).toBe(before)
      stage.mine(9)
      for (const side of [alice, bob]) expect(side.link(old).state.channel?.state).toBe('normal')
      for (const side of [alice, bob]) expect(side.link(fresh).state.channel?.state).toBe('normal')
      for (const side of [bob, carol]) expect(side.link(closing).state.channel?.state).toBe('closed')
      const request = stage.keysend(alice, bob, 120_000n)
      stage.settle()
      expect(ended(alice, request)).toBe('succeeded')
      expect(localMsat(alice, old) + localMsat(bob, old)).toBe(200_000_000n)
      expect(
        [alice, bob, carol].flatMap(side => side.eventsOf('channel_onchain')).map(({ kind }) => kind),
      ).not.toContain('commitment_confirmed')
    },
  )

  test.each([7, 12, 30, 60, 100])(
    '%i blocks go, and with them ends that were over for good: they are brought about again',
    depth => {
      const stage = new Stage()
      const [alice, bob] = stage.sidesOf(['alice', 'bob'], { coins: [900_000n, 900_000n] })
      const forced = stage.ready(alice, bob, { push: 50_000n })
      const agreed = stage.ready(alice, bob, { push: 30_000n })
      // The fundings stay.
      stage.mine(100)
      stage.close(alice, forced, true)
      stage.close(alice, agreed)
      // To the end of the longest delay, and six blocks more.
      while (![forced, agreed].every(id => alice.link(id).state.channel?.state === 'closed')) stage.mine(1)
      const wasAt = (side: Side) => side.state.wallet
      const heldBy = (side: Side) =>
        [...wasAt(side).coins.values()].reduce(
          (sum, { amountSat, spent }) => (spent === undefined ? sum + amountSat : sum),
          0n,
        )
      const balances = [alice, bob].map(heldBy)
      const { length } = alice.published
      stage.reorg(depth)
      // Also by a node that has started in between.
      stage.crash(alice)
      stage.restart(alice)
      stage.mine(1)
      const again = alice.published.slice(length).map(({ role }) => role)
      expect(again.some(role => role === 'claim' || role === 'commitment' || role === 'mutual-close')).toBe(true)
      for (let i = 0; i < 200; i++) stage.mine(1)
      for (const id of [forced, agreed]) {
        expect(alice.link(id).state.channel?.state).toBe('closed')
        expect(alice.link(id).state.onchain?.reported).toContain('resolved')
        expect(isIdle(alice.link(id).state)).toBe(true)
      }
      expect([alice, bob].map(heldBy)).toEqual(balances)
    },
  )

  test('without a block there is nothing to take back', () => {
    const stage = new Stage()
    const alice = stage.side('alice')
    for (let i = alice.state.blocks.length; i > 0; i--) alice.turn({ type: 'block_disconnected' })
    const before = alice.state
    expect(alice.turn({ type: 'block_disconnected' })).toEqual([])
    expect(alice.state).toBe(before)
  })

  test('a close that was confirmed waits again when its block is gone', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob, { push: 50_000n })
    stage.close(alice, id, true)
    stage.mine(2)
    stage.restart(alice)
    stage.reorg(2)
    stage.mine(20)
    for (const side of [alice, bob]) expect(side.link(id).state.channel?.state).toBe('closed')
  })

  test('and also for a node that was away while the block went and came again', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob, { push: 50_000n })
    stage.close(alice, id, true)
    stage.mine(2)
    stage.crash(bob)
    stage.reorg(2)
    stage.mine(20)
    bob.start()
    stage.settle()
    stage.mine(8)
    for (const side of [alice, bob]) expect(side.link(id).state.channel?.state).toBe('closed')
  })
})

describe('what happens while a node is away', () => {
  test('its channel ends on chain, and every output of it is spent: it reads all of it from the blocks', () => {
    const { stage, alice, bob, id, request } = withHtlc(30_000n)
    // Bob has the preimage, and takes the HTLC on chain; Alice hears of nothing.
    stage.crash(alice)
    stage.close(bob, id, true)
    stage.mine(1)
    stage.settle()
    stage.mine(12)
    alice.start()
    stage.settle()
    stage.mine(90)
    expect(alice.replies.has(request)).toBe(false)
    expect(alice.link(id).state.channel?.state).toBe('closed')
    expect(bob.link(id).state.channel?.state).toBe('closed')
  })

  test('a preimage that is shown between two starts is not missed', () => {
    const { stage, alice, bob, id } = withHtlc(30_000n)
    const wire = stage.wireOf(alice, bob)
    for (const to of [bob, bob]) stage.deliver(wire, to)
    stage.cut(alice, bob)
    // Bob knows the preimage by now, and what he said of it is lost.
    stage.close(bob, id, true)
    stage.mine(1)
    // Alice has seen the commitment. What is done with its outputs she does not see.
    stage.crash(alice)
    stage.mine(3)
    stage.restart(alice)
    stage.settle()
    stage.mine(60)
    expect(alice.eventsOf('payment_sent')).toHaveLength(1)
    expect(alice.eventsOf('payment_failed')).toEqual([])
    expect(bob.eventsOf('payment_received')).toHaveLength(1)
    for (const side of [alice, bob]) expect(side.link(id).state.channel?.state).toBe('closed')
  })
})

describe('links that wait for nothing', () => {
  test('are not asked about a block, and those with an HTLC are', () => {
    const { stage, alice, bob, id } = withHtlc(20_000n)
    stage.cut(alice, bob)
    const busy = alice.link(id)
    const idle = stage.side('carol')
    stage.catchUp()
    stage.connect(alice, idle)
    const other = stage.ready(alice, idle)
    const before = alice.link(other)
    stage.mine(1)
    expect(pmapGet(alice.state.links, String(before.index))).toBe(before)
    expect(busy.state.channel).toBeDefined()
    // The peer never answers any more: at its deadline the HTLC takes the channel to the chain.
    stage.crash(bob)
    stage.mine(90)
    expect(alice.link(id).state.channel?.state).not.toBe('normal')
    expect(alice.eventsOf('payment_failed')).toHaveLength(1)
    expect(alice.eventsOf('payment_sent')).toEqual([])
  })
})

describe('restarts', () => {
  test('go on from the block that was stored last, in whatever branch the chain is then', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob)
    stage.mine(3)
    const tip = alice.state.blocks.at(-1)
    stage.crash(alice)
    stage.reorg(4)
    stage.mine(2)
    alice.start()
    stage.settle()
    expect(alice.state.blocks.at(-1)?.height).toBe(stage.chain.height)
    expect(alice.state.blocks.find(({ height }) => height === tip?.height)?.hash).not.toBe(tip?.hash)
    expect(alice.isUp(bob.id)).toBe(true)
    expect(alice.link(id).state.channel?.state).toBe('normal')
  })

  test('the hashes of as many blocks are kept as a reorganisation may be deep, also when that number goes down', () => {
    const stage = new Stage()
    const alice = stage.side('alice', { engine: { maxReorgDepth: 8 } })
    stage.mine(20)
    const keys = () => [...alice.records.keys()].filter(key => key.startsWith('block/'))
    expect(keys()).toHaveLength(8)
    const fewer = stage.side('alice, later', { engine: { maxReorgDepth: 3 } })
    fewer.records = new Map(alice.records)
    fewer.start()
    stage.mine(2)
    expect(fewer.state.blocks).toHaveLength(3)
    expect([...fewer.records.keys()].filter(key => key.startsWith('block/'))).toHaveLength(3)
  })
})

/** Bob was put back to a copy from when an HTLC of his was in flight, and his commitment of that time waits for a block. */
function cheated() {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  const id = stage.ready(alice, bob, { push: 50_000n })
  const first = stage.keysend(bob, alice, 4_000n)
  while (stage.answer(bob));
  const wire = stage.wireOf(alice, bob)
  for (const to of [alice, alice, bob, bob, alice]) stage.deliver(wire, to)
  // Bob keeps a copy from when his HTLC was in flight.
  const copy = new Map(bob.records)
  stage.settle()
  expect(ended(bob, first)).toBe('succeeded')
  for (let i = 0; i < 3; i++) stage.keysend(bob, alice, 10_000n)
  stage.settle()
  expect(localMsat(bob, id)).toBe(16_000_000n)
  const funding = fundingOf(theOnly(alice))
  stage.crash(bob)
  bob.records = copy
  bob.compares = false
  bob.onDial = () => undefined
  bob.start()
  const force: EngineInput = { type: 'close_channel', request: 99, channelId: id, force: true }
  const wishes = engineStep(bob.state, force, bob.context()).effects
  const commitment = wishes.flatMap(wish => (wish.type === 'publish' && wish.role === 'commitment' ? [wish.tx] : []))[0]
  if (commitment === undefined) throw new Error('a force close publishes a commitment')
  expect(stage.chain.submit(commitment).ok).toBe(true)
  return { stage, alice, bob, id, funding, commitment }
}

describe('a peer that cheats', () => {
  test('with an old commitment loses all of it, its archive is asked for, also where the node starts in between', () => {
    const { stage, alice, bob, id, funding, commitment } = cheated()
    stage.crash(bob)
    stage.mine(1)
    stage.restart(alice)
    stage.settle()
    stage.mine(10)
    expect(alice.eventsOf('channel_onchain').map(({ kind }) => kind)).toContain('revoked_commitment')
    expect(alice.link(id).state.channel?.state).toBe('closed')
    // All but the anchors is hers.
    expect(stage.chain.spendingTx(funding)?.height).toBeDefined()
    const id0 = txid(commitment)
    const left = commitment.outputs.filter((_, vout) => stage.chain.utxo({ txid: id0, vout }) !== undefined)
    expect(left.map(({ amountSat }) => amountSat)).toEqual([330n, 330n])
  })

  test('an old commitment that waits for a block has its penalty beside it', () => {
    const { stage, alice, bob, id, funding, commitment } = cheated()
    // It waits for a block, and somebody has looked.
    expect(outpointsAtStake(alice.state)).toContainEqual(funding)
    const before = alice.state.wallet
    alice.turn({ type: 'spend_seen', tx: commitment })
    const penalty = alice.published.find(({ role }) => role === 'penalty')
    expect(penalty?.outcome).toBe('accepted')
    // For the wallet it is nothing yet: the commitment may never confirm.
    expect(alice.state.wallet).toBe(before)
    stage.crash(bob)
    stage.mine(1)
    expect(penalty && stage.chain.transaction(txid(penalty.tx))?.confirmations).toBe(1)
    stage.mine(10)
    expect(alice.link(id).state.channel?.state).toBe('closed')
  })
})

function theOnly(side: Side) {
  const [channel] = side.channels()
  if (channel === undefined) throw new Error(`${side.name} has a channel`)
  return channel
}
