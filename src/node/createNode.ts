import { randomBytes as hostRandomBytes } from 'node:crypto'
import { BookendError, type DecodeFailure, nodeId as nodeIdOf, type Result } from '../base/index.ts'
import { NETWORKS } from '../chain/index.ts'
import { DEFAULT_LIMITS } from '../channel/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import {
  DEFAULT_ENGINE_LIMITS,
  type EngineContext,
  LOADED_PREFIXES,
  loadEngine,
  restoredBirthHeight,
} from '../engine/index.ts'
import { DEFAULT_GOSSIP_LIMITS, GOSSIP, type GossipState, loadGossip, newGossip } from '../gossip/index.ts'
import { seedPhraseFromEntropy } from '../keys/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../payment/index.ts'
import { DEFAULT_PEER_LIMITS, localFeatures, supportedFeatures } from '../peer/index.ts'
import { type Chain, ChainError, type Network, NetworkError, type Store } from '../ports/index.ts'
import { memoryStore } from '../storage/index.ts'
import { DEFAULT_WALLET_LIMITS } from '../wallet/index.ts'
import type { FeatureName } from '../wire/index.ts'
import { announcedNode } from './announced.ts'
import { ensureBackends } from './crypto/installBestBackends.ts'
import { lastEventOf } from './eventLog.ts'
import { adapterError, readableStore } from './failures.ts'
import { FALLBACK_FEERATES, Feerates } from './feerates.ts'
import { Hands } from './hands.ts'
import { Node } from './node.ts'
import { type NodeKeys, nodeKeys } from './nodeKeys.ts'
import type { NodeOptions } from './options.ts'
import { HOST_TIMERS } from './timers.ts'
import type { BookendNode, NetworkName } from './types.ts'

/** Confirmations that we ask for: on a chain of tests one is enough. */
const REGTEST_MINIMUM_DEPTH = 1
const GOSSIP_RECORDS_AT_ONCE = 5_000
/** There blocks come when somebody wants one. */
const REGTEST_MAX_TIP_AGE_MS = Number.MAX_SAFE_INTEGER

/** What is open while a node starts, to be closed again where the start fails; the last one first. */
type Opened = (() => Promise<unknown>)[]

/**
 * Starts a node: loads its records, brings it to the tip of the chain, listens and dials. Rejects with a `BookendError` that says what
 * is wrong and what to do; nothing is lost then, and nothing runs on.
 */
export async function createNode(options: NodeOptions): Promise<BookendNode> {
  const opened: Opened = []
  try {
    return await start(options, opened)
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => undefined)
    throw adapterError(error)
  }
}

async function start(options: NodeOptions, opened: Opened): Promise<BookendNode> {
  const { network: name = 'regtest', log = () => undefined, signal } = options
  const { clock = Date.now, timers = HOST_TIMERS, chance = Math.random } = options
  const randomBytes = options.randomBytes ?? (length => new Uint8Array(hostRandomBytes(length)))
  await ensureBackends()
  const chain = await options.chain
  opened.push(() => chain.close())
  const store = await (options.store ?? memoryStore())
  opened.push(() => store.close())
  await checkNetwork(chain, name)
  signal?.throwIfAborted()

  const keys = options.keys ?? nodeKeys(options.phrase ?? seedPhraseFromEntropy(randomBytes(32)), name)
  const fixed = fixedContext(options, name, keys)
  const lastEvent = await lastEventOf(store)
  const records = await loadAll(store)
  const gossip = await loadGraph(store, fixed.supported)
  if (!gossip.ok) throw damaged(gossip.error.message)
  const loaded = loadEngine({ records, lastEvent, context: fixed, gossip: gossip.value })
  if (!loaded.ok) throw damaged(loaded.error.message)

  const fallback = name === 'regtest' ? FALLBACK_FEERATES.regtest : FALLBACK_FEERATES.others
  const feerates = new Feerates(chain, options.fallbackFeerate ?? fallback)
  const network = options.net?.network(keys.seed.nodeSecret) ?? NO_NETWORK
  let node: Node | undefined
  const hands = new Hands({
    state: loaded.value,
    lastEvent,
    store,
    chain,
    network,
    towers: options.watchtowers ?? [],
    randomBytes,
    birthHeight: options.birthHeight ?? restoredBirthHeight(records) ?? 'now',
    context: () => ({ ...fixed, now: clock(), feerates: feerates.current, entropy: chance() }),
    clock,
    timers,
    log,
    onBlock: () => void feerates.refresh(clock()),
    onStop: reason => node?.mustEnd(adapterError(reason)),
  })
  opened.push(() => hands.stop(new Error('the start has failed')))
  await feerates.refresh(clock())
  await hands.follower.start()
  hands.mempool.start()
  signal?.throwIfAborted()
  const listenOn = options.net?.listen
  const listening = listenOn === undefined ? undefined : await network.listen(listenOn, hands.connections.accept)
  if (listening !== undefined) opened.push(() => listening.close())
  // From here on peers are dialled and what waits is published.
  await hands.driver.submit({ type: 'started' })
  hands.towers.start()
  const { nodeId } = fixed
  node = new Node({ hands, keys: keys.seed, name, nodeId, store: readableStore(store), randomBytes, timers, listening })
  return node
}

