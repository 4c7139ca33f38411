import { nodeId } from '../base/index.ts'
import { DEFAULT_LIMITS } from '../channel/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import { DEFAULT_ENGINE_LIMITS, type EngineContext } from '../engine/index.ts'
import { DEFAULT_GOSSIP_LIMITS } from '../gossip/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../payment/index.ts'
import { DEFAULT_PEER_LIMITS, localFeatures, supportedFeatures } from '../peer/index.ts'
import { REGTEST_GENESIS_HASH } from '../regtest/index.ts'
import { DEFAULT_WALLET_LIMITS, type WalletKeys } from '../wallet/index.ts'
import type { NodePlan } from './plan.ts'
import { type Random, randomOf } from './random.ts'

/** What of a node never changes: its keys, what it offers, its limits. */
export type FixedContext = Omit<EngineContext, 'now' | 'entropy' | 'feerates'>

export function fixedContext({ name, isAdversary, toSelfDelay, minimumDepth }: NodePlan, keys: Random): FixedContext {
  const nodeSecret = keys.bytes(32)
  const features = localFeatures({ basicMpp: true })
  return {
    network: 'regtest',
    chainHash: REGTEST_GENESIS_HASH,
    nodeId: nodeId(publicKeyFromSecret(nodeSecret)),
    nodeSecret,
    channelSeed: keys.bytes(32),
    walletKeys: simWalletKeys(name),
    features,
    supported: supportedFeatures(features),
    limits: {
      // Blocks come when the plan has one, whatever the clock says.
      engine: {
        ...DEFAULT_ENGINE_LIMITS,
        maxTipAgeMs: Number.MAX_SAFE_INTEGER,
        // What others bear is for them to say.
        ...(isAdversary && { maxUnfundedPerPeer: 100 }),
      },
      channel: { ...DEFAULT_LIMITS, toSelfDelay, minimumDepth },
      gossip: DEFAULT_GOSSIP_LIMITS,
      peer: DEFAULT_PEER_LIMITS,
      // Who keeps what is not its own keeps it as long as it can.
      payment: { ...DEFAULT_PAYMENT_LIMITS, ...(isAdversary && { heldDeadlineBlocks: -1_000 }) },
      wallet: { ...DEFAULT_WALLET_LIMITS, addressGap: 2 },
    },
  }
}

const wallets = new Map<string, WalletKeys>()

/**
 * The same for each node of a name, so that a process derives its addresses once for all seeds: that takes a curve library which is
 * slow, and no rule depends on where coins of one's own are.
 */
function simWalletKeys(name: string): WalletKeys {
  let keys = wallets.get(name)
  if (keys === undefined) {
    const random = randomOf(`the wallet of ${name}`)
    const branch = () => ({ secret: random.bytes(32), chainCode: random.bytes(32) })
    keys = { network: 'regtest', receive: branch(), change: branch() }
    wallets.set(name, keys)
  }
  return keys
}
