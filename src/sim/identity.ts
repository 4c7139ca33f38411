import { nodeId } from '../base/index.ts'
import { DEFAULT_LIMITS } from '../channel/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import { DEFAULT_ENGINE_LIMITS, type EngineContext } from '../engine/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../payment/index.ts'
import { DEFAULT_PEER_LIMITS, localFeatures, supportedFeatures } from '../peer/index.ts'
import { REGTEST_GENESIS_HASH } from '../regtest/index.ts'
import { DEFAULT_WALLET_LIMITS, type WalletKeys } from '../wallet/index.ts'
import type { NodePlan } from './plan.ts'
import type { Random } from './random.ts'

/** What of a node never changes: its keys, what it offers, its limits. */
export type FixedContext = Omit<EngineContext, 'now' | 'entropy' | 'feerates'>

export function fixedContext({ toSelfDelay, minimumDepth }: NodePlan, keys: Random): FixedContext {
  const nodeSecret = keys.bytes(32)
  const features = localFeatures()
  return {
    network: 'regtest',
    chainHash: REGTEST_GENESIS_HASH,
    nodeId: nodeId(publicKeyFromSecret(nodeSecret)),
    nodeSecret,
    channelSeed: keys.bytes(32),
    walletKeys: simWalletKeys(keys),
    features,
    supported: supportedFeatures(features),
    limits: {
      // Blocks come when the plan has one, whatever the clock says.
      engine: { ...DEFAULT_ENGINE_LIMITS, maxTipAgeMs: Number.MAX_SAFE_INTEGER },
      channel: { ...DEFAULT_LIMITS, toSelfDelay, minimumDepth },
      peer: DEFAULT_PEER_LIMITS,
      payment: DEFAULT_PAYMENT_LIMITS,
      wallet: { ...DEFAULT_WALLET_LIMITS, addressGap: 2 },
    },
  }
}

/** As if derived from a seed, which takes a curve library that is slow. */
function simWalletKeys(random: Random): WalletKeys {
  const branch = () => ({ secret: random.bytes(32), chainCode: random.bytes(32) })
  return { network: 'regtest', receive: branch(), change: branch() }
}
