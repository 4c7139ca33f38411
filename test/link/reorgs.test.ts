import { describe, expect, it } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { createRegtestChain, type RegtestChain, restoreRegtestChain } from '../../src/regtest/index.ts'
import { Adversary, coinsOf } from './adversary.ts'
import { feeOf } from './fairFees.ts'
import { hashOf, preimageOf } from './history.ts'
import { IS_FULL } from './rows.ts'
import { type Published, Side } from './side.ts'
import { judgeOf, NAMES, type Name, Stage, sideOptions } from './stage.ts'

// Reorganisations of one to six blocks at every point at which something of the channel has just confirmed: each side ends with
// exactly what it would have had without them. And the same for a chain whose node has forgotten all that waits, so that nothing
// lands again unless it is published again.

const FORMATS: readonly CommitmentFormat[] = ['anchors_zero_fee_htlc', 'static_remotekey']
const DEPTHS = [1, 2, 3, 4, 5, 6] as const
const LIMIT_BLOCKS = 120
/** After a reorganisation that undid the last block of all: delays run out again. */
const BLOCKS_TO_COME_BACK = 20

/** One side from the moment at which the end begins: it may be several engines, one after the other. */
interface Player {
  readonly name: Name
  side: Side
  readonly published: Published[]
  readonly start: bigint
}

interface Play {
  readonly format: CommitmentFormat
  chain: RegtestChain
  readonly players: readonly Player[]
}

/** What becomes of the chain, `depth` deep, once `after` blocks have come since the end began. */
interface Turn {
  readonly after: number
  readonly depth: number
  readonly isForgetful: boolean
  /** What the first block of the new branch holds: what conflicts with it is gone for good. */
  readonly instead?: readonly Tx[]
}

interface Outcome {
  /** What each side has gained, with what its transactions have paid to miners. */
  readonly totals: Readonly<Partial<Record<Name, bigint>>>
  /** Blocks since the end began, at each of which something of the channel confirmed. */
  readonly landings: readonly number[]
}

interface Scenario {
  readonly title: string
  /** Leads a channel to its end; the result names the sides that are still there. */
  readonly prepare: (stage: Stage) => { readonly there: readonly Name[]; readonly bobs: readonly Tx[] }
}

/** The moment at which the end of a channel begins: the chain, what waits included, and the records of those who are there. */
interface Moment {
  readonly format: CommitmentFormat
  readonly chain: Uint8Array
  readonly height: number
  readonly players: readonly (Pick<Player, 'name' | 'start'> & { readonly records: ReadonlyMap<string, Uint8Array> })[]
  /** What Bob could publish besides what he should. */
  readonly bobs: readonly Tx[]
}

function momentOf(format: CommitmentFormat, scenario: Scenario): Moment {
  const stage = new Stage(format).ready()
  const start = { alice: stage.sides.alice.walletSat(), bob: stage.sides.bob.walletSat() }
  const { height } = stage.chain
  const { there, bobs } = scenario.prepare(stage)
  const players = there.map(name => ({ name, start: start[name], records: new Map(stage.sides[name].records) }))
  return { format, chain: stage.chain.save(), height, players, bobs }
}

/** Until all are closed. `first`: what the first block holds, instead of what waits. */
function run(moment: Moment, turn?: Turn, first?: readonly Tx[]): Outcome {
  const restored = restoreRegtestChain(moment.chain, judgeOf(moment.format))
  if (!restored.ok) throw new Error(restored.error.message)
  const chain = restored.value
  const players = moment.players.map(({ name, start, records }): Player => {
    return { name, start, side: Side.from(sideOptions(name, chain), records), published: [] }
  })
  const play: Play = { format: moment.format, chain, players }
  for (const { side } of players) side.give({ type: 'started' })
  const last = turn === undefined ? 0 : turn.after + BLOCKS_TO_COME_BACK
  for (let blocks = 1; blocks <= last || !players.every(isClosed); blocks++) {
    expect(blocks).toBeLessThan(LIMIT_BLOCKS)
    play.chain.mine(1, blocks === 1 && first !== undefined ? { transactions: first } : {})
    for (const { side } of players) side.catchUp()
    if (blocks === turn?.after) take(play, turn)
  }
  for (const tx of turn?.instead ?? first ?? []) {
    expect(play.chain.transaction(txid(tx))?.confirmations).toBeGreaterThan(0)
  }
  return { totals: totalsOf(play), landings: landingsOf(play, moment.height) }
}

const isClosed = ({ side }: Player): boolean => side.phase === 'closed'

function take(play: Play, { depth, isForgetful, instead = [] }: Turn): void {
  expect(play.chain.reorganize({ depth, transactions: instead }).ok).toBe(true)
  if (isForgetful) {
    play.chain = withoutMempool(play)
    for (const player of play.players) restart(player, play.chain)
  }
  for (const { side } of play.players) side.catchUp()
}

