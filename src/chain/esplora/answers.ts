import {
  type BlockHash,
  bytesEqual,
  concat,
  decode,
  fromHex,
  type OutPoint,
  reverseBytes,
  type Txid,
} from '../../base/index.ts'
import {
  type BlockHeader,
  decodeTx,
  encodeTxWithoutWitness,
  headerCodec,
  headerHash,
  type Tx,
  txid,
} from '../../bitcoin/index.ts'
import { sha256d } from '../../crypto/index.ts'
import { type Answer, type EsploraServer, lie, value } from './server.ts'

// What Esplora says in JSON and bytes, read without trust.

export interface ClaimedHeader {
  readonly hash: BlockHash
  /** What the server says. */
  readonly height: number
  readonly header: BlockHeader
}

const NO_PARENT = '00'.repeat(32)

/** Some headers below a height, or below the tip, the highest first: each names the next one as its parent. */
export async function headersFrom(server: EsploraServer, height?: number): Promise<Answer<readonly ClaimedHeader[]>> {
  const answer = await server.json(height === undefined ? '/blocks' : `/blocks/${height}`)
  if (answer.type !== 'value') return answer
  const blocks = Array.isArray(answer.value) ? answer.value.map(claimedHeader) : []
  const read: ClaimedHeader[] = []
  for (const block of blocks) {
    if (block === undefined) return lie('a list of blocks that cannot be read')
    const above = read.at(-1)
    if (above !== undefined && (above.header.previous !== block.hash || above.height !== block.height + 1))
      return lie(`blocks ${above.hash} and ${block.hash}, which are not one on top of the other`)
    read.push(block)
  }
  const top = read[0]
  if (top === undefined) return lie('something else than blocks')
  if (height !== undefined && top.height !== height) return lie(`block ${top.height} instead of ${height}`)
  return value(read)
}

function claimedHeader(json: unknown): ClaimedHeader | undefined {
  const { id, height, version, timestamp, bits, nonce, merkle_root, previousblockhash } = fieldsOf(json)
  const previous = previousblockhash ?? NO_PARENT
  if (!isHash(id) || !isHash(merkle_root) || !isHash(previous)) return undefined
  if (![version, height, timestamp, bits, nonce].every(Number.isSafeInteger)) return undefined
  // Looked at right above.
  const numbers = { version, time: timestamp, bits, nonce } as Pick<BlockHeader, 'version' | 'time' | 'bits' | 'nonce'>
  const at = Number(height)
  const fits = [numbers.time, numbers.bits, numbers.nonce].every(number => number >= 0 && number <= 0xffffffff)
  if (!fits || at < 0 || Math.abs(numbers.version) > 0xffffffff) return undefined
  const header: BlockHeader = {
    ...numbers,
    version: numbers.version | 0,
    previous: previous as BlockHash,
    merkleRoot: reverseBytes(fromHex(merkle_root)),
  }
  return headerHash(header) === id ? { hash: id as BlockHash, height: at, header } : undefined
}

/** The header with this hash. */
export async function headerOf(server: EsploraServer, hash: BlockHash): Promise<Answer<BlockHeader>> {
  const answer = await server.text(`/block/${hash}/header`)
  if (answer.type !== 'value') return answer
  const bytes = /^([0-9a-f]{2})+$/.test(answer.value.trim()) ? fromHex(answer.value.trim()) : new Uint8Array(0)
  const header = decode(headerCodec, bytes)
  if (!header.ok || headerHash(header.value) !== hash) return lie(`something else than the header of block ${hash}`)
  return value(header.value)
}

export async function hashAt(server: EsploraServer, height: number): Promise<Answer<BlockHash>> {
  return hashAnswer(await server.text(`/block-height/${height}`))
}

/** Which transaction it says stands there. */
export async function txidAt(server: EsploraServer, block: BlockHash, index: number): Promise<Answer<Txid>> {
  // A txid is written as a hash is.
  const answer = hashAnswer(await server.text(`/block/${block}/txid/${index}`)) as Answer<string>
  return answer as Answer<Txid>
}

function hashAnswer(answer: Answer<string>): Answer<BlockHash> {
  if (answer.type !== 'value') return answer
  const text = answer.value.trim()
  return isHash(text) ? value(text as BlockHash) : lie('something else than a hash')
}

