import { installBackends } from '../crypto/index.ts'
import { installBestBackends } from '../node/index.ts'
import { fastSecp256k1 } from './fastCrypto.ts'

/** `fast`: keys without a curve, for breadth. `real`: secp256k1, as a node runs it. */
export type CryptoMode = 'fast' | 'real'

/**
 * Puts the keys of a mode behind the crypto door, for the whole process. Keys of one mode mean nothing in the other, and what
 * was derived is remembered in places, so a process chooses before it makes its first key; a test that changes makes new ones.
 */
export async function useCrypto(mode: CryptoMode): Promise<void> {
  await installBestBackends()
  if (mode === 'fast') installBackends({ secp256k1: fastSecp256k1 })
}
