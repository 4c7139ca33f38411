import { type ChannelSecrets, deriveChannelSecrets } from '../keys/index.ts'

// A cache and nothing more: the same seed and index always give the same secrets. It goes when the seed goes, and forgets the
// channel that it has known longest where there are more than a node has open: some 3 KB each, with what hangs on them.
const known = new WeakMap<Uint8Array, Map<number, ChannelSecrets>>()

const MOST_KNOWN = 16_384

/** Secrets of a channel, derived once for each seed object. */
export function secretsOf(seed: Uint8Array, channelKeyIndex: number): ChannelSecrets {
  const bySeed = known.get(seed) ?? new Map<number, ChannelSecrets>()
  known.set(seed, bySeed)
  const found = bySeed.get(channelKeyIndex)
  if (found !== undefined) return found
  const [oldest] = bySeed.keys()
  if (oldest !== undefined && bySeed.size >= MOST_KNOWN) bySeed.delete(oldest)
  const secrets = deriveChannelSecrets(seed, channelKeyIndex)
  bySeed.set(channelKeyIndex, secrets)
  return secrets
}

/** For a channel that never came to be: what strangers ask for leaves nothing behind. */
export function forgetSecrets(seed: Uint8Array, channelKeyIndex: number): void {
  known.get(seed)?.delete(channelKeyIndex)
}
