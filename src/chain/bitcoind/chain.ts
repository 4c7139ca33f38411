import type { BlockHash } from '../../base/index.ts'
import { type Chain, ChainError, type ChainTip } from '../../ports/index.ts'
import { type ChainNetwork, NETWORKS, networkOfGenesis } from '../networks.ts'
import { TipWatch } from '../tipWatch.ts'
import { quoted } from '../words.ts'
import { block } from './block.ts'
import { badAnswer, wrongNetwork } from './errors.ts'
import { feerate } from './feerate.ts'
import { type BitcoindLimits, DEFAULT_BITCOIND_LIMITS, NOTIFIED_POLL_MS, POLL_MS } from './limits.ts'
import { loginOf, parseUrl } from './login.ts'
import { Outputs } from './outputs.ts'
import { publish } from './publish.ts'
import { fieldsOf, granted, hashOf, heightOf, RPC, type RpcRefusal } from './reply.ts'
import { RpcClient } from './rpc.ts'
import { testAccept } from './testAccept.ts'
import { waitingSpends } from './waiting.ts'
import { BlockHints } from './zmq/blockHints.ts'
import { offered } from './zmq/offer.ts'

export interface BitcoindOptions {
  /** `http://user:password@host:port`. Without a port, the one that Bitcoin Core has on this network. */
  readonly url: string
  /** Where bitcoind writes its cookie, such as `~/.bitcoin/regtest/.cookie`: it goes before a user and password in the URL. */
  readonly cookieFile?: string
  readonly network: ChainNetwork
  /** How often the tip is asked for while someone listens. */
  readonly pollMs?: number
  /** The same, while bitcoind tells of new blocks over ZMQ. */
  readonly notifiedPollMs?: number
  readonly limits?: Partial<BitcoindLimits>
}

/**
 * The chain of a Bitcoin Core over its JSON-RPC, once it is known to be on the right network. Rejects with a `ChainError`.
 * The default configuration will do; with `-zmqpubhashblock` blocks are heard of at once. With `-txindex` a transaction counts as published also when all of its outputs are spent.
 */
export async function bitcoindChain(options: BitcoindOptions): Promise<Chain> {
  const { network, pollMs = network === 'regtest' ? POLL_MS.regtest : POLL_MS.others } = options
  const { notifiedPollMs = NOTIFIED_POLL_MS } = options
  const address = parseUrl(options.url, network)
  const limits = { ...DEFAULT_BITCOIND_LIMITS, ...options.limits }
  const rpc = new RpcClient(address.endpoint, loginOf(address, options.cookieFile), limits)
  try {
    await checkNetwork(rpc, network)
  } catch (error) {
    rpc.close()
    throw error
  }
  const watch = new TipWatch(() => bestBlockHash(rpc), pollMs)
  const hints = new BlockHints(() => offered(rpc, address.endpoint.host), {
    // Either way something may have been missed, and the pace is changed with a look.
    onLine: isOpen => watch.pace(isOpen ? notifiedPollMs : pollMs),
    onHint: () => watch.hurry(),
  })
  const outputs = new Outputs(rpc, height => hashAt(rpc, height))
  let closed = false
  return {
    tip: () => tip(rpc, network),
    hashAt: height => hashAt(rpc, height),
    block: hash => block(rpc, hash),
    outputAt: place => outputs.at(place),
    publish: (tx, parent) => publish(rpc, tx, parent),
    testAccept: tx => testAccept(rpc, tx),
    waitingSpends: outpoints => waitingSpends(rpc, outpoints),
    feerate: targetBlocks => feerate(rpc, targetBlocks),
    onChange(listener) {
      if (closed) return () => {}
      hints.open()
      return watch.listen(listener)
    },
    async close() {
      closed = true
      hints.close()
      watch.close()
      rpc.close()
    },
  }
}

async function checkNetwork(rpc: RpcClient, network: ChainNetwork): Promise<void> {
  const hash = await hashAt(rpc, 0)
  if (hash === NETWORKS[network].genesisHash) return
  if (hash === undefined) throw badAnswer(rpc.where, 'getblockhash', 'no first block')
  throw wrongNetwork(rpc.where, network, networkOfGenesis(hash) ?? `a network whose first block is ${hash}`)
}

async function tip(rpc: RpcClient, network: ChainNetwork): Promise<ChainTip> {
  const method = 'getblockchaininfo'
  const { chain, blocks, bestblockhash } = fieldsOf(granted(rpc.where, method, await rpc.ask(method, []))) ?? {}
  const height = heightOf(blocks)
  const hash = hashOf(bestblockhash)
  if (typeof chain !== 'string' || height === undefined || hash === undefined)
    throw badAnswer(rpc.where, method, 'something else than the state of a chain')
  // Another bitcoind may have taken the place of the one that was looked at first.
  if (chain !== NETWORKS[network].coreName) throw wrongNetwork(rpc.where, network, quoted(chain))
  return { height, hash }
}

async function hashAt(rpc: RpcClient, height: number): Promise<BlockHash | undefined> {
  const method = 'getblockhash'
  const reply = await rpc.ask(method, [height])
  if (!reply.ok && isAbove(reply.error)) return undefined
  const hash = hashOf(granted(rpc.where, method, reply))
  if (hash === undefined) throw badAnswer(rpc.where, method, 'something else than a hash')
  return hash
}

/** Core has a code for it, and btcd only words. */
function isAbove({ code, message }: RpcRefusal): boolean {
  return code === RPC.INVALID_PARAMETER || (code === RPC.MISC_ERROR && /out of range/i.test(message))
}

/** For the watch, which has nobody to tell that bitcoind is away: whoever asks next hears of it. */
async function bestBlockHash(rpc: RpcClient): Promise<string | undefined> {
  try {
    const reply = await rpc.ask('getbestblockhash', [], 1)
    return reply.ok ? hashOf(reply.value) : undefined
  } catch (error) {
    if (error instanceof ChainError) return undefined
    throw error
  }
}
