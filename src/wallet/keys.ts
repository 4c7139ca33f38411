import { HDKey } from '@scure/bip32'
import { assert, defined, OwnedCache } from '../base/index.ts'
import { type Network, p2wpkhScript } from '../bitcoin/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'

/** The keys of account 0 (BIP 84): all that the wallet derives addresses and signs from. Secret. */
export interface WalletKeys {
  readonly network: Network
  readonly receive: BranchKey
  readonly change: BranchKey
}

/** An extended private key (BIP 32), 32 bytes each. */
export interface BranchKey {
  readonly secret: Uint8Array
  readonly chainCode: Uint8Array
}

/** `receive` for what others are told, `change` for what comes back to us: the levels 0 and 1 of BIP 44. */
export type Branch = 'receive' | 'change'

/** Where a key stands below the account. */
export interface KeyPath {
  readonly branch: Branch
  readonly index: number
}

/** One address of the wallet with its secret (32 bytes), public key (33 bytes) and output script. */
export interface AddressKey {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  readonly script: Uint8Array
}

/**
 * The account m/84'/0'/0' on bitcoin, m/84'/1'/0' on the test networks (BIP 84, SLIP 44), of a BIP 39 seed of 64 bytes, as other
 * wallets derive it from the same words.
 */
export function walletKeys(seed: Uint8Array, network: Network): WalletKeys {
  assert(seed.length === 64, () => `a BIP 39 seed has 64 bytes, got ${seed.length}`)
  const coinType = network === 'bitcoin' ? 0 : 1
  const account = HDKey.fromMasterSeed(seed).derive(`m/84'/${coinType}'/0'`)
  return { network, receive: branchKey(account.deriveChild(0)), change: branchKey(account.deriveChild(1)) }
}

const MOST_KNOWN = 1024

// A wallet that is loaded again with the same keys derives none of its addresses twice.
const known = new OwnedCache<BranchKey, AddressKey>(MOST_KNOWN)

/** The key m/84'/coin'/0'/branch/index. Cost: three multiplications the first time that it is asked of these keys. */
export function deriveAddressKey(keys: WalletKeys, { branch, index }: KeyPath): AddressKey {
  const parent = keys[branch]
  return known.get(parent, index, () => derive(parent, index))
}

function derive({ secret: privateKey, chainCode }: BranchKey, index: number): AddressKey {
  const { secret } = branchKey(new HDKey({ privateKey, chainCode }).deriveChild(index))
  const publicKey = publicKeyFromSecret(secret)
  return { secret, publicKey, script: p2wpkhScript(publicKey) }
}

/** An index whose key is none comes once in 2^127 times (BIP 32); the library throws then. */
function branchKey(node: HDKey): BranchKey {
  const secret = defined(node.privateKey ?? undefined, 'a key that was derived from a private key is private')
  return { secret, chainCode: defined(node.chainCode ?? undefined, 'a derived key has a chain code') }
}
