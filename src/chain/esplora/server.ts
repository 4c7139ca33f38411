import type { BlockHash, OutPoint, Result, Txid } from '../../base/index.ts'
import { type Block, type BlockHeader, type Tx, txid } from '../../bitcoin/index.ts'
import type { ChainTip } from '../../ports/index.ts'
import { provenBlock } from '../blockProof.ts'
import { type Answer, lie, value } from '../checked/answer.ts'
import type { MerkleProof } from '../checked/merkleProof.ts'
import { ChainServer, type ClaimedHeader } from '../checked/server.ts'
import type { HttpLimits } from '../http.ts'
import { hashAt, headerOf, headersFrom, merkleProofOf, spenderOf, txidAt, txOf, waitingSpenderOf } from './answers.ts'
import { estimateFor, readEstimates } from './estimates.ts'
import { EsploraHttp } from './http.ts'

/** One Esplora server. */
export class EsploraServer extends ChainServer {
  readonly #http: EsploraHttp

  constructor(url: string, limits: HttpLimits) {
    const http = new EsploraHttp(url, limits)
    super(http.where)
    this.#http = http
  }

  headersFrom(height?: number): Promise<Answer<readonly ClaimedHeader[]>> {
    return headersFrom(this.#http, height)
  }

  hashAt(height: number): Promise<Answer<BlockHash>> {
    return hashAt(this.#http, height)
  }

  headerOf({ hash }: ChainTip): Promise<Answer<BlockHeader>> {
    return headerOf(this.#http, hash)
  }

  async txAt({ hash }: ChainTip, index: number): Promise<Answer<{ readonly tx: Tx; readonly proof: MerkleProof }>> {
    const id = await txidAt(this.#http, hash, index)
    if (id.type !== 'value') return id
    const [tx, proof] = await Promise.all([txOf(this.#http, id.value), merkleProofOf(this.#http, id.value)])
    if (tx.type !== 'value') return tx
    return proof.type === 'value' ? value({ tx: tx.value, proof: proof.value }) : proof
  }

  txOf(id: Txid): Promise<Answer<Tx>> {
    return txOf(this.#http, id)
  }

  merkleProofOf(tx: Tx): Promise<Answer<MerkleProof>> {
    return merkleProofOf(this.#http, txid(tx))
  }

  spenderOf(tx: Tx, outputIndex: number): Promise<Answer<{ readonly spender: Txid | undefined }>> {
    return spenderOf(this.#http, txid(tx), outputIndex)
  }

  async block(hash: BlockHash): Promise<Answer<Block>> {
    const answer = await this.#http.bytes(`/block/${hash}/raw`)
    if (answer.type !== 'value') return answer
    const block = provenBlock(answer.value, hash)
    return block.ok ? value(block.value) : lie(block.error)
  }

  post(hex: string): Promise<Answer<Result<string, string>>> {
    return this.#http.post('/tx', hex)
  }

  async offer(hexes: readonly string[]): Promise<void> {
    await this.#http.post('/txs/package', JSON.stringify(hexes))
  }

  waitingSpenderOf(outpoint: OutPoint): Promise<Answer<{ readonly spender: Txid | undefined }>> {
    return waitingSpenderOf(this.#http, outpoint)
  }

  async estimate(targetBlocks: number): Promise<Answer<number | undefined>> {
    const answer = await this.#http.json('/fee-estimates')
    if (answer.type !== 'value') return answer
    const estimates = readEstimates(answer.value)
    return estimates.type === 'value' ? value(estimateFor(estimates.value, targetBlocks)) : estimates
  }

  close(): void {
    this.#http.close()
  }
}
