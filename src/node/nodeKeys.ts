import type { Network as AddressNetwork } from '../bitcoin/index.ts'
import { keysFromPhrase, type SeedKeys, type SeedPhrase } from '../keys/index.ts'
import { type WalletKeys, walletKeys } from '../wallet/index.ts'
import type { NetworkName } from './types.ts'

/** All secrets of a node, which follow from its words and its network. */
export interface NodeKeys {
  readonly seed: SeedKeys
  readonly wallet: WalletKeys
}

const ADDRESS_NETWORKS: Readonly<Record<NetworkName, AddressNetwork>> = {
  regtest: 'regtest',
  signet: 'signet',
  testnet4: 'testnet',
  bitcoin: 'bitcoin',
}

/** Cost: tens of milliseconds, for the 2,048 rounds of BIP 39. What a wallet derives from the same keys it derives once. */
export function nodeKeys(phrase: SeedPhrase, network: NetworkName): NodeKeys {
  const seed = keysFromPhrase(phrase)
  return { seed, wallet: walletKeys(seed.walletSeed, ADDRESS_NETWORKS[network]) }
}
