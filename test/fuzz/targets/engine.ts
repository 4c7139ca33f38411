import {
  array,
  concat,
  decode,
  encode,
  lengthPrefixed,
  pmapGet,
  pmapValues,
  struct,
  u8,
  u16,
} from '../../../src/base/index.ts'
import {
  type EngineState,
  type EngineStep,
  engineStep,
  LOADED_PREFIXES,
  loadEngine,
} from '../../../src/engine/index.ts'
import { decodeMessage, encodeMessage } from '../../../src/wire/index.ts'
import type { Random } from '../../processes/random.ts'
import { type EngineStage, engineStages } from '../engineStages.ts'
import { mutateBytes } from '../mutate.ts'
import { nudge } from '../nudge.ts'
import { claim, type Target } from '../target.ts'
import { MESSAGES } from './wire.ts'

// A whole node in every state of a connection and of the channel on it, times every message of the wire: it answers or hangs up, writes
// little, and whatever it is told by one peer does nothing to another one.

const play = struct({ stage: u8, messages: array(u8, lengthPrefixed(u16)) })
const MOST_MESSAGES = 3
/** One input's answer: an error or a warning, a closing, retransmissions of a small channel. */
const MOST_EFFECTS = 60
const MOST_WRITES = 60
/** Beside what came in: an onion, a funding transaction, signatures. */
const MOST_BYTES_WRITTEN = 12_000

const TYPES = [...new Set(MESSAGES.map(({ type }) => type)), 'unknown odd', 'unknown even'] as const
const UNKNOWN = [Uint8Array.of(0xea, 0x61, 1), Uint8Array.of(0xea, 0x60, 1)] as const
const asked = new Set<string>()

export function engineTable(): { readonly visited: number; readonly of: number } {
  return { visited: asked.size, of: engineStages().length * TYPES.length }
}

export const engineTarget: Target = {
  name: 'engine.table',
  runs: 500,
  seeds: () =>
    engineStages().flatMap(({ messages }, stage) =>
      // Of the samples of each type one is enough; what Mallory has really said stands behind them.
      [...newestOfType(messages).values(), ...UNKNOWN].map(bytes => encode(play, { stage, messages: [bytes] })),
    ),
  mutate(input, random) {
    const read = decode(play, input)
    const stages = engineStages()
    if (!read.ok) return encode(play, { stage: random.between(0, stages.length - 1), messages: [] })
    const { stage, messages } = read.value
    const way = random.next()
    if (way < 0.15) return encode(play, { stage: random.between(0, stages.length - 1), messages })
    const scene = stages[stage]
    if (scene === undefined) return encode(play, { stage: 0, messages })
    if (messages.length === 0 || (way < 0.3 && messages.length < MOST_MESSAGES)) {
      return encode(play, { stage, messages: [...messages, random.of(scene.messages)] })
    }
    const at = random.between(0, messages.length - 1)
    return encode(play, { stage, messages: messages.with(at, changed(messages[at] ?? UNKNOWN[0], scene, random)) })
  },
  judge(input) {
    const read = decode(play, input)
    if (!read.ok) return 'no play'
    const stage = engineStages()[read.value.stage]
    if (stage === undefined) return 'no stage'
    let { state } = stage
    const words: string[] = []
    const records = new Map(stage.records)
    for (const [at, bytes] of read.value.messages.slice(0, MOST_MESSAGES).entries()) {
      const type = typeOf(bytes)
      if (at === 0 && type !== undefined) asked.add(`${stage.name} ${type}`)
      const step = stepped(stage, state, bytes)
      state = step.next
      for (const write of step.writes) {
        if (write.type === 'put') records.set(write.key, write.value)
        else records.delete(write.key)
      }
      words.push(`${type ?? 'unreadable'} ${wordOf(step)}`)
    }
    if (input.length % 16 === 0) claimLoads(stage, records)
    return `${stage.name} ${words.join(' then ')}`
  },
}

