import { bytesEqual, encode } from '../base/index.ts'
import type { ChannelDurable, Party } from '../channel/index.ts'
import { earlierScripts } from './codec.ts'
import { fundedChannel } from './enforcement.ts'
import { CLOSING_SCRIPTS_KEY, fundingPrefix } from './keys.ts'
import type { EarlierScripts } from './types.ts'
import { type Work, withWrites } from './work.ts'

// With option_simple_close either side may name another script in each offer, and the channel holds the newest. A close to an older
// one may still confirm, also one whose last signature never came, and enforcement has to know it for what it is.

/** Kept for each side. Of the peer's, who may name as many as it likes, the oldest go. */
const MAX_EARLIER_SCRIPTS = 100

const NONE: EarlierScripts = { local: [], remote: [] }

/** Keeps the scripts that this step has replaced. */
export function keepScripts(before: Work, work: Work): Work {
  const channel = fundedChannel(work)
  const old = fundedChannel(before)?.durable.shutdown
  if (channel === undefined || old === undefined || old === channel.durable.shutdown) return work
  const { earlierScripts: known = NONE } = work.state
  const { shutdown, params } = channel.durable
  const next: EarlierScripts = {
    local: withReplaced(known.local, old, shutdown, 'local'),
    remote: withReplaced(known.remote, old, shutdown, 'remote'),
  }
  if (next.local === known.local && next.remote === known.remote) return work
  const value = encode(earlierScripts, next)
  const kept: Work = { ...work, state: { ...work.state, earlierScripts: next } }
  return withWrites(kept, fundingPrefix(params.channelId), [{ type: 'put', key: CLOSING_SCRIPTS_KEY, value }])
}

function withReplaced(
  known: readonly Uint8Array[],
  old: ChannelDurable['shutdown'],
  next: ChannelDurable['shutdown'],
  side: Party,
): readonly Uint8Array[] {
  const [was, is] = [old[side], next[side]]
  if (was === undefined || (is !== undefined && bytesEqual(was, is))) return known
  if (known.some(script => bytesEqual(script, was))) return known
  return [...known, was].slice(-MAX_EARLIER_SCRIPTS)
}
