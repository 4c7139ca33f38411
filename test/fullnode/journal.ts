import { decode, defined, encode, err, fromHex, toHex } from '../../src/base/index.ts'
import { addressFromScript, blockCodec, encodeTx, type Tx } from '../../src/bitcoin/index.ts'
import { type ChainBlock, createRegtestChain, type RegtestChain } from '../../src/regtest/index.ts'
import type { Broken } from './breaking.ts'
import { BITCOIND_EXE, type FullNode, RpcError, startBitcoind, startBtcd } from './fullNode.ts'

// One history on two chains: it happens on the embedded one, and is written down; then the full node gets the same, in the same order.

/** As many blocks let a node that follows BIP 9 on regtest know segwit, relative locks and taproot: three periods of 144, and some coins. */
const BASE_BLOCKS = 460

type Entry =
  | { readonly type: 'block'; readonly hex: string; readonly hash: string }
  /** `reason`: why the embedded chain refused it. `broken`: how it was made of one that is good; it was tried, and changed nothing. */
  | { readonly type: 'tx'; readonly hex: string; readonly reason: string | undefined; readonly broken?: Broken }

/** The full nodes that are asked. */
export const FULL_NODES: readonly { readonly name: string; readonly start: () => Promise<FullNode> }[] = [
  { name: 'btcd', start: () => startBtcd(MINING_ADDRESS) },
  ...(BITCOIND_EXE === undefined
    ? []
    : [{ name: 'bitcoind', start: () => startBitcoind(BITCOIND_EXE ?? '', MINING_ADDRESS) }]),
]

/** Where the two do not agree. */
export interface Disagreement {
  readonly what: string
  readonly embedded: string
  readonly fullNode: string
  readonly hex: string
}

export interface Replayed {
  readonly disagreements: readonly Disagreement[]
  /** By both, of all. */
  readonly accepted: number
  readonly published: number
  readonly tried: number
}

/** An embedded chain that stands where the full node does, and judges replacements as it does. */
export async function chainBeside(node: FullNode): Promise<RegtestChain> {
  const chain = chainOn(await commonBase(node))
  if (node.name === 'bitcoind' && (await versionOf(node)) >= CORE_WITH_DIAGRAMS) withDiagrams(chain)
  return chain
}

async function versionOf(node: FullNode): Promise<number> {
  const { version } = (await node.call('getnetworkinfo')) as { readonly version?: unknown }
  return Number(version)
}

/** All blocks of the full node, and enough of them, which it mines itself: their coins are the embedded chain's to give. */
async function commonBase(node: FullNode): Promise<readonly Uint8Array[]> {
  const known = Number(await node.call('getblockcount'))
  if (known < BASE_BLOCKS) await node.mine(BASE_BLOCKS - known)
  const blocks: Uint8Array[] = []
  for (let height = 1; height <= Math.max(BASE_BLOCKS, known); height++) {
    const hash = await node.call('getblockhash', height)
    blocks.push(fromHex(String(await node.call('getblock', hash, 0))))
  }
  return blocks
}

/** The address that the blocks of the embedded chain pay. */
export const MINING_ADDRESS = defined(
  addressFromScript(createRegtestChain().minerScript, 'regtest'),
  'a miner has an address',
)

/** An embedded chain on that base. Blocks carry the time of the machine: a full node takes none of the far future. */
function chainOn(base: readonly Uint8Array[]): RegtestChain {
  const chain = createRegtestChain({ now: () => Math.floor(Date.now() / 1000) })
  for (const bytes of base) {
    const block = decode(blockCodec, bytes)
    if (!block.ok) throw new Error(block.error.message)
    const taken = chain.submitBlock(block.value)
    if (!taken.ok) throw new Error(`the embedded chain refuses a block of the full node: ${taken.error.reason}`)
  }
  return chain
}

const CORE_WITH_DIAGRAMS = 310_000

/**
 * Since version 31 Core weighs a replacement against what it replaces to the weight unit, and before to the virtual byte: of two that pay
 * the same feerate the larger one could take the place of the smaller. Here the stricter of both holds.
 */
