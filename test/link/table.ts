import { expect } from 'vitest'
import { bytesEqual, feeratePerKw, outPointKey, type Txid } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import type { HtlcOutput } from '../../src/commitment/index.ts'
import { commitmentPoint, deriveChannelSecrets } from '../../src/keys/index.ts'
import { LOWEST_FEERATE_PER_KW } from '../../src/onchain/limits.ts'
import { type RegtestChain, restoreRegtestChain } from '../../src/regtest/index.ts'
import { Adversary, coinsOf, type Held } from './adversary.ts'
import { dueOfRevokedSat, dueSat } from './due.ts'
import { expectFairFees, feeOf } from './fairFees.ts'
import { type History, OLD_HTLCS_EXPIRED, preimageFor, type Snapshot } from './history.ts'
import type { PictureHtlc } from './scribe.ts'
import { Side } from './side.ts'
import { judgeOf, type Name, otherName, sideOptions } from './stage.ts'

// The adversarial table: one row is one commitment of the history, published by one side at one moment, with what the peer of
// the honest side does then; and the honest side acts until its channel is closed.

/** Blocks after which everything must be over: the last expiry, then delays and depths. */
const LIMIT_BLOCKS = 160
/** Far enough beyond the last expiry that nothing but the fee keeps an output from being taken. */
const LATE_BLOCKS = 90
/** What two claims at the feerate of the stage cost, a little rounded up. */
const WORTHLESS_SAT = 1_100n

/** One play of the honest side against the chain, from a snapshot of its own. */
export class Play {
  readonly history: History
  readonly chain: RegtestChain
  readonly honest: Side
  readonly name: Name
  readonly snapshot: Snapshot
  readonly adversary: Adversary
  readonly start: bigint
  readonly startOfAdversary: bigint
  readonly before: ReadonlySet<string>

  constructor(history: History, snapshot: Snapshot) {
    const restored = restoreRegtestChain(history.chain, judgeOf(history.format))
    if (!restored.ok) throw new Error(restored.error.message)
    this.history = history
    this.chain = restored.value
    this.name = snapshot.name
    this.snapshot = snapshot
    this.honest = Side.from(sideOptions(snapshot.name, this.chain), snapshot.records)
    const { seed } = sideOptions(otherName(snapshot.name), this.chain)
    const { walletScript } = new Adversary(seed, [])
    this.adversary = new Adversary(seed, coinsOf(this.chain, walletScript))
    this.start = this.honest.walletSat()
    this.startOfAdversary = walletOf(this.chain, this.adversary.walletScript)
    this.before = new Set([...this.chain.utxos()].map(([key]) => key))
  }

  begin(): this {
    this.honest.give({ type: 'started' })
    return this
  }

  /** A block of exactly these transactions, or of what waits. */
  mine(transactions?: readonly Tx[]): void {
    this.chain.mine(1, transactions === undefined ? {} : { transactions })
    this.honest.catchUp()
  }

  /** Blocks until the channel is closed. `eachBlock` is the adversary's turn, after the honest side's. */
  untilClosed(eachBlock: () => void = () => undefined): void {
    for (let mined = 0; this.honest.phase !== 'closed'; mined++) {
      if (mined > LIMIT_BLOCKS) throw new Error(`not closed after ${LIMIT_BLOCKS} blocks`)
      if (mined === LATE_BLOCKS) this.honest.claimFeerate = feeratePerKw(LOWEST_FEERATE_PER_KW)
      this.mine()
      eachBlock()
    }
  }

  /** Its transactions that are confirmed, but for the commitment. */
  confirmed(): readonly Tx[] {
    const byId = new Map<Txid, Tx>()
    for (const { tx, role } of this.honest.published) {
      const known = this.chain.transaction(txid(tx))
      if (role !== 'commitment' && known !== undefined && known.confirmations > 0) byId.set(known.txid, known.tx)
    }
    return [...byId.values()]
  }

  /** What the wallet has gained, and what its transactions have paid to miners on the way. */
  gainedAndPaid(): bigint {
    const paid = this.confirmed().reduce((sum, tx) => sum + feeOf(this.chain, tx), 0n)
    return this.honest.walletSat() - this.start + paid
  }

