import type { BlockHash, OutPoint, Result, Txid } from '../../base/index.ts'
import { type Block, type BlockHeader, headerHash, type Tx, txid } from '../../bitcoin/index.ts'
import type { ChainTip } from '../../ports/index.ts'
import { type Answer, absent, lie, silent, value } from '../checked/answer.ts'
import { DEAREST_SAT_PER_VB } from '../checked/feerate.ts'
import { fieldsOf, isWhole } from '../checked/json.ts'
import { type MerkleProof, readMerkleProof } from '../checked/merkleProof.ts'
import { ChainServer, type ClaimedHeader } from '../checked/server.ts'
import { type ElectrumAddress, readAddress } from './address.ts'
import { type HistoryItem, listsOutput, readHeader, readHeaders, readHistory, scriptHash } from './answers.ts'
import { blockOf, namedAt, txOf } from './block.ts'
import { ElectrumClient } from './client.ts'
import type { ElectrumLimits } from './limits.ts'
import { wordsOfCore } from './refusal.ts'

/** Headers that are shown of a tip: more are asked for where they do not reach what is known. */
const HEADERS_OF_TIP = 10
/** The most that servers give at once (Electrum protocol, blockchain.block.headers). */
const HEADERS_AT_ONCE = 2016
/** Transactions of a script that are looked through for the one that spends an output. */
const MOST_SPENDERS = 200
const OP_RETURN = 0x6a
/** Bitcoin Core estimates no farther ahead. */
const FARTHEST_TARGET = 1008

/** One Electrum server. */
export class ElectrumServer extends ChainServer {
  readonly #client: ElectrumClient

  constructor(text: string, limits: ElectrumLimits) {
    const address: ElectrumAddress = readAddress(text)
    super(address.where)
    this.#client = new ElectrumClient(address, limits)
  }

  async headersFrom(height?: number): Promise<Answer<readonly ClaimedHeader[]>> {
    if (height !== undefined) return this.#headers(height, HEADERS_AT_ONCE)
    const answer = await this.#client.ask('blockchain.headers.subscribe')
    if (answer.type !== 'value') return answer
    const { height: tip } = fieldsOf(answer.value)
    // The header that came with it may be gone when those below it are asked for: they are what counts.
    return isWhole(tip) ? this.#headers(tip, HEADERS_OF_TIP) : lie('something else than a tip')
  }

