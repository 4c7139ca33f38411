import { outPointKey, paymentHash, pmapEntries, pmapGet, type Txid } from '../../base/index.ts'
import { type Tx, txid } from '../../bitcoin/index.ts'
import type { Htlc } from '../../channel/index.ts'
import { sha256 } from '../../crypto/index.ts'
import type { EngineState, Link } from '../../engine/index.ts'
import { isRevokedNumber } from '../due.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, Turn, WatchedNode, WatchedWorld } from '../observer.ts'
import { fundedOf } from './changedLinks.ts'

/** Less than that may not be worth its claim on the dearest day of a world. */
const WORTH_ANY_CLAIM_SAT = 25_000n
const PREIMAGE_BYTES = 32

/**
 * What waits for a block is acted on in the turn in which it is seen: the preimages in it settle what was offered for them, and beside a
 * commitment that is revoked waits what takes its main output.
 */
export function waiting({ lost }: Pick<WatchedWorld, 'lost'>): Observer {
  /** What each process has seen while the funding output was free, and has not punished then. */
  const unpunished = new WeakMap<WatchedNode, Set<Txid>>()
  return {
    name: 'waiting',
    started: node => {
      unpunished.delete(node)
      return undefined
    },
    turn: (node, turn) => {
      if (node.plan.isAdversary || lost?.has(node)) return undefined
      for (const input of turn.inputs) {
        if (input.type !== 'spend_seen') continue
        const complaint = openComplaint(node, turn.after, input.tx)
        if (complaint !== undefined) return complaint
        if (isRevokedHere(turn.before, input.tx) && !isPunished(turn, input.tx)) {
          const seen = unpunished.get(node) ?? new Set()
          unpunished.set(node, seen.add(txid(input.tx)))
        }
      }
      return lateComplaint(node, turn, unpunished.get(node))
    },
  }
}

/** Somebody still waits for an HTLC whose preimage is there to be read. */
function openComplaint({ name }: WatchedNode, after: EngineState, tx: Tx): Complaint {
  const hashes = new Set(
    tx.inputs.flatMap(({ witness }) =>
      witness.filter(({ length }) => length === PREIMAGE_BYTES).map(item => paymentHash(sha256(item))),
    ),
  )
  if (hashes.size === 0) return undefined
  const spent = tx.inputs.map(({ outpoint }) => outPointKey(outpoint))
  for (const [what, { link, id }] of awaited(after)) {
    const there = pmapGet(after.links, String(link))
    const htlc = htlcOf(there, id)
    if (htlc === undefined || htlc.added === 'proposed' || !hashes.has(htlc.paymentHash)) continue
    if (!spent.some(outpoint => there?.state.watched.has(outpoint) === true)) continue
    return `${name} has seen the preimage of HTLC ${id} of link ${link} in ${txid(tx)}, which waits for a block, and ${what} still waits for it`
  }
  return undefined
}

interface Offered {
  readonly link: number
  readonly id: number
}

/** The HTLCs that it has offered, for itself or for others, and that have no end yet. */
function* awaited({ payments }: EngineState): Generator<readonly [string, Offered]> {
  for (const [, { outbound, id }] of pmapEntries(payments.forwards))
    yield [`what it passes on for HTLC ${id}`, outbound]
  for (const [number, { parts }] of pmapEntries(payments.inFlight))
    for (const part of parts) yield [`payment ${number}`, part]
}

function htlcOf(link: Link | undefined, id: number): Htlc | undefined {
  return fundedOf(link)?.durable.htlcs.find(htlc => htlc.offeredBy === 'local' && htlc.id === id)
}

/** A commitment of the peer's that it has revoked, of a channel nothing of which is in a block yet. */
function isRevokedHere(state: EngineState, tx: Tx): boolean {
  const spent = tx.inputs.map(({ outpoint }) => outPointKey(outpoint))
  return linksOf(state).some(link => {
    const channel = fundedOf(link)
    if (channel === undefined || !spent.includes(outPointKey(channel.durable.params.fundingOutpoint))) return false
    const isOpen = (link.state.onchain?.facts.transactions.length ?? 0) === 0
    return isOpen && link.closingTxid !== txid(tx) && isRevokedNumber(channel.durable, tx)
  })
}

function isPunished({ effects }: Turn, tx: Tx): boolean {
  return effects.some(effect => effect.type === 'publish' && takesFrom(effect.tx, txid(tx)))
}

const takesFrom = ({ inputs }: Tx, from: Txid): boolean => inputs.some(({ outpoint }) => outpoint.txid === from)

/** What it knows in the turn of its block it has known before: the archive has not been asked yet. */
function lateComplaint({ name }: WatchedNode, { inputs, effects }: Turn, seen: ReadonlySet<Txid> = NONE): Complaint {
  if (seen.size === 0) return undefined
  const confirmed = inputs.flatMap(input => (input.type === 'block_connected' ? input.transactions.map(txid) : []))
  const late = confirmed.filter(id => seen.has(id))
  for (const effect of late.length === 0 ? [] : effects) {
    if (effect.type !== 'publish' || effect.role !== 'penalty') continue
    const from = late.find(id => takesFrom(effect.tx, id))
    const taken = effect.tx.outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
    if (from === undefined || taken < WORTH_ANY_CLAIM_SAT) continue
    return `${name} takes ${taken} sat of the revoked commitment ${from} with its block, and has seen it wait`
  }
  return undefined
}

const NONE: ReadonlySet<Txid> = new Set()
