import { type BlockHash, bytesEqual } from '../../base/index.ts'
import { type Block, script, scriptNumber } from '../../bitcoin/index.ts'
import type { ChainBlock } from '../../ports/index.ts'
import { type ChainNetwork, NETWORKS } from '../networks.ts'
import { type Answer, lie, value } from './answer.ts'
import type { ChainServer } from './server.ts'
import type { Servers } from './servers.ts'
import type { HeaderView } from './view.ts'

/** Since then each coinbase begins with its height (BIP 34); on the other networks, from the first block on. */
const FIRST_WITH_HEIGHT = 227_931

/** Blocks by their hash: whoever gives the bytes, they prove themselves. */
export class Blocks {
  readonly #servers: Servers
  readonly #view: HeaderView
  readonly #network: ChainNetwork

  constructor(servers: Servers, view: HeaderView, network: ChainNetwork) {
    this.#servers = servers
    this.#view = view
    this.#network = network
  }

  /** `undefined` where no server has it and it is not on the best chain. */
  async get(hash: BlockHash): Promise<ChainBlock | undefined> {
    if (this.#heightOnBest(hash) === undefined) await this.#view.refresh()
    const found = await this.#servers.first(server => this.#from(server, hash))
    if (found !== undefined) return found
    const node = this.#view.get(hash)
    if (node === undefined || !this.#view.isBest(node)) return undefined
    throw this.#servers.failure([{ text: `nobody has block ${node.height} (${hash})`, isLie: true }])
  }

  /** Where the best chain has it, as far as its headers are known. */
  #heightOnBest(hash: BlockHash): number | undefined {
    if (hash === NETWORKS[this.#network].genesisHash) return 0
    const node = this.#view.get(hash)
    return node !== undefined && this.#view.isBest(node) ? node.height : undefined
  }

  async #from(server: ChainServer, hash: BlockHash): Promise<Answer<ChainBlock>> {
    const block = await server.block(hash, this.#heightOnBest(hash))
    if (block.type !== 'value') return block
    const { transactions } = block.value
    const height = this.#heightOf(hash, block.value)
    return height === undefined
      ? lie(`block ${hash}, whose height is another one`)
      : value({ hash, height, transactions })
  }

  /** From its headers, which the block itself has to confirm; of one aside of them, from the block alone. */
  #heightOf(hash: BlockHash, block: Block): number | undefined {
    if (hash === NETWORKS[this.#network].genesisHash) return 0
    const linked = this.#view.get(hash)?.height
    const written = heightWritten(block)
    if (linked === undefined) return written
    if (this.#network === 'bitcoin' && linked < FIRST_WITH_HEIGHT) return linked
    return written === linked ? linked : undefined
  }
}

/** BIP 34: the coinbase begins with its height, as a script pushes a number. */
function heightWritten({ transactions: [coinbase] }: Block): number | undefined {
  const bytes = coinbase?.inputs[0]?.scriptSig
  const first = bytes?.[0]
  if (bytes === undefined || first === undefined) return undefined
  const SMALL = 0x50
  if (first > SMALL && first <= SMALL + 16) return first - SMALL
  const number = bytes.slice(1, 1 + first)
  const height = number.reduceRight((sum, byte) => sum * 256 + byte, 0)
  return first <= 4 && bytesEqual(bytes.slice(0, 1 + first), script(scriptNumber(height))) ? height : undefined
}