  async #headers(height: number, most: number): Promise<Answer<readonly ClaimedHeader[]>> {
    const from = Math.max(0, height + 1 - most)
    const asked = height + 1 - from
    const answer = await this.#client.ask('blockchain.block.headers', from, asked)
    if (answer.type !== 'value') return answer
    const read = readHeaders(answer.value, from)
    if (read.type !== 'value') return read
    if (read.value.length > asked) return lie(`${read.value.length} headers instead of ${asked}`)
    // A chain may get shorter while it is asked about, and a server may give fewer than it is asked for.
    if (most !== HEADERS_OF_TIP && read.value.length < asked) return absent
    return read
  }

  async hashAt(height: number): Promise<Answer<BlockHash>> {
    const header = await this.#headerAt(height)
    return header.type === 'value' ? value(headerHash(header.value)) : header
  }

  async headerOf({ hash, height }: ChainTip): Promise<Answer<BlockHeader>> {
    const header = await this.#headerAt(height)
    // The protocol names blocks by their height alone: this server has another one there, and lies no more than others do.
    return header.type === 'value' && headerHash(header.value) !== hash ? absent : header
  }

  async #headerAt(height: number): Promise<Answer<BlockHeader>> {
    const answer = await this.#client.ask('blockchain.block.header', height)
    return answer.type === 'value' ? readHeader(answer.value) : answer
  }

  async txAt({ height }: ChainTip, index: number): Promise<Answer<{ readonly tx: Tx; readonly proof: MerkleProof }>> {
    const named = await namedAt(this.#client, height, index)
    if (named.type !== 'value') return named
    const tx = await this.txOf(named.value.id)
    return tx.type === 'value' ? value({ tx: tx.value, proof: { height, index, branch: named.value.branch } }) : tx
  }

  txOf(id: Txid): Promise<Answer<Tx>> {
    return txOf(this.#client, id)
  }

  async merkleProofOf(tx: Tx): Promise<Answer<MerkleProof>> {
    // What cannot be spent is in no history.
    const output = tx.outputs.find(({ script }) => script[0] !== OP_RETURN)
    if (output === undefined) return absent
    const history = await this.#historyOf(output.script)
    if (history.type !== 'value') return history
    const id = txid(tx)
    const height = history.value.find(item => item.id === id)?.height
    if (height === undefined) return absent
    const answer = await this.#client.ask('blockchain.transaction.get_merkle', id, height)
    return answer.type === 'value' ? readMerkleProof(answer.value) : answer
  }

  async spenderOf(tx: Tx, outputIndex: number): Promise<Answer<{ readonly spender: Txid | undefined }>> {
    const script = tx.outputs[outputIndex]?.script
    if (script === undefined) return absent
    const id = txid(tx)
    const listed = await this.#client.ask('blockchain.scripthash.listunspent', scriptHash(script))
    if (listed.type !== 'value') return listed
    const isUnspent = listsOutput(listed.value, id, outputIndex)
    if (isUnspent.type !== 'value') return isUnspent
    if (isUnspent.value) return value({ spender: undefined })
    // What waits in the mempool takes an output from the list, too, and has spent nothing yet.
    const history = await this.#historyOf(script)
    if (history.type !== 'value') return history
    const others = history.value.filter(item => item.height !== undefined && item.id !== id)
    return this.#spenderAmong(others, { txid: id, vout: outputIndex })
  }

  async #spenderAmong(
    items: readonly HistoryItem[],
    { txid: id, vout }: OutPoint,
  ): Promise<Answer<{ readonly spender: Txid | undefined }>> {
    if (items.length > MOST_SPENDERS) return silent(`the script of output ${vout} of ${id} was used too often`)
    for (const item of items) {
      const spender = await this.txOf(item.id)
      if (spender.type !== 'value') return spender
      const spends = spender.value.inputs.some(({ outpoint }) => outpoint.txid === id && outpoint.vout === vout)
      if (spends) return value({ spender: item.id })
    }
    return value({ spender: undefined })
  }

  async #historyOf(script: Uint8Array): Promise<Answer<readonly HistoryItem[]>> {
    const answer = await this.#client.ask('blockchain.scripthash.get_history', scriptHash(script))
    return answer.type === 'value' ? readHistory(answer.value) : answer
  }

  async block(hash: BlockHash, height: number | undefined): Promise<Answer<Block>> {
    // By its hash alone nobody can ask for it.
    if (height === undefined) return absent
    const header = await this.headerOf({ hash, height })
    return header.type === 'value' ? blockOf(this.#client, { hash, height, header: header.value }) : header
  }

  async post(hex: string): Promise<Answer<Result<string, string>>> {
    const answer = await this.#client.orRefusal('blockchain.transaction.broadcast', hex)
    if (answer.type !== 'value') return answer
    if (!answer.value.ok) return value({ ok: false, error: wordsOfCore(answer.value.error) })
    const id = answer.value.value
    return typeof id === 'string' ? value({ ok: true, value: id }) : lie('something else than a transaction id')
  }

  /** A call of protocol 1.6, which servers that have it answer to whoever asks. */
  async offer(hexes: readonly string[]): Promise<void> {
    await this.#client.orRefusal('blockchain.transaction.broadcast_package', hexes)
  }

  async waitingSpenderOf({ txid: id, vout }: OutPoint): Promise<Answer<{ readonly spender: Txid | undefined }>> {
    const parent = await this.txOf(id)
    if (parent.type !== 'value') return parent
    const script = parent.value.outputs[vout]?.script
    if (script === undefined) return absent
    const history = await this.#historyOf(script)
    if (history.type !== 'value') return history
    const waiting = history.value.filter(item => item.height === undefined && item.id !== id)
    return this.#spenderAmong(waiting, { txid: id, vout })
  }

  async estimate(targetBlocks: number): Promise<Answer<number | undefined>> {
    const target = Math.max(1, Math.min(targetBlocks, FARTHEST_TARGET))
    const answer = await this.#client.ask('blockchain.estimatefee', target)
    if (answer.type !== 'value') return answer
    if (answer.value === -1) return value(undefined)
    // Bitcoins for a thousand virtual bytes.
    const satPerVb = typeof answer.value === 'number' ? answer.value * 100_000 : Number.NaN
    return satPerVb > 0 && satPerVb <= DEAREST_SAT_PER_VB ? value(satPerVb) : lie('a feerate that cannot be')
  }

  close(): void {
    this.#client.close()
  }
}