/** The same blocks, and nothing that waits. */
function withoutMempool({ format, chain }: Play): RegtestChain {
  const copy = createRegtestChain(judgeOf(format))
  for (let height = 1; height <= chain.height; height++) {
    const block = chain.blockAt(height)
    expect(block !== undefined && copy.submitBlock(block).ok).toBe(true)
  }
  return copy
}

/** The same records, at the height that the chain has now: what was undone is told before what is there. */
function restart(player: Player, chain: RegtestChain): void {
  player.published.push(...player.side.published)
  player.side.catchUp()
  player.side.leave()
  player.side = Side.from(sideOptions(player.name, chain), player.side.records)
  player.side.give({ type: 'started' })
}

const EARNING: readonly Published['role'][] = ['claim', 'penalty', 'htlc-timeout', 'htlc-success']

function confirmedOf({ published, side }: Player, chain: RegtestChain): readonly Tx[] {
  const all = [...published, ...side.published].filter(({ role }) => EARNING.includes(role))
  const byId = new Map(all.map(({ tx }) => [txid(tx), tx]))
  return [...byId.values()].filter(tx => (chain.transaction(txid(tx))?.confirmations ?? 0) > 0)
}

function totalsOf({ chain, players }: Play): Outcome['totals'] {
  const totals: Partial<Record<Name, bigint>> = {}
  for (const player of players) {
    const paid = confirmedOf(player, chain).reduce((sum, tx) => sum + feeOf(chain, tx), 0n)
    totals[player.name] = player.side.walletSat() - player.start + paid
  }
  return totals
}

function landingsOf({ chain, players }: Play, first: number): readonly number[] {
  const all = players.flatMap(({ side, published }) => [...published, ...side.published])
  const heights = all.flatMap(({ tx }) => chain.transaction(txid(tx))?.height ?? [])
  return [...new Set(heights.map(height => height - first))].filter(height => height > 0).toSorted((a, b) => a - b)
}

// ---------------------------------------------------------------------------------------------------------------------

function offer(stage: Stage, from: Name, secret: number, blocks: number): void {
  stage.sides[from].command({
    type: 'add_htlc',
    amountMsat: msat(30_000_000n + 1_000_000n * BigInt(secret)),
    paymentHash: hashOf(secret),
    cltvExpiry: stage.chain.height + blocks,
    onionRoutingPacket: new Uint8Array(1366),
  })
  stage.endTurns()
  stage.deliverAll()
}

function fulfill(stage: Stage, name: Name, id: number, secret: number): void {
  const resolution = { type: 'fulfill', paymentPreimage: preimageOf(secret) } as const
  stage.sides[name].command({ type: 'resolve_htlc', id, resolution })
}

/** The end of Bob's side, as far as he is honest. */
function bobLeaves(stage: Stage): Adversary {
  const { bob } = stage.sides
  stage.cut()
  bob.leave()
  return new Adversary(bob.seed, coinsOf(stage.chain, bob.walletScript))
}

/** Two HTLCs each way: one is taken with its preimage, one comes back. Bob has a commitment too. */
const forceClose: Scenario = {
  title: 'a force close, with HTLCs both ways',
  prepare(stage) {
    offer(stage, 'alice', 1, 22)
    offer(stage, 'alice', 2, 23)
    offer(stage, 'bob', 3, 24)
    offer(stage, 'bob', 4, 25)
    stage.cut()
    fulfill(stage, 'bob', 0, 1)
    fulfill(stage, 'alice', 0, 3)
    stage.sides.alice.command({ type: 'force_close', reason: 'a test' })
    const { tx } = new Adversary(stage.sides.bob.seed, []).held(stage.sides.bob.records)
    return { there: NAMES, bobs: [tx] }
  },
}

/** Bob's revoked commitment is on the chain; his second stage waits, and may be there too. */
const cheat = (isSecondThere: boolean): Scenario => ({
  title: isSecondThere ? 'a penalty, after a second stage' : 'a penalty',
  prepare(stage) {
    const { alice, bob } = stage.sides
    offer(stage, 'alice', 1, 60)
    offer(stage, 'alice', 2, 60)
    offer(stage, 'bob', 3, 60)
    const old = new Map(bob.records)
    fulfill(stage, 'bob', 0, 1)
    fulfill(stage, 'bob', 1, 2)
    stage.endTurns()
    stage.deliverAll()
    const cheater = bobLeaves(stage)
    const held = cheater.held(old)
    const success = held.built.htlcs.find(({ htlc }) => htlc.direction === 'received')
    if (success === undefined) throw new Error('an HTLC that Bob received')
    const second = cheater.secondStage(held, success)
    stage.chain.mine(1, { transactions: [held.tx] })
    if (isSecondThere) stage.chain.mine(1, { transactions: [second] })
    alice.catchUp()
    return { there: ['alice'], bobs: [second] }
  },
})