  /** The outputs that descend from a transaction and are unspent. */
  unspentBelow(root: Tx): readonly { readonly amountSat: bigint; readonly script: Uint8Array; readonly key: string }[] {
    const found: { readonly amountSat: bigint; readonly script: Uint8Array; readonly key: string }[] = []
    const visit = (tx: Tx): void => {
      for (const [vout, output] of tx.outputs.entries()) {
        const outpoint = { txid: txid(tx), vout }
        const spender = this.chain.spendingTx(outpoint)
        if (spender === undefined) found.push({ ...output, key: outPointKey(outpoint) })
        else visit(spender.tx)
      }
    }
    visit(root)
    return found
  }

  isOurs(script: Uint8Array): boolean {
    return bytesEqual(script, this.honest.walletScript)
  }
}

function walletOf(chain: RegtestChain, script: Uint8Array): bigint {
  let held = 0n
  for (const [, coin] of chain.utxos()) if (bytesEqual(coin.script, script)) held += coin.amountSat
  return held
}

/** Whatever it wanted to publish, the chain took at once, or had it already. */
function expectNothingRefused(play: Play): void {
  const fine = ['accepted', 'known']
  const refused = play.honest.published.filter(({ outcome }) => !fine.includes(outcome))
  expect(refused.map(({ role, outcome, height }) => ({ role, outcome, height }))).toEqual([])
}

// ---------------------------------------------------------------------------------------------------------------------
// Commitments that are not revoked.

export interface ValidRow {
  readonly snapshot: Snapshot
  /** Whose commitment, and which. */
  readonly holder: Name
  readonly number: number
  /** The records of its holder that have it. */
  readonly records: ReadonlyMap<string, Uint8Array>
  /** Whether the peer takes what it can of every other HTLC, or nothing at all. */
  readonly peer: 'active' | 'silent'
}

export function playValid(history: History, row: ValidRow): Play {
  const { format, scribe } = history
  const play = new Play(history, row.snapshot).begin()
  const { honest, adversary, name } = play
  const isOwn = row.holder === name
  const held = isOwn ? new Adversary(honest.seed, []).held(row.records) : adversary.held(row.records)
  if (isOwn) honest.command({ type: 'force_close', reason: 'the peer is silent' })
  else expect(play.chain.submit(held.tx).ok).toBe(true)
  const late = new Set<number>()
  const taken = new Map<string, HtlcOutput>()
  let blocks = 0
  play.untilClosed(() => {
    blocks += 1
    if (blocks === 2) for (const id of decideLate(honest)) late.add(id)
    if (row.peer === 'active') for (const [key, output] of peerActs(play, held, isOwn)) taken.set(key, output)
  })
  expectNothingRefused(play)
  expectFairFees(play)
  expect(play.chain.transaction(txid(held.tx))?.confirmations).toBeGreaterThan(0)

  const picture = scribe.picture(row.holder, row.number)
  const decided = scribe.fulfilledBy(name, row.snapshot.reveals)
  const hashes = new Set([
    ...scribe.revealed(row.snapshot.reveals),
    ...[...taken.values()].map(({ htlc }) => htlc.paymentHash),
    ...picture.htlcs.filter(htlc => htlc.offeredBy !== name && late.has(htlc.id)).map(htlc => htlc.paymentHash),
  ])
  const isTaken = (htlc: PictureHtlc) => taken.has(keyOf(htlc))
  const isDecided = (htlc: PictureHtlc) => decided.has(htlc.id) || late.has(htlc.id)
  // The preimage of one HTLC opens another one with the same hash.
  const isOpen = (htlc: PictureHtlc) => isDecided(htlc) || hashes.has(htlc.paymentHash)
  const isDue = (htlc: PictureHtlc) => (htlc.offeredBy === name ? !isTaken(htlc) : isDecided(htlc))
  const got = play.gainedAndPaid() + worthlessSat(play, held, isDue)
  expect(got).toBeGreaterThanOrEqual(dueSat(format, picture, name, { isTaken, isKnown: isDecided }))
  expect(got).toBeLessThanOrEqual(dueSat(format, picture, name, { isTaken, isKnown: isOpen }))
  expectToldUpstream(play)
  return play
}

const keyOf = ({ offeredBy, id }: Pick<PictureHtlc, 'offeredBy' | 'id'>): string => `${offeredBy}:${id}`

