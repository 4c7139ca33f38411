import type { Txid } from '../../base/index.ts'
import type { RegtestChain } from '../chain.ts'
import type { MempoolEntry } from '../mempool/pool.ts'
import { btc, type Json } from './json.ts'
import type { Session } from './session.ts'

// Waiting transactions in the shape of Core's `entryToJSON`.

/** Sequence numbers up to here say that the transaction may be replaced (BIP 125). */
const MAX_BIP125_SEQUENCE = 0xfffffffd

export function entryView(session: Session, entry: MempoolEntry): Readonly<Record<string, Json>> {
  const { chain } = session
  const ancestors = withRelatives(entry, at => parentsOf(chain, at))
  const descendants = withRelatives(entry, at => childrenOf(chain, at))
  return {
    vsize: entry.vsize,
    weight: entry.weight,
    time: session.arrivedAt(entry.txid),
    height: entry.height,
    descendantcount: descendants.length,
    descendantsize: sizeOf(descendants),
    ancestorcount: ancestors.length,
    ancestorsize: sizeOf(ancestors),
    wtxid: entry.wtxid,
    fees: {
      base: btc(entry.feeSat),
      modified: btc(entry.feeSat),
      ancestor: btc(feesOf(ancestors)),
      descendant: btc(feesOf(descendants)),
    },
    depends: parentsOf(chain, entry).map(({ txid }) => txid),
    spentby: childrenOf(chain, entry).map(({ txid }) => txid),
    'bip125-replaceable': ancestors.some(signalsReplacement),
    unbroadcast: false,
  }
}

/** All waiting transactions that it rests on, itself left out. */
export function ancestorsOf(chain: RegtestChain, entry: MempoolEntry): readonly MempoolEntry[] {
  return withRelatives(entry, at => parentsOf(chain, at)).slice(1)
}

/** All waiting transactions that rest on it, itself left out. */
export function descendantsOf(chain: RegtestChain, entry: MempoolEntry): readonly MempoolEntry[] {
  return withRelatives(entry, at => childrenOf(chain, at)).slice(1)
}

function withRelatives(
  entry: MempoolEntry,
  next: (at: MempoolEntry) => readonly MempoolEntry[],
): readonly MempoolEntry[] {
  const found = new Set([entry])
  for (const at of found) for (const relative of next(at)) found.add(relative)
  return [...found]
}

function parentsOf(chain: RegtestChain, { tx }: MempoolEntry): readonly MempoolEntry[] {
  return entriesOf(
    chain,
    tx.inputs.map(input => input.outpoint.txid),
  )
}

function childrenOf(chain: RegtestChain, { tx, txid }: MempoolEntry): readonly MempoolEntry[] {
  return entriesOf(
    chain,
    [...tx.outputs.keys()].flatMap(vout => chain.spendingTx({ txid, vout })?.txid ?? []),
  )
}

function entriesOf(chain: RegtestChain, txids: readonly Txid[]): readonly MempoolEntry[] {
  return [...new Set(txids)].flatMap(txid => chain.mempoolEntry(txid) ?? [])
}

const sizeOf = (entries: readonly MempoolEntry[]): number => entries.reduce((sum, { vsize }) => sum + vsize, 0)
const feesOf = (entries: readonly MempoolEntry[]): bigint => entries.reduce((sum, { feeSat }) => sum + feeSat, 0n)

function signalsReplacement({ tx }: MempoolEntry): boolean {
  return tx.inputs.some(input => input.sequence <= MAX_BIP125_SEQUENCE)
}
