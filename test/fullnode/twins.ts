import { decode, defined, encode, fromHex, type Result, sat, toHex, txidToWire } from '../../src/base/index.ts'
import { addressFromScript, type Block, blockCodec, merkleRoot, type Tx } from '../../src/bitcoin/index.ts'
import { buildCoinbase } from '../../src/regtest/coinbase.ts'
import { createRegtestChain, type RegtestChain, type Reject, subsidySat } from '../../src/regtest/index.ts'
import { feesOf } from '../../src/regtest/miner.ts'
import { REGTEST_BITS } from '../../src/regtest/params.ts'
import { solve } from '../../src/regtest/proofOfWork.ts'
import { txFacts } from '../../src/regtest/txFacts.ts'
import { value } from '../regtest/support.ts'
import { type FullNode, RpcError, startBtcd } from './fullNode.ts'

// The embedded chain and btcd on the same blocks, and what each says of the next one.

/** On btcd's regtest, segwit and taproot come when miners have signalled for a window of 144 blocks and a second one has passed. */
const BLOCKS_UNTIL_TAPROOT = 450
/** The version of our blocks signals nothing: by then nothing is voted on. */
const BLOCK_VERSION = 0x20000000

export interface Verdicts {
  readonly embedded: Result<unknown, Reject>
  /** Why btcd refuses the block; nothing where it takes it. */
  readonly btcd: string | undefined
}

export interface Twins {
  readonly chain: RegtestChain
  readonly btcd: FullNode
  /** Offers both a block with these transactions on their tip. It is theirs when both take it. */
  offer(transactions: readonly Tx[]): Promise<Verdicts>
}

/** A new pair: btcd mines until all that the embedded chain enforces from its first block is enforced there too. */
export async function startTwins(): Promise<Twins> {
  const { minerScript } = createRegtestChain()
  const btcd = await startBtcd(defined(addressFromScript(minerScript, 'regtest'), 'the miner has an address'))
  try {
    await btcd.mine(BLOCKS_UNTIL_TAPROOT)
    const blocks: Block[] = []
    for (let height = 1; height <= BLOCKS_UNTIL_TAPROOT; height++) blocks.push(await blockOf(btcd, height))
    // The clock stands still where btcd's last block was made, so no block of ours is from a future that btcd refuses.
    const now = defined(blocks.at(-1), 'a last block').header.time
    const chain = createRegtestChain({ now: () => now })
    for (const block of blocks) value(chain.submitBlock(block))
    let extraNonce = 0
    const offer = (transactions: readonly Tx[]) => offerTo(chain, btcd, blockOn(chain, transactions, ++extraNonce))
    return { chain, btcd, offer }
  } catch (error) {
    await btcd.stop()
    throw error
  }
}

async function blockOf(btcd: FullNode, height: number): Promise<Block> {
  const bytes = await btcd.call('getblock', await btcd.call('getblockhash', height), 0)
  return value(decode(blockCodec, fromHex(String(bytes))))
}

/** The block that a miner without judgement makes: its coinbase takes what the outputs leave. */
function blockOn(chain: RegtestChain, transactions: readonly Tx[], extraNonce: number): Block {
  const height = chain.height + 1
  const rewardSat = sat(subsidySat(height) + feesOf(transactions, txid => chain.transaction(txid)?.tx))
  const coinbase = buildCoinbase({
    height,
    extraNonce,
    rewardSat,
    to: chain.minerScript,
    transactions,
  })
  const all = [coinbase, ...transactions]
  const header = solve({
    version: BLOCK_VERSION,
    previous: chain.tip.hash,
    merkleRoot: merkleRoot(all.map(tx => txidToWire(txFacts(tx).txid))).root,
    time: chain.medianTimePast + 1,
    bits: REGTEST_BITS,
    nonce: 0,
  })
  return { header, transactions: all }
}

async function offerTo(chain: RegtestChain, btcd: FullNode, block: Block): Promise<Verdicts> {
  const refused = await submit(btcd, block)
  return { btcd: refused, embedded: chain.submitBlock(block) }
}

async function submit(btcd: FullNode, block: Block): Promise<string | undefined> {
  try {
    const answer = await btcd.call('submitblock', toHex(encode(blockCodec, block)))
    return answer === null ? undefined : String(answer)
  } catch (error) {
    if (error instanceof RpcError) return error.message
    throw error
  }
}
