import { describe, expect, it } from 'vitest'
import { feeratePerKw, outPointKey, sat, toHex } from '../../src/base/index.ts'
import { type Tx, txid, txWeight, withWitness } from '../../src/bitcoin/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { type ChannelSecrets, channelBasepoints, deriveChannelSecrets } from '../../src/keys/index.ts'
import { buildSweep, sweepWeight } from '../../src/onchain/claimTx.ts'
import { buildHtlcClaim } from '../../src/onchain/htlcClaim.ts'
import {
  type ChainFacts,
  type ChannelView,
  type DirectPath,
  type FeeCoin,
  type HtlcTxPath,
  type Party,
  type SpendPath,
  spendPaths,
} from '../../src/onchain/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import {
  archiveOf,
  coinScript,
  coinSecret,
  destination,
  FORMATS,
  type Model,
  makeModel,
  type Name,
  other,
  secrets,
  signedOf,
  viewOf,
} from './fixture.ts'
import { fourHtlcs } from './scenario.ts'

// What may happen on chain, row by row: each path is taken on a real chain at its height, and refused one block before it and
// with anything about it spoiled.

interface Stage {
  readonly model: Model
  readonly chain: RegtestChain
  readonly facts: ChainFacts
  /** Alice is the honest side: Bob's view of a revoked state is an old one. */
  readonly views: Readonly<Record<Name, ChannelView>>
  readonly coin: (name: Name) => FeeCoin
}

/** Mines `holder`'s commitment of state 2; `at` is the state in which Alice is. */
function stage(format: CommitmentFormat, holder: Name, at: number): Stage {
  const model = makeModel({ format, htlcs: fourHtlcs })
  const { chain } = model
  const coins = { alice: coinOf(chain, 'alice'), bob: coinOf(chain, 'bob') }
  const tx = signedOf(model, holder, 2)
  chain.mine(1, { transactions: [tx] })
  const transactions = [{ txid: txid(tx), tx, height: chain.height }]
  const revoked = at > 2 ? { revoked: { commitmentNumber: 2, htlcs: archiveOf(model, 'alice', 2) } } : {}
  const knows = [1, 2, 3, 4]
  return {
    model,
    chain,
    facts: { transactions, preimages: new Map(), ...revoked },
    views: { alice: viewOf(model, 'alice', at, { knows }), bob: viewOf(model, 'bob', 2, { knows }) },
    coin: name => coins[name],
  }
}

function coinOf(chain: RegtestChain, name: Name): FeeCoin {
  const funding = chain.fund(coinScript(name), sat(30_000))
  if (!funding.ok) throw new Error(funding.error.reason)
  const secret = coinSecret(name)
  return { outpoint: funding.value.outpoint, amountSat: sat(30_000), secret, publicKey: publicKeyFromSecret(secret) }
}

/** The transaction that takes a path, with the keys of `owner`. */
function take(scene: Stage, path: DirectPath | HtlcTxPath, name: Name, keys: ChannelSecrets = secrets[name]): Tx {
  if (!('sequence' in path)) {
    const context = { secrets: keys, feeratePerKw: feeratePerKw(1000), changeScript: coinScript(name) }
    const made = buildHtlcClaim([path], [scene.coin(name)], context)
    if (made.type !== 'built') throw new Error(made.type)
    return made.claim.tx
  }
  // Anchors are too small to pay much, so that everything pays little.
  const yieldSat = sat(path.amountSat - (path.amountSat < 1000n ? 120n : 600n))
  const claim = buildSweep([path], path.role, { yieldSat, destinationScript: destination(name), secrets: keys })
  // An anchor that is swept is dust by itself: it is burnt to an OP_RETURN here.
  if (path.amountSat >= 1000n) return claim.tx
  return buildSweep([path], path.role, { yieldSat: sat(0), destinationScript: BURNT, secrets: keys }).tx
}
const BURNT = new Uint8Array([0x6a, ...Array.from({ length: 30 }, () => 0x4f)])

/** Its reason, or `accepted`. */
function judged(scene: Stage, tx: Tx): string {
  const result = scene.chain.testAccept(tx)
  return result.ok ? 'accepted' : result.error.reason
}

const spendable = (path: SpendPath): path is DirectPath | HtlcTxPath =>
  path.role !== 'commitment' && path.role !== 'mutual-close'

const rowName = (path: SpendPath): string => `${path.way} ${path.htlc?.id ?? ''}`.trim()

