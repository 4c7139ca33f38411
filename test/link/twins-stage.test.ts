import { describe, expect, it } from 'vitest'
import { msat, sat } from '../../src/base/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { deriveChannelSecrets } from '../../src/keys/index.ts'
import { buildSweep } from '../../src/onchain/claimTx.ts'
import type { DirectPath, SpendPath } from '../../src/onchain/index.ts'
import { Adversary, coinsOf } from './adversary.ts'
import { hashOf, preimageOf } from './history.ts'
import { Keyring } from './keyring.ts'
import type { Side } from './side.ts'
import { NAMES, type Name, Stage } from './stage.ts'
import { TwinBench } from './twinBench.ts'
import type { TwinName } from './twins.ts'

// Every kind of transaction that a channel puts on the chain, and each of its negative twins.

const FORMATS: readonly CommitmentFormat[] = ['anchors_zero_fee_htlc', 'static_remotekey']
const COMMITMENTS = 8

interface Scene {
  readonly stage: Stage
  readonly bench: TwinBench
}

function scene(format: CommitmentFormat): Scene {
  const stage = new Stage(format)
  const bench = new TwinBench(stage.chain, Keyring.of([stage.sides.alice.seed, stage.sides.bob.seed], COMMITMENTS))
  for (const name of NAMES) bench.watch(stage.sides[name])
  stage.ready()
  return { stage, bench }
}

function offer(stage: Stage, from: Name, secret: number, blocks: number): void {
  stage.sides[from].command({
    type: 'add_htlc',
    amountMsat: msat(30_000_000n + BigInt(secret)),
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

function mineUntil(stage: Stage, done: () => boolean): void {
  for (let mined = 0; !done(); mined++) {
    expect(mined).toBeLessThan(120)
    stage.mine()
  }
}

const isClosed = (side: Side) => side.phase === 'closed'

/** Two HTLCs each way, one of which its receiver takes with the preimage, from `closer`'s commitment. */
function forceClose({ stage, bench }: Scene, closer: Name): void {
  offer(stage, 'alice', 1, 30)
  offer(stage, 'alice', 2, 32)
  offer(stage, 'bob', 3, 34)
  offer(stage, 'bob', 4, 36)
  stage.cut()
  fulfill(stage, 'bob', 0, 1)
  fulfill(stage, 'alice', 0, 3)
  stage.sides[closer].command({ type: 'force_close', reason: 'a test' })
  stage.mine()
  if (stage.format === 'anchors_zero_fee_htlc') examineAnchors(stage, bench, closer)
  mineUntil(stage, () => NAMES.every(name => isClosed(stage.sides[name])))
}

/** Nobody but who bumps a fee spends anchors, so they are taken by hand, into nothing: they are dust by themselves. */
function examineAnchors(stage: Stage, bench: TwinBench, name: Name): void {
  const side = stage.sides[name]
  const isAnchor = (path: SpendPath): path is DirectPath => path.way === 'anchor' || path.way === 'anchor_anyone'
  for (const path of side.spends('local').filter(isAnchor)) {
    const confirmed = stage.chain.transaction(path.outpoint.txid)?.height ?? 0
    while (stage.chain.height + 1 < confirmed + (path.way === 'anchor' ? 0 : 16)) stage.mine()
    const secrets = deriveChannelSecrets(side.seed, 0)
    const sweep = buildSweep([path], path.role, { yieldSat: sat(0), destinationScript: NOWHERE, secrets })
    bench.examine(sweep.tx, () => `claim ${path.way}`)
  }
}
const NOWHERE = new Uint8Array([0x6a, ...Array.from({ length: 30 }, () => 0x4f)])

/** Bob publishes what he has revoked, and one of his second stages confirms before Alice can act. */
function cheat({ stage }: Scene): void {
  const { alice, bob } = stage.sides
  offer(stage, 'alice', 1, 60)
  offer(stage, 'bob', 2, 60)
  const old = new Map(bob.records)
  fulfill(stage, 'bob', 0, 1)
  fulfill(stage, 'alice', 0, 2)
  stage.endTurns()
  stage.deliverAll()
  stage.cut()
  bob.leave()
  const cheater = new Adversary(bob.seed, coinsOf(stage.chain, bob.walletScript))
  const held = cheater.held(old)
  const success = held.built.htlcs.find(({ htlc }) => htlc.direction === 'received')
  if (success === undefined) throw new Error('an HTLC that Bob received')
  stage.chain.mine(1, { transactions: [held.tx] })
  stage.chain.mine(1, { transactions: [cheater.secondStage(held, success)] })
  mineUntil(stage, () => isClosed(alice))
}

function closeTogether({ stage }: Scene): void {
  stage.sides.alice.command({ type: 'shutdown' })
  stage.deliverAll()
  mineUntil(stage, () => NAMES.every(name => isClosed(stage.sides[name])))
}

const SIGNED: readonly TwinName[] = ['flipped bit', 'high S', 'wrong key']
const SIGNED_BY_BOTH: readonly TwinName[] = [...SIGNED, 'not agreed on', 'swapped signatures']
const DELAYED: readonly TwinName[] = ['no relative lock', 'shorter lock', 'too early']

/** Which twins each kind has, and so must have had. */
function expectedTable(format: CommitmentFormat): Readonly<Record<string, readonly TwinName[]>> {
  const oneBlock = format === 'anchors_zero_fee_htlc' ? DELAYED : []
  const table: Record<string, readonly TwinName[]> = {
    funding: SIGNED,
    'mutual-close': [...SIGNED_BY_BOTH, 'lower locktime', 'too early'],
    commitment: SIGNED_BY_BOTH,
    'htlc-timeout': [...SIGNED_BY_BOTH, ...oneBlock, 'lower locktime', 'too early'],
    'htlc-success': [...SIGNED_BY_BOTH, ...oneBlock, 'wrong preimage'],
    'claim to_local': [...SIGNED, ...DELAYED],
    'claim second_stage': [...SIGNED, ...DELAYED],
    'claim to_remote': [...SIGNED, ...oneBlock],
    'claim htlc_preimage': [...SIGNED, ...oneBlock, 'wrong preimage'],
    'claim htlc_expired': [...SIGNED, ...oneBlock, 'lower locktime', 'no locktime', 'too early'],
    'penalty to_local_revoked': SIGNED,
    'penalty htlc_revoked': SIGNED,
    'penalty second_stage_revoked': SIGNED,
  }
  if (format === 'anchors_zero_fee_htlc') {
    table['fee coin'] = SIGNED
    table['claim anchor'] = SIGNED
    table['claim anchor_anyone'] = DELAYED
  }
  return Object.fromEntries(Object.entries(table).map(([kind, twins]) => [kind, [...new Set(twins)].toSorted()]))
}

describe.each(FORMATS)('negative twins, %s', format => {
  it('of each kind of transaction are refused, each for its reason', () => {
    const found: Record<string, readonly TwinName[]> = {}
    let total = 0
    const plays: readonly ((scene: Scene) => void)[] = [
      each => forceClose(each, 'alice'),
      each => forceClose(each, 'bob'),
      cheat,
      closeTogether,
    ]
    for (const play of plays) {
      const each = scene(format)
      play(each)
      for (const [kind, names] of Object.entries(each.bench.table())) {
        found[kind] = [...new Set([...(found[kind] ?? []), ...names])].toSorted()
      }
      total += each.bench.total
    }
    expect(found).toEqual(expectedTable(format))
    expect(total).toBe(format === 'anchors_zero_fee_htlc' ? 203 : 150)
  })
})
