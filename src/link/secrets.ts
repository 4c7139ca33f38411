import { type ChannelSecrets, deriveChannelSecrets } from '../keys/index.ts'

// A cache and nothing more: the same seed and index always give the same secrets. It goes when the seed goes.
const known = new WeakMap<Uint8Array, Map<number, ChannelSecrets>>()

/** Secrets of a channel, derived once for each seed object. */
export function secretsOf(seed: Uint8Array, channelKeyIndex: number): ChannelSecrets {
  const bySeed = known.get(seed) ?? new Map<number, ChannelSecrets>()
  known.set(seed, bySeed)
  const secrets = bySeed.get(channelKeyIndex) ?? deriveChannelSecrets(seed, channelKeyIndex)
  bySeed.set(channelKeyIndex, secrets)
  return secrets
}