/** Everything that an engine may look at and that does not change while it runs. */
function fixedContext(
  {
    limits = {},
    trustZeroConf = [],
    announce = {},
    onionMessages = false,
    peerStorage = true,
    watchtowers = [],
  }: NodeOptions,
  network: NetworkName,
  { seed, wallet }: NodeKeys,
): Omit<EngineContext, 'now' | 'feerates' | 'entropy'> {
  const features = localFeatures({ basicMpp: true, onionMessages, provideStorage: peerStorage })
  const channelDefaults =
    network === 'regtest' ? { ...DEFAULT_LIMITS, minimumDepth: REGTEST_MINIMUM_DEPTH } : DEFAULT_LIMITS
  const engineDefaults =
    network === 'regtest' ? { ...DEFAULT_ENGINE_LIMITS, maxTipAgeMs: REGTEST_MAX_TIP_AGE_MS } : DEFAULT_ENGINE_LIMITS
  return {
    network,
    chainHash: NETWORKS[network].genesisHash,
    nodeId: nodeIdOf(publicKeyFromSecret(seed.nodeSecret)),
    nodeSecret: seed.nodeSecret,
    channelSeed: seed.channelSeed,
    walletKeys: wallet,
    ...(peerStorage && { storageKey: seed.storageKey }),
    towers: watchtowers.map(({ nodeId }) => nodeId),
    features,
    supported: supportedFeatures(features),
    trustZeroConf: new Set(trustZeroConf),
    self: announcedNode(announce),
    limits: {
      engine: { ...engineDefaults, ...limits.engine },
      channel: { ...channelDefaults, ...limits.channel },
      gossip: { ...DEFAULT_GOSSIP_LIMITS, ...limits.gossip },
      peer: { ...DEFAULT_PEER_LIMITS, ...limits.peer },
      payment: { ...DEFAULT_PAYMENT_LIMITS, ...limits.payment },
      wallet: { ...DEFAULT_WALLET_LIMITS, ...limits.wallet },
    },
  }
}

async function checkNetwork(chain: Chain, network: NetworkName): Promise<void> {
  const first = await chain.hashAt(0)
  if (first === NETWORKS[network].genesisHash) return
  throw new ChainError('wrong_network', `Expected the chain of ${network}, got one whose first block is ${first}.`)
}

async function loadAll(store: Store): Promise<ReadonlyMap<string, Uint8Array>> {
  const records = new Map<string, Uint8Array>()
  for (const prefix of LOADED_PREFIXES) {
    for (const [key, value] of await store.load(prefix)) records.set(key, value)
  }
  return records
}

/** A page at a time: all records of the network together would take some hundred megabytes for a moment. */
async function loadGraph(store: Store, supported: readonly FeatureName[]): Promise<Result<GossipState, DecodeFailure>> {
  let state = newGossip()
  for (let after = ''; ; ) {
    const page = await store.loadPage(GOSSIP, { after, limit: GOSSIP_RECORDS_AT_ONCE })
    const loaded = loadGossip(page, supported, state)
    if (!loaded.ok || page.size < GOSSIP_RECORDS_AT_ONCE) return loaded
    state = loaded.value
    after = [...page.keys()].at(-1) ?? after
  }
}

function damaged(message: string): BookendError {
  return new BookendError('data_directory', `The records of this node cannot be read: ${message}.`, {
    advice: 'Do not go on with older copies of them: restore a backup into an empty directory (`bookend restore`).',
  })
}

/** Where no network was given. */
const NO_NETWORK: Network = {
  listen: () => Promise.reject(new NetworkError('address_not_usable', 'This node was started without a network.')),
  dial: () => Promise.reject(new NetworkError('unreachable', 'This node was started without a network.')),
}