/** For each row of `name`'s, that it can be taken at its height and not before; returns the names of the rows. */
function tryAll(scene: Stage, name: Name, rows: readonly SpendPath[]): readonly string[] {
  const tried: string[] = []
  for (const row of rows.filter(spendable).toSorted((a, b) => a.earliestHeight - b.earliestHeight)) {
    const tx = take(scene, row, name)
    expect(txWeightGap(row, tx, name)).toBe(true)
    // The next block is `chain.height + 1`.
    while (scene.chain.height + 2 < row.earliestHeight) scene.chain.mine(1)
    if (scene.chain.height + 2 === row.earliestHeight) {
      expect(['non-BIP68-final', 'non-final'], rowName(row)).toContain(judged(scene, tx))
      scene.chain.mine(1)
    }
    expect(judged(scene, tx), rowName(row)).toBe('accepted')
    tried.push(rowName(row))
  }
  return tried
}

/** Whether the weight that fees are set by is right, but for signatures that turn out shorter. */
function txWeightGap(row: DirectPath | HtlcTxPath, tx: Tx, name: Name): boolean {
  if (!('sequence' in row)) return true
  const script = row.amountSat >= 1000n ? destination(name) : BURNT
  const gap = sweepWeight([row], script) - txWeight(tx)
  return gap >= 0 && gap <= 3
}

const localRows = (scene: Stage, name: Name): readonly SpendPath[] =>
  spendPaths(scene.views[name], scene.facts, 'local', scene.chain.height)