function stepped(stage: EngineStage, before: EngineState, bytes: Uint8Array): EngineStep {
  const { peer: nodeId, connection, context } = stage
  const heard = engineStep(before, { type: 'received', nodeId, connection, bytes }, context)
  const ended = engineStep(heard.next, { type: 'end_of_turn' }, context)
  const step = {
    next: ended.next,
    writes: [...heard.writes, ...ended.writes],
    effects: [...heard.effects, ...ended.effects],
  }
  claim(step.effects.length <= MOST_EFFECTS, () => `${step.effects.length} effects`)
  claim(step.writes.length <= MOST_WRITES, () => `${step.writes.length} writes`)
  const written = step.writes.reduce((sum, write) => sum + (write.type === 'put' ? write.value.length : 0), 0)
  claim(written <= MOST_BYTES_WRITTEN + 4 * bytes.length, () => `${written} bytes are written for ${bytes.length}`)
  for (const effect of step.effects) {
    if (effect.type === 'send') claim(decodeMessage(effect.bytes).ok, () => 'what is sent can be read')
    if (effect.type === 'send' || effect.type === 'close') {
      claim(isOfPeer(stage, before, effect.connection), () => `a ${effect.type} on the connection of somebody else`)
    }
    claim(
      effect.type !== 'reply' || before.payments !== step.next.payments || effect.reply.type !== 'sent',
      () => 'nothing is sent on chain',
    )
  }
  claimFriendIsUnharmed(stage, before, step.next)
  return step
}

/** Of two connections with one peer, one is closed for the other. */
function isOfPeer({ peer, friend, connection }: EngineStage, state: EngineState, other: number): boolean {
  const line = pmapGet(state.peers, friend)?.state.line
  const ofFriend = line?.type === 'up' ? line.connection : undefined
  return other === connection || (pmapGet(state.peers, peer) !== undefined && other !== ofFriend)
}

/** The channel with somebody else, the coins and what is owed to us stay as they were. */
function claimFriendIsUnharmed({ friend }: EngineStage, before: EngineState, after: EngineState): void {
  claim(pmapGet(after.peers, friend) === pmapGet(before.peers, friend), () => 'the line to a friend is touched')
  for (const link of pmapValues(before.links)) {
    if (link.peer !== friend) continue
    claim(pmapGet(after.links, String(link.index)) === link, () => 'the channel with a friend is touched')
  }
  claim(after.wallet.coins === before.wallet.coins, () => 'coins move for what a peer says')
}

function claimLoads({ context }: EngineStage, records: ReadonlyMap<string, Uint8Array>): void {
  const kept = new Map([...records].filter(([key]) => LOADED_PREFIXES.some(prefix => key.startsWith(prefix))))
  const { walletKeys, limits } = context
  const bare = { walletKeys, limits: { ...limits, wallet: { ...limits.wallet, addressGap: -1_000_000 } } }
  const loaded = loadEngine({ records: kept, lastEvent: 1_000, context: bare })
  claim(loaded.ok, () => `what was stored cannot be read: ${loaded.ok ? '' : loaded.error.message}`)
}

function wordOf({ effects, writes }: EngineStep): string {
  const done = effects.map(effect => {
    if (effect.type !== 'send') return effect.type
    const decoded = decodeMessage(effect.bytes)
    return decoded.ok ? decoded.value.type : 'unreadable'
  })
  return `${[...new Set(done)].join('+')} ${Math.min(4, writes.length)}`
}

function typeOf(bytes: Uint8Array): string | undefined {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok) return decoded.error.code === 'unknown_even_type' && bytes.length < 4 ? 'unknown even' : undefined
  return decoded.value.type === 'unknown' ? 'unknown odd' : decoded.value.type
}

function newestOfType(messages: readonly Uint8Array[]): ReadonlyMap<string, Uint8Array> {
  return new Map(messages.map(bytes => [typeOf(bytes) ?? '', bytes]))
}

function changed(bytes: Uint8Array, { messages, state, peer }: EngineStage, random: Random): Uint8Array {
  const way = random.next()
  if (way < 0.15) return random.of(messages)
  const decoded = decodeMessage(bytes)
  if (!decoded.ok || decoded.value.type === 'unknown' || way < 0.3) {
    return concat(bytes.subarray(0, 2), mutateBytes(bytes.subarray(2), random, []))
  }
  // Ids of channels that there are, whoever they are with.
  const ids = [...pmapValues(state.links)].flatMap(({ state: { channel } }) =>
    channel !== undefined && 'durable' in channel
      ? [channel.durable.params.channelId, channel.durable.params.temporaryChannelId]
      : [],
  )
  const { value } = decoded
  const named =
    ids.length > 0 && 'channelId' in value && random.chance(0.5)
      ? { ...value, channelId: random.of(ids) }
      : nudge(value, random)
  try {
    return encodeMessage(named)
  } catch {
    // A nudged field may be none that can be written.
    return concat(bytes, Uint8Array.of(peer.length & 0xff))
  }
}