/** The transaction with this id. */
export async function txOf(server: EsploraServer, id: Txid): Promise<Answer<Tx>> {
  const answer = await server.bytes(`/tx/${id}/raw`)
  if (answer.type !== 'value') return answer
  const tx = decodeTx(answer.value)
  if (!tx.ok || txid(tx.value) !== id) return lie(`something else than transaction ${id}`)
  return value(tx.value)
}

/** A branch of a merkle tree up to its root, in wire order. */
export interface MerkleProof {
  readonly height: number
  readonly index: number
  readonly branch: readonly Uint8Array[]
}

export async function merkleProofOf(server: EsploraServer, id: Txid): Promise<Answer<MerkleProof>> {
  const answer = await server.json(`/tx/${id}/merkle-proof`)
  if (answer.type !== 'value') return answer
  const { block_height: height, pos: index, merkle } = fieldsOf(answer.value)
  if (!isWhole(height) || !isWhole(index) || !Array.isArray(merkle) || merkle.length > MOST_LEVELS)
    return lie('something else than a merkle proof')
  const hashes: readonly unknown[] = merkle
  if (!hashes.every(isHash)) return lie('something else than a merkle proof')
  return value({ height, index, branch: hashes.map(hash => reverseBytes(fromHex(hash))) })
}

/** A block has fewer than 2^17 transactions: each has at least 60 bytes. */
const MOST_LEVELS = 17
/** A transaction of this length may be two hashes in a row, and so a node of the tree instead of a leaf (CVE-2017-12842). */
const LENGTH_OF_TWO_HASHES = 64

/** Whether the proof leads from this transaction at this index to the merkle root of the block. */
export function proves({ index, branch }: MerkleProof, tx: Tx, { merkleRoot }: BlockHeader): boolean {
  const bytes = encodeTxWithoutWitness(tx)
  if (bytes.length === LENGTH_OF_TWO_HASHES || index >= 2 ** branch.length) return false
  let hash = sha256d(bytes)
  let at = index
  for (const sibling of branch) {
    const isRight = at % 2 === 1
    // Only the last of a level stands beside itself, and then on the left (CVE-2012-2459).
    if (isRight && bytesEqual(hash, sibling)) return false
    hash = sha256d(isRight ? concat(sibling, hash) : concat(hash, sibling))
    at = Math.floor(at / 2)
  }
  return bytesEqual(hash, merkleRoot)
}

/** Who has spent an output, as it says; `undefined` where no confirmed transaction has. */
export async function spenderOf(
  server: EsploraServer,
  id: Txid,
  outputIndex: number,
): Promise<Answer<{ readonly spender: Txid } | { readonly spender: undefined }>> {
  const answer = await server.json(`/tx/${id}/outspend/${outputIndex}`)
  if (answer.type !== 'value') return answer
  return spenderIn(answer.value, true)
}

/** The same of one that waits for a block. */
export async function waitingSpenderOf(
  server: EsploraServer,
  { txid: id, vout }: OutPoint,
): Promise<Answer<{ readonly spender: Txid | undefined }>> {
  const answer = await server.json(`/tx/${id}/outspend/${vout}`)
  return answer.type === 'value' ? spenderIn(answer.value, false) : answer
}

function spenderIn(
  said: unknown,
  isConfirmed: boolean,
): Answer<{ readonly spender: Txid } | { readonly spender: undefined }> {
  const { spent, txid: by, status } = fieldsOf(said)
  if (typeof spent !== 'boolean') return lie('something else than whether an output is spent')
  if (!spent || (fieldsOf(status).confirmed === true) !== isConfirmed) return value({ spender: undefined })
  return isHash(by)
    ? value({ spender: by as Txid })
    : lie('something else than the transaction that has spent an output')
}

function fieldsOf(json: unknown): Readonly<Record<string, unknown>> {
  // Objects of JSON have nothing but fields.
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
}

const isHash = (json: unknown): json is string => typeof json === 'string' && /^[0-9a-f]{64}$/.test(json)
const isWhole = (json: unknown): json is number => typeof json === 'number' && Number.isSafeInteger(json) && json >= 0