/** When the commitment is on the chain, some more preimages become known. */
function decideLate(honest: Side): readonly number[] {
  const open = honest.durable.htlcs.filter(
    htlc => htlc.offeredBy === 'remote' && htlc.added === 'irrevocable' && htlc.resolution === undefined,
  )
  const chosen = open.filter(({ id }) => id % 2 === 0)
  for (const { id, paymentHash } of chosen) {
    const resolution = { type: 'fulfill', paymentPreimage: preimageFor(paymentHash) } as const
    honest.command({ type: 'resolve_htlc', id, resolution })
  }
  return chosen.map(({ id }) => id)
}

/** The peer takes every other HTLC that it was offered, with its preimage, and its own back after they expired. */
function peerActs(play: Play, held: Held, isHonests: boolean): ReadonlyMap<string, HtlcOutput> {
  const taken = new Map<string, HtlcOutput>()
  const { built } = held
  const { adversary, chain, name } = play
  const point = commitmentPoint(deriveChannelSecrets(play.honest.seed, 0), held.durable.localCommit.number)
  for (const output of built.htlcs) {
    const { htlc, vout } = output
    if (chain.spendingTx({ txid: built.txid, vout }) !== undefined) continue
    const isOffered = (htlc.direction === 'offered') === isHonests
    if (isOffered ? htlc.id % 2 === 1 : chain.height < htlc.cltvExpiry) continue
    if (output.amountSat < 1_500n) continue
    const tx = isHonests
      ? adversary.takeFrom({ txid: built.txid, point }, output, play.history.format)
      : adversary.secondStage(held, output)
    const submitted = chain.submit(tx)
    if (submitted.ok && isOffered) taken.set(keyOf({ offeredBy: name, id: htlc.id }), output)
  }
  return taken
}

/** What was the honest side's and was left, because it costs more to take, in one step or two, than it holds. */
function worthlessSat(play: Play, held: Held, isOurs: (htlc: PictureHtlc) => boolean): bigint {
  const { chain, name } = play
  const { built } = held
  const holder = held.durable.params.role === 'opener' ? 'alice' : 'bob'
  let left = 0n
  for (const { htlc, vout, amountSat } of built.htlcs) {
    const offeredBy = htlc.direction === 'offered' ? holder : otherName(holder)
    if (!isOurs({ ...htlc, offeredBy })) continue
    const spender = chain.spendingTx({ txid: built.txid, vout })
    const second = spender?.tx.outputs.findIndex(({ script }) => bytesEqual(script, built.delayed.script)) ?? -1
    const outpoint = spender === undefined || second < 0 ? undefined : { txid: spender.txid, vout: second }
    const isLeft = spender === undefined || (outpoint !== undefined && chain.utxo(outpoint) !== undefined)
    if (!isLeft) continue
    expect(amountSat, `HTLC ${htlc.id} of ${offeredBy}, left by ${name}`).toBeLessThan(WORTHLESS_SAT)
    left += (outpoint && chain.output(outpoint)?.amountSat) ?? amountSat
  }
  return left
}

/** Each HTLC that the honest side offered and that may have been on a commitment ends in one way for those upstream. */
function expectToldUpstream(play: Play): void {
  const { name, snapshot, honest, history } = play
  const { localNumber, remoteNumber, isAwaiting } = snapshot
  const peer = otherName(name)
  const pictures = [history.scribe.picture(name, localNumber), history.scribe.picture(peer, remoteNumber)]
  if (isAwaiting) pictures.push(history.scribe.picture(peer, remoteNumber + 1))
  const offered = new Set(
    pictures.flatMap(({ htlcs }) => htlcs.filter(htlc => htlc.offeredBy === name).map(htlc => htlc.id)),
  )
  const found = honest.eventsOf('preimage_found').flatMap(({ htlcs }) => htlcs)
  const fulfilled = new Set([
    ...snapshot.fulfilled,
    ...found.flatMap(ref => (ref.offeredBy === 'local' ? [ref.id] : [])),
  ])
  const timedOut = honest.eventsOf('htlc_timed_out').map(({ htlc }) => htlc.id)
  const unpaid = [...offered].filter(id => !fulfilled.has(id))
  expect(timedOut.toSorted(byNumber)).toEqual(unpaid.toSorted(byNumber))
}

const byNumber = (a: number, b: number): number => a - b

// ---------------------------------------------------------------------------------------------------------------------
// Revoked ones.

