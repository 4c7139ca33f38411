import { assert, type DecodeFailure, ok, type Result } from '../base/index.ts'
import { channelIdOf, loseData } from '../channel/index.ts'
import { statePrefix } from './keys.ts'
import { loadLink } from './load.ts'

/**
 * The records of a link as they are to be where they come from a copy that may be old: the channel never publishes and never signs
 * again, unless its end had begun: then they are the same. Fails where they cannot be read.
 */
export function recordsWithoutTrust(
  records: ReadonlyMap<string, Uint8Array>,
  reason: string,
): Result<ReadonlyMap<string, Uint8Array>, DecodeFailure> {
  const loaded = loadLink(records)
  if (!loaded.ok) return loaded
  const { channel } = loaded.value
  if (channel === undefined) return ok(records)
  assert('durable' in channel, 'only a funded channel has records')
  const { writes } = loseData(channel, reason)
  if (writes.length === 0) return ok(records)
  const prefix = statePrefix(channelIdOf(channel))
  const changed = new Map(records)
  for (const write of writes) {
    if (write.type === 'put') changed.set(prefix + write.key, write.value)
    else changed.delete(prefix + write.key)
  }
  return ok(changed)
}
