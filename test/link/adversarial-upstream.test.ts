import { describe, expect, it } from 'vitest'
import { msat } from '../../src/base/index.ts'
import type { Tx } from '../../src/bitcoin/index.ts'
import type { HtlcOutput } from '../../src/commitment/index.ts'
import { Adversary, coinsOf, type Held } from './adversary.ts'
import { hashOf, preimageOf } from './history.ts'
import type { Side } from './side.ts'
import { NAMES, type Name, Stage } from './stage.ts'

// What those upstream are told of an HTLC that ends on the chain: that it was fulfilled or that it failed, one of the two and
// never both, however many HTLCs share its hash (BOLT 5, HTLC output handling).

const ANCHORS = 'anchors_zero_fee_htlc'

function stage(): Stage {
  return new Stage(ANCHORS).ready()
}

function offer(scene: Stage, from: Name, secret: number, amountSat: number): void {
  scene.sides[from].command({
    type: 'add_htlc',
    amountMsat: msat(amountSat * 1000),
    paymentHash: hashOf(secret),
    cltvExpiry: scene.chain.height + 40,
    onionRoutingPacket: new Uint8Array(1366),
  })
  settle(scene)
}

function settle(scene: Stage): void {
  scene.endTurns()
  scene.deliverAll()
}

function fulfill(scene: Stage, name: Name, id: number, secret: number): void {
  const resolution = { type: 'fulfill', paymentPreimage: preimageOf(secret) } as const
  scene.sides[name].command({ type: 'resolve_htlc', id, resolution })
}

/** Bob's commitment as he holds it; he is not heard of again. */
function bobLeaves(scene: Stage): { readonly held: Held; readonly bob: Adversary } {
  const { bob: side } = scene.sides
  scene.cut()
  side.leave()
  const bob = new Adversary(side.seed, coinsOf(scene.chain, side.walletScript))
  return { held: bob.held(side.records), bob }
}

function mineUntilClosed(scene: Stage, first: readonly Tx[]): Side {
  const { alice } = scene.sides
  scene.chain.mine(1, { transactions: first })
  alice.catchUp()
  for (let mined = 0; alice.phase !== 'closed'; mined++) {
    expect(mined).toBeLessThan(100)
    scene.chain.mine(1)
    alice.catchUp()
  }
  return alice
}

function outputOf(held: Held, direction: 'offered' | 'received', id: number): HtlcOutput {
  const output = held.built.htlcs.find(({ htlc }) => htlc.direction === direction && htlc.id === id)
  if (output === undefined) throw new Error(`no output for HTLC ${id}`)
  return output
}

const timedOut = (alice: Side) => alice.eventsOf('htlc_timed_out').map(({ htlc }) => htlc.id)
const paid = (alice: Side) =>
  alice
    .eventsOf('preimage_found')
    .flatMap(({ htlcs }) => htlcs)
    .flatMap(ref => (ref.offeredBy === 'local' ? [ref.id] : []))

describe('what those upstream are told', () => {
  it('of an HTLC that was fulfilled off the chain: nothing more, though it came back on the chain', () => {
    const scene = stage()
    offer(scene, 'alice', 1, 30_000)
    const { held } = bobLeavesAfterFulfilling(scene)
    const alice = mineUntilClosed(scene, [held.tx])
    expect(alice.eventsOf('htlc_fulfilled').map(({ id }) => id)).toEqual([0])
    // Bob never took the output, so Alice took it back; her upstream has paid her all the same.
    expect(outputSpender(scene, held)).toBe('alice')
    expect(timedOut(alice)).toEqual([])
  })

  it('of an HTLC that the peer took, though its preimage was known from another one', () => {
    const scene = stage()
    offer(scene, 'alice', 2, 30_000)
    offer(scene, 'bob', 2, 30_000)
    const { held, bob } = bobLeaves(scene)
    // Alice decides to take what Bob offered her: so she knows the preimage before the chain shows it.
    fulfill(scene, 'alice', 0, 2)
    scene.chain.mine(1, { transactions: [held.tx] })
    const alice = mineUntilClosed(scene, [bob.secondStage(held, outputOf(held, 'received', 0))])
    expect(paid(alice)).toEqual([0])
    expect(timedOut(alice)).toEqual([])
  })

  it('of an HTLC that is missing from the commitment: it failed, though a preimage is known from another one', () => {
    const scene = stage()
    // Dust on both commitments.
    offer(scene, 'alice', 3, 300)
    offer(scene, 'bob', 4, 30_000)
    offer(scene, 'bob', 3, 300)
    const { held } = bobLeaves(scene)
    fulfill(scene, 'alice', 1, 3)
    const alice = mineUntilClosed(scene, [held.tx])
    expect(timedOut(alice)).toEqual([0])
    expect(paid(alice)).toEqual([])
  })

  it('of an HTLC that came back while another one of its hash was taken: the preimage is there for both', () => {
    const scene = stage()
    offer(scene, 'alice', 5, 30_000)
    offer(scene, 'alice', 5, 30_000)
    const { held, bob } = bobLeaves(scene)
    scene.chain.mine(1, { transactions: [held.tx] })
    const alice = mineUntilClosed(scene, [bob.secondStage(held, outputOf(held, 'received', 1))])
    expect(paid(alice).toSorted()).toEqual([0, 1])
    expect(timedOut(alice)).toEqual([])
  })
})

/** Alice has heard the preimage, and Bob has no commitment yet without the HTLC. */
function bobLeavesAfterFulfilling(scene: Stage): { readonly held: Held; readonly bob: Adversary } {
  fulfill(scene, 'bob', 0, 1)
  expect(scene.deliver('alice')).toBe(true)
  return bobLeaves(scene)
}

function outputSpender({ chain, sides }: Stage, { built }: Held): Name | undefined {
  const spender = chain.spendingTx({ txid: built.txid, vout: outputOf({ built } as Held, 'received', 0).vout })
  return NAMES.find(name => spender?.tx.outputs.some(({ script }) => script.join() === sides[name].walletScript.join()))
}

describe('what the archive tells', () => {
  it('is stored as it is held', () => {
    const scene = stage()
    offer(scene, 'alice', 6, 30_000)
    const old = new Map(scene.sides.bob.records)
    fulfill(scene, 'bob', 0, 6)
    settle(scene)
    const { bob } = bobLeaves(scene)
    // After each step the side compares its state with what is stored.
    const alice = mineUntilClosed(scene, [bob.held(old).tx])
    expect(alice.eventsOf('revoked_commitment').length).toBe(1)
  })
})