export interface RevokedRow {
  readonly snapshot: Snapshot
  readonly holder: Name
  readonly number: number
  readonly records: ReadonlyMap<string, Uint8Array>
  /** How many of the cheater's second stages confirm before the first penalty can. */
  readonly seconds: 'none' | 'one' | 'all'
  /** `online`: sees each block. Else it comes back when its peer could take the money in a few blocks. */
  readonly honest: 'online' | 'looks_up' | 'catches_up'
}

export function playRevoked(history: History, row: RevokedRow): Play {
  const play = new Play(history, row.snapshot)
  const { chain, adversary, honest } = play
  if (row.honest === 'online') play.begin()
  const held = adversary.held(row.records)
  // Late enough that old HTLCs have expired: then the cheater may also time its own ones out.
  if (row.seconds !== 'none') for (let i = 0; i < OLD_HTLCS_EXPIRED; i++) mineAlone(play, row)
  const stages = secondStages(play, held, row)
  const isSameBlock = history.format === 'static_remotekey'
  // Without anchors the second stages may be in the same block; with them they are in the next.
  mineAlone(play, row, isSameBlock ? [held.tx, ...stages] : [held.tx])
  if (!isSameBlock && stages.length > 0) mineAlone(play, row, stages)
  if (row.honest !== 'online') {
    const delay = held.built.input.toSelfDelay
    while (chain.height < confirmedAt(chain, held.tx) + delay - 3) chain.mine(1)
    if (row.honest === 'looks_up') honest.sleepThrough()
    play.begin()
    honest.catchUp()
  }
  play.untilClosed()
  expectNothingRefused(play)
  expectFairFees(play, held.built.input.toSelfDelay)

  const { format, scribe } = history
  const picture = scribe.picture(row.holder, row.number)
  const burnt = format === 'static_remotekey' ? stages.reduce((sum, tx) => sum + feeOf(chain, tx), 0n) : 0n
  const left = leftOfRevoked(play, held)
  expect(play.gainedAndPaid() + left).toBe(dueOfRevokedSat(format, picture, burnt))
  expect(honest.eventsOf('revoked_commitment').map(({ commitmentNumber }) => commitmentNumber)).toEqual([row.number])
  expectToldUpstream(play)
  // The cheater has nothing of it, and has paid for its second stages.
  expect(walletOf(chain, adversary.walletScript)).toBeLessThanOrEqual(play.startOfAdversary)
  return play
}

function mineAlone(play: Play, row: RevokedRow, transactions?: readonly Tx[]): void {
  if (row.honest === 'online') play.mine(transactions ?? [])
  else play.chain.mine(1, { transactions: transactions ?? [] })
}

function confirmedAt(chain: RegtestChain, tx: Tx): number {
  const height = chain.transaction(txid(tx))?.height
  if (height === undefined) throw new Error('the commitment is confirmed')
  return height
}

/** What the cheater makes of its HTLCs: every success, and every timeout whose expiry has passed. */
function secondStages(play: Play, held: Held, row: RevokedRow): readonly Tx[] {
  if (row.seconds === 'none') return []
  const { adversary, chain, history } = play
  const possible = held.built.htlcs.filter(
    ({ htlc }) => htlc.direction === 'received' || htlc.cltvExpiry <= chain.height,
  )
  if (row.seconds === 'one') {
    const one = possible[row.number % Math.max(1, possible.length)]
    return one === undefined ? [] : [adversary.secondStage(held, one)]
  }
  const isJoining = history.format === 'anchors_zero_fee_htlc' && row.number % 2 === 0
  if (!isJoining) return possible.map(output => adversary.secondStage(held, output))
  const byLocktime = Map.groupBy(possible, ({ htlc }) => (htlc.direction === 'offered' ? htlc.cltvExpiry : 0))
  return [...byLocktime.values()].map(outputs => adversary.joinedSecondStages(held, outputs))
}

/** What is unspent below a revoked commitment: our wallet, the cheater's change, anchors, and what costs more than it holds. */
function leftOfRevoked(play: Play, held: Held): bigint {
  const { walletScript } = play.adversary
  let left = 0n
  const anchors = held.built.outputs.filter(({ type }) => type.endsWith('anchor')).map(({ script }) => script)
  for (const { amountSat, script, key } of play.unspentBelow(held.tx)) {
    if (play.isOurs(script) || bytesEqual(script, walletScript)) continue
    if (anchors.some(anchor => bytesEqual(anchor, script))) continue
    expect(amountSat, `${key} could still be worth something to the cheater`).toBeLessThan(500n)
    left += amountSat
  }
  return left
}