/** Bob has an old commitment, which he has revoked. */
const mutualClose: Scenario = {
  title: 'a mutual close',
  prepare(stage) {
    const { bob } = stage.sides
    offer(stage, 'alice', 1, 60)
    const old = new Map(bob.records)
    fulfill(stage, 'bob', 0, 1)
    stage.endTurns()
    stage.deliverAll()
    stage.sides.alice.command({ type: 'shutdown' })
    stage.deliverAll()
    const { tx } = new Adversary(bob.seed, []).held(old)
    return { there: NAMES, bobs: [tx] }
  },
}

/** The same, and Bob is not heard of again. */
const mutualCloseAlone: Scenario = {
  title: 'a mutual close, without Bob',
  prepare(stage) {
    const { bobs } = mutualClose.prepare(stage)
    bobLeaves(stage)
    return { there: ['alice'], bobs }
  },
}

/** Every landing, undone at each depth, or at the least, the greatest and one between, by turns; and at two by a chain that forgets what waits. */
function turnsFor(landings: readonly number[]): readonly Turn[] {
  const reorgs = landings.flatMap((landing, index) =>
    (IS_FULL ? DEPTHS : [1, 2 + (index % 4), 6]).map(depth => ({
      after: landing + depth - 1,
      depth,
      isForgetful: false,
    })),
  )
  const losses = landings.flatMap((landing, index) =>
    [1 + (index % DEPTHS.length), 6].map(depth => ({ after: landing + depth - 1, depth, isForgetful: true })),
  )
  return [...reorgs, ...losses]
}

describe.each(FORMATS)('reorganisations, %s', format => {
  it.each([forceClose, cheat(true), mutualClose])('during $title', scenario => {
    const moment = momentOf(format, scenario)
    const calm = run(moment)
    expect(calm.landings.length).toBeGreaterThan(0)
    for (const turn of turnsFor(calm.landings)) {
      const { totals } = run(moment, turn)
      expect(totals, JSON.stringify(turn)).toEqual(calm.totals)
    }
  })

  it.each([
    { scenario: forceClose, what: "the peer's commitment takes the place of ours" },
    { scenario: cheat(false), what: 'a second stage takes the place of a penalty' },
    { scenario: mutualCloseAlone, what: 'a revoked commitment takes the place of a mutual close' },
  ])('in which $what', ({ scenario }) => {
    const moment = momentOf(format, scenario)
    const calm = run(moment, undefined, moment.bobs)
    for (const depth of DEPTHS) {
      const { totals } = run(moment, { after: depth, depth, isForgetful: false, instead: moment.bobs })
      expect(totals, `depth ${depth}`).toEqual(calm.totals)
    }
  })
})

describe.each(FORMATS)('a funding transaction, %s', format => {
  const isNormal = (stage: Stage): boolean => NAMES.every(name => stage.sides[name].phase === 'normal')

  it.each([1, 2])('that was %s deep and is undone is waited for again', depth => {
    const stage = new Stage(format).open()
    stage.mine(depth)
    for (const name of NAMES) expect(stage.sides[name].state.funding?.height).toBe(stage.chain.height - depth + 1)
    stage.reorg(depth)
    for (const name of NAMES) {
      expect(stage.sides[name].phase).toBe('wait_for_funding_confirmed')
      expect(stage.sides[name].state.funding).toBeUndefined()
    }
    for (let mined = 0; !isNormal(stage); mined++) {
      expect(mined).toBeLessThan(5)
      stage.mine()
    }
    expectUsable(stage)
  })

  it.each([3, 4, 5, 6])('that is %s deep and is undone after channel_ready leaves a channel that works', depth => {
    const stage = new Stage(format).open()
    stage.mine(depth)
    expect(isNormal(stage)).toBe(true)
    const { fundingOutpoint } = stage.sides.alice.durable.params
    stage.reorg(depth)
    expect(stage.chain.transaction(fundingOutpoint.txid)?.confirmations).toBe(0)
    expect(isNormal(stage)).toBe(true)
    stage.mine()
    expect(stage.chain.transaction(fundingOutpoint.txid)?.confirmations).toBe(1)
    expectUsable(stage)
  })

  /** A payment, and then an end on the chain. */
  function expectUsable(stage: Stage): void {
    offer(stage, 'alice', 1, 40)
    fulfill(stage, 'bob', 0, 1)
    stage.endTurns()
    stage.deliverAll()
    expect(stage.sides.alice.durable.htlcs).toEqual([])
    stage.cut()
    stage.sides.bob.command({ type: 'force_close', reason: 'a test' })
    for (let mined = 0; !NAMES.every(name => stage.sides[name].phase === 'closed'); mined++) {
      expect(mined).toBeLessThan(40)
      stage.mine()
    }
  }
})
