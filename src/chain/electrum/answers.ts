import { type BlockHash, decode, fromHex, reverseBytes, type Txid, toHex } from '../../base/index.ts'
import { type BlockHeader, decodeTx, headerCodec, headerHash, type Tx, txid } from '../../bitcoin/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { type Answer, lie, value } from '../checked/answer.ts'
import { fieldsOf, isHash, isWhole } from '../checked/json.ts'
import type { ClaimedHeader } from '../checked/server.ts'

// What Electrum servers say in JSON, read without trust.

export const HEADER_BYTES = 80

/** Bytes from hexadecimal; none for anything else. */
function bytesIn(json: unknown): Uint8Array {
  return typeof json === 'string' && /^([0-9a-f]{2})+$/i.test(json) ? fromHex(json.toLowerCase()) : new Uint8Array(0)
}

export function readHeader(json: unknown): Answer<BlockHeader> {
  const header = decode(headerCodec, bytesIn(json))
  return header.ok ? value(header.value) : lie('something else than a header')
}

/** The headers from a height upwards, as the protocol chains them; given the highest first. */
export function readHeaders(json: unknown, from: number): Answer<readonly ClaimedHeader[]> {
  const bytes = bytesIn(fieldsOf(json).hex)
  if (bytes.length === 0 || bytes.length % HEADER_BYTES !== 0) return lie('something else than headers')
  const read: ClaimedHeader[] = []
  for (let at = 0; at < bytes.length; at += HEADER_BYTES) {
    const header = decode(headerCodec, bytes.slice(at, at + HEADER_BYTES))
    if (!header.ok) return lie('something else than headers')
    const below = read.at(-1)
    const hash: BlockHash = headerHash(header.value)
    if (below !== undefined && header.value.previous !== below.hash)
      return lie(`blocks ${hash} and ${below.hash}, which are not one on top of the other`)
    read.push({ hash, height: from + read.length, header: header.value })
  }
  return value(read.toReversed())
}

/** The transaction with this id. */
export function readTx(json: unknown, id: Txid): Answer<Tx> {
  const tx = decodeTx(bytesIn(json))
  if (!tx.ok || txid(tx.value) !== id) return lie(`something else than transaction ${id}`)
  return value(tx.value)
}

/** One line of the history of a script. */
export interface HistoryItem {
  readonly id: Txid
  /** `undefined` where it is not confirmed. */
  readonly height: number | undefined
}

/** Lines of a history that are read. What has more is not the output of a channel. */
const MOST_HISTORY = 10_000

export function readHistory(json: unknown): Answer<readonly HistoryItem[]> {
  if (!Array.isArray(json) || json.length > MOST_HISTORY) return lie('something else than a history')
  const items: HistoryItem[] = []
  for (const line of json as readonly unknown[]) {
    const { tx_hash: id, height } = fieldsOf(line)
    if (!isHash(id) || !Number.isSafeInteger(height)) return lie('something else than a history')
    // The protocol writes 0 and -1 for what waits. A txid is written as a hash is, and the number was looked at right above.
    items.push({ id: id as Txid, height: Number(height) > 0 ? Number(height) : undefined })
  }
  return value(items)
}

/** Whether an output is among those that are listed as unspent. */
export function listsOutput(json: unknown, id: Txid, outputIndex: number): Answer<boolean> {
  if (!Array.isArray(json)) return lie('something else than a list of outputs')
  const lines = (json as readonly unknown[]).map(fieldsOf)
  if (!lines.every(({ tx_hash, tx_pos }) => isHash(tx_hash) && isWhole(tx_pos)))
    return lie('something else than a list of outputs')
  return value(lines.some(({ tx_hash, tx_pos }) => tx_hash === id && tx_pos === outputIndex))
}

/** How the protocol names a script: its SHA-256, written backwards. */
export const scriptHash = (script: Uint8Array): string => toHex(reverseBytes(sha256(script)))