function withDiagrams(chain: RegtestChain): void {
  const [submit, testAccept] = [chain.submit.bind(chain), chain.testAccept.bind(chain)]
  const judged: RegtestChain['testAccept'] = tx => {
    const taken = testAccept(tx)
    if (!taken.ok) return taken
    const replaced = tx.inputs.flatMap(({ outpoint }) => {
      const spender = chain.spendingTx(outpoint)
      const entry = spender === undefined ? undefined : chain.mempoolEntry(spender.txid)
      return entry === undefined ? [] : [entry]
    })
    const { feeSat, weight } = taken.value
    const isBetter = replaced.every(old => feeSat * BigInt(old.weight) > old.feeSat * BigInt(weight))
    return isBetter ? taken : err({ reason: 'insufficient fee', details: 'not above the feerate of what it replaces' })
  }
  chain.testAccept = judged
  chain.submit = tx => {
    const taken = judged(tx)
    return taken.ok ? submit(tx) : taken
  }
}

/** Writes down what happens on an embedded chain from now on. `breakings`: what is tried of each transaction that it takes. */
export class Journal {
  readonly #entries: Entry[] = []
  readonly #chain: RegtestChain

  constructor(chain: RegtestChain, breakings: (tx: Tx) => readonly Broken[] = () => []) {
    this.#chain = chain
    chain.onBlock(({ type, block }) => {
      if (type === 'block_connected') this.#wrote(block)
    })
    const submit = chain.submit.bind(chain)
    chain.submit = tx => {
      const tried = chain.testAccept(tx).ok ? breakings(tx) : []
      for (const broken of tried) this.#tried(broken)
      const taken = submit(tx)
      this.#entries.push({ type: 'tx', hex: toHex(encodeTx(tx)), reason: taken.ok ? undefined : taken.error.reason })
      return taken
    }
  }

  #wrote({ hash, header, transactions }: ChainBlock): void {
    this.#entries.push({ type: 'block', hash, hex: toHex(encode(blockCodec, { header, transactions })) })
  }

  /** Whether a transaction would be taken as things are. Nothing changes. */
  tries(tx: Tx, how: string): void {
    this.#tried({ tx, how })
  }

  #tried(broken: Broken): void {
    const judged = this.#chain.testAccept(broken.tx)
    const reason = judged.ok ? undefined : judged.error.reason
    this.#entries.push({ type: 'tx', hex: toHex(encodeTx(broken.tx)), reason, broken })
  }

  /** Gives all that was written down since the last time to the full node. */
  async replay(node: FullNode): Promise<Replayed> {
    const disagreements: Disagreement[] = []
    let [accepted, published, tried] = [0, 0, 0]
    for (const entry of this.#entries.splice(0)) {
      if (entry.type === 'block') {
        const refused = await node.call('submitblock', entry.hex)
        if (refused !== null) throw new Error(`the full node refuses block ${entry.hash}: ${String(refused)}`)
        continue
      }
      if (entry.broken === undefined) published += 1
      else tried += 1
      const said = entry.broken === undefined ? await sent(node, entry.hex) : await tested(node, entry.hex)
      if (said === undefined) accepted += 1
      if ((said === undefined) === (entry.reason === undefined)) continue
      const what = entry.broken?.how ?? 'published'
      disagreements.push({ what, embedded: entry.reason ?? 'accepted', fullNode: said ?? 'accepted', hex: entry.hex })
    }
    return { disagreements, accepted, published, tried }
  }
}

const MAX_MONEY_BTC = 21_000_000

async function sent(node: FullNode, hex: string): Promise<string | undefined> {
  try {
    // What is burnt was meant, which only Core asks about.
    await (node.name === 'bitcoind'
      ? node.call('sendrawtransaction', hex, 0, MAX_MONEY_BTC)
      : node.call('sendrawtransaction', hex))
    return undefined
  } catch (error) {
    if (error instanceof RpcError) return error.message
    throw error
  }
}

async function tested(node: FullNode, hex: string): Promise<string | undefined> {
  try {
    const [answer] = (await node.call('testmempoolaccept', [hex], 0)) as readonly Record<string, unknown>[]
    return answer?.allowed === true ? undefined : String(answer?.['reject-reason'] ?? 'refused')
  } catch (error) {
    // What cannot even be read is refused as a call.
    if (error instanceof RpcError) return error.message
    throw error
  }
}