describe.each(FORMATS)('spend paths, %s', format => {
  const anchors = format === 'anchors_zero_fee_htlc'

  it.each(['alice', 'bob'] as const)('every row of the holder %s passes at its height and not before', holder => {
    const scene = stage(format, holder, 2)
    expect(tryAll(scene, holder, localRows(scene, holder)).toSorted()).toEqual(
      [
        'to_local',
        ...(anchors ? ['anchor', 'anchor_anyone'] : []),
        'htlc_timeout 0',
        'htlc_timeout 1',
        'htlc_success 0',
        'htlc_success 1',
      ].toSorted(),
    )
  })

  it.each(['alice', 'bob'] as const)('every row of the peer of the holder %s too', holder => {
    const scene = stage(format, holder, 2)
    const name = other(holder)
    expect(tryAll(scene, name, localRows(scene, name)).toSorted()).toEqual(
      [
        'to_remote',
        ...(anchors ? ['anchor', 'anchor_anyone'] : []),
        'htlc_expired 0',
        'htlc_expired 1',
        'htlc_preimage 0',
        'htlc_preimage 1',
      ].toSorted(),
    )
  })

  it('every row of Alice on a revoked commitment of Bob', () => {
    const scene = stage(format, 'bob', 4)
    const rows = localRows(scene, 'alice')
    expect(tryAll(scene, 'alice', rows).toSorted()).toEqual(
      [
        'to_local_revoked',
        'to_remote',
        ...(anchors ? ['anchor', 'anchor_anyone'] : []),
        ...['htlc_revoked 0', 'htlc_revoked 0', 'htlc_revoked 1', 'htlc_revoked 1'],
        ...['htlc_expired 0', 'htlc_expired 1', 'htlc_preimage 0', 'htlc_preimage 1'],
      ].toSorted(),
    )
    // No lock keeps a penalty from the very block of the commitment.
    const penalties = rows.filter(({ role }) => role === 'penalty')
    expect(new Set(penalties.map(row => row.earliestHeight))).toEqual(
      new Set(scene.facts.transactions.map(({ height }) => height)),
    )
  })

  it('second stages: the holder waits for its own, and revoked ones are taken at once', () => {
    const scene = stage(format, 'bob', 4)
    const { chain } = scene
    const [success] = spendPaths(scene.views.bob, scene.facts, 'local', chain.height)
      .filter(spendable)
      .filter(({ way }) => way === 'htlc_success')
    if (success === undefined) throw new Error('no such row')
    const tx = take(scene, success, 'bob')
    chain.mine(1, { transactions: [tx] })
    const facts = {
      ...scene.facts,
      transactions: [...scene.facts.transactions, { txid: txid(tx), tx, height: chain.height }],
    }
    const later: Stage = { ...scene, facts }
    const penalty = localRows(later, 'alice').filter(({ way }) => way === 'second_stage_revoked')
    expect(penalty.length).toBe(1)
    expect(tryAll(later, 'alice', penalty)).toEqual(['second_stage_revoked 1'])
    const own = localRows(later, 'bob').filter(({ way }) => way === 'second_stage')
    expect(own.map(row => row.earliestHeight)).toEqual([chain.height + scene.model.delays.bob])
    expect(tryAll(later, 'bob', own)).toEqual(['second_stage 1'])
    // The output that it spent is no longer there to be spent.
    const spent = outPointKey(success.outpoint)
    expect(localRows(later, 'alice').some(row => outPointKey(row.outpoint) === spent)).toBe(false)
  })

  it.each(['alice', 'bob'] as const)('what is seen of the peer is what the peer sees of itself: %s', holder => {
    const scene = stage(format, holder, 2)
    const seen = (name: Name, party: Party) =>
      spendPaths(scene.views[name], scene.facts, party, scene.chain.height).map(row => ({
        outpoint: row.outpoint,
        way: row.way,
        role: row.role,
        earliestHeight: row.earliestHeight,
        available: row.available,
        yieldSat: row.yieldSat,
        key: 'pubkey' in row && row.pubkey && toHex(row.pubkey),
        locks: 'sequence' in row && [row.sequence, row.locktime],
      }))
    expect(seen('alice', 'remote')).toEqual(seen('bob', 'local'))
    expect(seen('bob', 'remote')).toEqual(seen('alice', 'local'))
    expect(seen('alice', 'remote').length).toBeGreaterThan(4)
  })

  it('refuses each row with a foreign key, a wrong preimage, an earlier lock, and a signature of another row', () => {
    const scene = stage(format, 'bob', 4)
    const rows = localRows(scene, 'alice').filter(spendable)
    scene.chain.mine(60)
    const foreign = deriveChannelSecrets(new Uint8Array(32).fill(9), 0)
    expect(channelBasepoints(foreign)).not.toEqual(channelBasepoints(secrets.alice))
    for (const row of rows) {
      if (!('sequence' in row)) throw new Error('Alice is not the holder')
      const good = take(scene, row, 'alice')
      expect(judged(scene, good), rowName(row)).toBe('accepted')
      if (row.key.type === 'anyone') continue
      expect(judged(scene, take(scene, row, 'alice', foreign)), `${rowName(row)}, foreign key`).toMatch(SCRIPT_FAILED)
      const neighbour = rows.find(each => 'sequence' in each && each.way !== row.way && each.key.type !== 'anyone')
      if (neighbour === undefined || !('sequence' in neighbour)) throw new Error('there are several rows')
      const signature = take(scene, neighbour, 'alice').inputs[0]?.witness[0] ?? new Uint8Array(0)
      const swapped = withWitness(good, 0, [signature, ...(good.inputs[0]?.witness.slice(1) ?? [])])
      expect(judged(scene, swapped), `${rowName(row)}, swapped signature`).toMatch(SCRIPT_FAILED)
      if (row.preimage !== undefined) {
        const wrong = { ...row, preimage: { ...row.preimage, known: sha256(new Uint8Array(1)) } }
        expect(judged(scene, take(scene, wrong, 'alice')), `${rowName(row)}, wrong preimage`).toMatch(SCRIPT_FAILED)
      }
      if (row.sequence < 0xfffffffd) {
        const hasty = take(scene, { ...row, sequence: row.sequence - 1 }, 'alice')
        expect(judged(scene, hasty), `${rowName(row)}, shorter lock`).toMatch(/Locktime requirement not satisfied/)
      }
      if (row.locktime > 0) {
        const hasty = take(scene, { ...row, locktime: row.locktime - 1 }, 'alice')
        expect(judged(scene, hasty), `${rowName(row)}, earlier locktime`).toMatch(/Locktime requirement not satisfied/)
      }
    }
  })

  it('refuses HTLC transactions with a foreign key, a wrong preimage, or the signatures the wrong way round', () => {
    const scene = stage(format, 'alice', 2)
    const rows = localRows(scene, 'alice')
      .filter(spendable)
      .filter(row => !('sequence' in row))
    expect(rows.length).toBe(4)
    scene.chain.mine(60)
    const foreign = deriveChannelSecrets(new Uint8Array(32).fill(9), 0)
    for (const row of rows) {
      const good = take(scene, row, 'alice')
      expect(judged(scene, good), rowName(row)).toBe('accepted')
      expect(judged(scene, take(scene, row, 'alice', foreign)), rowName(row)).toMatch(SCRIPT_FAILED)
      const [empty, remote, local, ...rest] = good.inputs[0]?.witness ?? []
      if (empty === undefined || remote === undefined || local === undefined) throw new Error('no witness')
      expect(judged(scene, withWitness(good, 0, [empty, local, remote, ...rest])), rowName(row)).toMatch(SCRIPT_FAILED)
      if (row.preimage === undefined) continue
      const wrong = { ...row, preimage: { ...row.preimage, known: sha256(new Uint8Array(1)) } }
      expect(judged(scene, take(scene, wrong, 'alice')), rowName(row)).toMatch(SCRIPT_FAILED)
    }
  })
})

const SCRIPT_FAILED = /^(non-)?mandatory-script-verify-flag/
