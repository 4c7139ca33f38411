import { type BlockHash, decode, fromHex, type OutPoint, reverseBytes, type Txid } from '../../base/index.ts'
import { type BlockHeader, decodeTx, headerCodec, headerHash, type Tx, txid } from '../../bitcoin/index.ts'
import { type Answer, lie, value } from '../checked/answer.ts'
import { fieldsOf, isHash } from '../checked/json.ts'
import { type MerkleProof, readMerkleProof } from '../checked/merkleProof.ts'
import type { ClaimedHeader } from '../checked/server.ts'
import type { EsploraHttp } from './http.ts'

// What Esplora says in JSON and bytes, read without trust.

const NO_PARENT = '00'.repeat(32)

/** Some headers below a height, or below the tip, the highest first: each names the next one as its parent. */
export async function headersFrom(server: EsploraHttp, height?: number): Promise<Answer<readonly ClaimedHeader[]>> {
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
export async function headerOf(server: EsploraHttp, hash: BlockHash): Promise<Answer<BlockHeader>> {
  const answer = await server.text(`/block/${hash}/header`)
  if (answer.type !== 'value') return answer
  const bytes = /^([0-9a-f]{2})+$/.test(answer.value.trim()) ? fromHex(answer.value.trim()) : new Uint8Array(0)
  const header = decode(headerCodec, bytes)
  if (!header.ok || headerHash(header.value) !== hash) return lie(`something else than the header of block ${hash}`)
  return value(header.value)
}

export async function hashAt(server: EsploraHttp, height: number): Promise<Answer<BlockHash>> {
  return hashAnswer(await server.text(`/block-height/${height}`))
}

/** Which transaction it says stands there. */
export async function txidAt(server: EsploraHttp, block: BlockHash, index: number): Promise<Answer<Txid>> {
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
export async function txOf(server: EsploraHttp, id: Txid): Promise<Answer<Tx>> {
  const answer = await server.bytes(`/tx/${id}/raw`)
  if (answer.type !== 'value') return answer
  const tx = decodeTx(answer.value)
  if (!tx.ok || txid(tx.value) !== id) return lie(`something else than transaction ${id}`)
  return value(tx.value)
}

export async function merkleProofOf(server: EsploraHttp, id: Txid): Promise<Answer<MerkleProof>> {
  const answer = await server.json(`/tx/${id}/merkle-proof`)
  return answer.type === 'value' ? readMerkleProof(answer.value) : answer
}

/** Who has spent an output, as it says; `undefined` where no confirmed transaction has. */
export async function spenderOf(
  server: EsploraHttp,
  id: Txid,
  outputIndex: number,
): Promise<Answer<{ readonly spender: Txid | undefined }>> {
  const answer = await server.json(`/tx/${id}/outspend/${outputIndex}`)
  if (answer.type !== 'value') return answer
  return spenderIn(answer.value, true)
}

/** The same of one that waits for a block. */
export async function waitingSpenderOf(
  server: EsploraHttp,
  { txid: id, vout }: OutPoint,
): Promise<Answer<{ readonly spender: Txid | undefined }>> {
  const answer = await server.json(`/tx/${id}/outspend/${vout}`)
  return answer.type === 'value' ? spenderIn(answer.value, false) : answer
}

function spenderIn(said: unknown, isConfirmed: boolean): Answer<{ readonly spender: Txid | undefined }> {
  const { spent, txid: by, status } = fieldsOf(said)
  if (typeof spent !== 'boolean') return lie('something else than whether an output is spent')
  if (!spent || (fieldsOf(status).confirmed === true) !== isConfirmed) return value({ spender: undefined })
  return isHash(by)
    ? value({ spender: by as Txid })
    : lie('something else than the transaction that has spent an output')
}
