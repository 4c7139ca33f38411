import type { BlockHash, Txid } from '../../base/index.ts'
import { type BlockHeader, meetsTarget, type Tx, txid } from '../../bitcoin/index.ts'
import type { ChainOutput, ChainPlace } from '../../ports/index.ts'
import { type Answer, lie, value } from './answer.ts'
import type { Blocks } from './blocks.ts'
import { proves } from './merkleProof.ts'
import type { ChainServer } from './server.ts'
import type { Servers } from './servers.ts'
import type { HeaderView } from './view.ts'

/** Above this depth a block is fetched whole: a proof of one transaction would speak of whichever block is there when it is made. */
const DEEP = 6
/** Servers whose word it takes that an output is unspent, which nothing can prove. */
const WITNESSES = 2

interface Place {
  readonly hash: BlockHash
  readonly height: number
  readonly header: BlockHeader
}

/** Outputs by their place in the chain: that they are there is proven, and that they are spent; that they are not is asked of two. */
export class Outputs {
  readonly #servers: Servers
  readonly #view: HeaderView
  readonly #blocks: Blocks

  constructor(servers: Servers, view: HeaderView, blocks: Blocks) {
    this.#servers = servers
    this.#view = view
    this.#blocks = blocks
  }

  async at({ height, txIndex, outputIndex }: ChainPlace): Promise<ChainOutput | undefined> {
    const tip = await this.#view.refresh()
    if (height > tip.height) return undefined
    const place = await this.#placeAt(height)
    const tx = place && (await this.#txAt(place, txIndex, tip.height))
    if (tx === undefined) return undefined
    const id = txid(tx)
    const output = tx.outputs[outputIndex]
    if (output === undefined || (await this.#isSpent(tx, outputIndex, tip.height))) return { txid: id }
    return { txid: id, unspent: { amountSat: output.amountSat, script: output.script } }
  }

  /** Whether a transaction is in a block of the best chain. */
  async isConfirmed(id: Txid): Promise<boolean> {
    const found = await this.#servers.first(async server => {
      const tx = await server.txOf(id)
      return tx.type === 'value' ? this.#confirmed(server, tx.value) : tx
    })
    return found !== undefined
  }

  /**
   * The block at this height. One far below all headers that are linked is as two servers name it, and has its work: what a
   * short_channel_id of long ago names is nobody's money of ours.
   */
  async #placeAt(height: number): Promise<Place | undefined> {
    const { headersForPlace } = this.#servers.limits
    if (height >= (this.#view.lowestHeight ?? 0) - headersForPlace) return this.#view.at(height)
    const hash = await this.#agreed(server => server.hashAt(height))
    if (hash === undefined) throw this.#servers.failure([{ text: `nobody shows block ${height}`, isLie: true }])
    return this.#servers.first(async server => {
      const header = await server.headerOf({ hash, height })
      if (header.type !== 'value') return header
      return meetsTarget(hash, header.value.bits)
        ? value({ hash, height, header: header.value })
        : lie('a block without its work')
    })
  }

  async #txAt(place: Place, index: number, tipHeight: number): Promise<Tx | undefined> {
    if (place.height <= tipHeight - DEEP) {
      const proven = await this.#servers.first(server => this.#provenAt(server, place, index))
      if (proven !== undefined) return proven
    }
    // That there is none is proven by all that there are.
    return (await this.#blocks.get(place.hash))?.transactions[index]
  }

  async #provenAt(server: ChainServer, place: Place, index: number): Promise<Answer<Tx>> {
    const answer = await server.txAt(place, index)
    if (answer.type !== 'value') return answer
    const { tx, proof } = answer.value
    return proof.index === index && proves(proof, tx, place.header)
      ? value(tx)
      : lie(`transaction ${txid(tx)}, which is not at index ${index} of block ${place.height}`)
  }

  /** A server that shows who has spent it, and proves it, is believed over those that say it is unspent. */
  async #isSpent(tx: Tx, outputIndex: number, tipHeight: number): Promise<boolean> {
    const id = txid(tx)
    const deny: ChainServer[] = []
    const silent: string[] = []
    for (const server of this.#servers.good) {
      if (deny.length >= WITNESSES) break
      const answer = this.#servers.judged(server, await this.#spent(server, tx, outputIndex))
      if (answer.type === 'value') {
        if (answer.value === undefined) deny.push(server)
        else {
          // A spend in the newest block may be news to the others.
          const isOld = answer.value < tipHeight
          for (const liar of isOld ? deny : [])
            this.#servers.setAside(liar, `unspent for output ${outputIndex} of ${id}, which a block has spent`)
          return true
        }
      } else if (answer.type === 'silent') silent.push(`${server.where}: ${answer.reason}`)
      else silent.push(`${server.where} does not say whether output ${outputIndex} of ${id} is spent`)
    }
    if (deny.length === 0) throw this.#servers.failure(silent.map(text => ({ text, isLie: false })))
    return false
  }

  /** The height at which it was spent; `undefined` where it is not, as the server says. */
  async #spent(server: ChainServer, spent: Tx, outputIndex: number): Promise<Answer<number | undefined>> {
    const id = txid(spent)
    const answer = await server.spenderOf(spent, outputIndex)
    if (answer.type !== 'value') return answer
    const { spender } = answer.value
    if (spender === undefined) return value(undefined)
    const tx = await server.txOf(spender)
    if (tx.type === 'silent' || tx.type === 'lie') return tx
    const spends = ({ inputs }: Tx) =>
      inputs.some(({ outpoint }) => outpoint.txid === id && outpoint.vout === outputIndex)
    const what = `transaction ${spender} as what has spent output ${outputIndex} of ${id}, and does not prove it`
    if (tx.type === 'absent' || !spends(tx.value)) return lie(what)
    const confirmed = await this.#confirmed(server, tx.value)
    if (confirmed.type === 'absent') return lie(what)
    return confirmed
  }

  async #confirmed(server: ChainServer, tx: Tx): Promise<Answer<number>> {
    const proof = await server.merkleProofOf(tx)
    if (proof.type !== 'value') return proof
    const { height } = proof.value
    const place = await this.#placeAt(height)
    if (place === undefined || !proves(proof.value, tx, place.header))
      return lie(`a proof that ${txid(tx)} is in block ${height}, where it is not`)
    return value(height)
  }

  /** What two servers say, or the only one that answers; the others are set aside by nobody, since nothing is proven. */
  async #agreed<T>(question: (server: ChainServer) => Promise<Answer<T>>): Promise<T | undefined> {
    const said: T[] = []
    for (const server of this.#servers.good) {
      const answer = this.#servers.judged(server, await question(server))
      if (answer.type !== 'value') continue
      if (said.includes(answer.value)) return answer.value
      said.push(answer.value)
    }
    return said.length === 1 ? said[0] : undefined
  }
}
