import { OwnedCache } from '../base/index.ts'
import { type ChannelSecrets, deriveChannelSecrets } from '../keys/index.ts'

/** More channels than a node has open: some 3 KB each, with what hangs on them. */
const MOST_KNOWN = 16_384

// By seed: the same seed and index always give the same secrets.
const known = new OwnedCache<Uint8Array, ChannelSecrets>(MOST_KNOWN)

/** Secrets of a channel, derived once for each seed object. */
export function secretsOf(seed: Uint8Array, channelKeyIndex: number): ChannelSecrets {
  return known.get(seed, channelKeyIndex, () => deriveChannelSecrets(seed, channelKeyIndex))
}

/** For a channel that never came to be: what strangers ask for leaves nothing behind. */
export function forgetSecrets(seed: Uint8Array, channelKeyIndex: number): void {
  known.forget(seed, channelKeyIndex)
}
