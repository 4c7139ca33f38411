import { array, concat, decode, encode, lengthPrefixed, struct, u8, u16 } from '../../../src/base/index.ts'
import { loadDurable } from '../../../src/channel/codec/records.ts'
import { channelIdOf, isLegalTransition, isPeerMessage, step } from '../../../src/channel/index.ts'
import { checkInvariants } from '../../../src/channel/invariants.ts'
import type { Channel, ChannelContext, ChannelInput, ChannelStep, PeerMessage } from '../../../src/channel/types.ts'
import { decodeMessage, encodeMessage } from '../../../src/wire/index.ts'
import { everyMessage } from '../../channel/attacks.ts'
import type { Random } from '../../processes/random.ts'
import { type ChannelStage, channelStages } from '../channelStages.ts'
import { mutateBytes } from '../mutate.ts'
import { nudge } from '../nudge.ts'
import { Broken, claim, kindOf, type Target } from '../target.ts'

// Every state of a channel, its connection and its dance, times every message that a peer may say about one: as good ones, and as good
// ones of other moments or with a field that is a little off. The answer is always one that is defined.

interface Play {
  readonly stage: number
  /** Bit n: our own turn ends after message n, and signs what there is to sign. */
  readonly turns: number
  readonly messages: readonly Uint8Array[]
}

const play = struct({ stage: u8, turns: u8, messages: array(u8, lengthPrefixed(u16)) })
const MOST_MESSAGES = 4
const WARNED: readonly string[] = ['warning', 'error']

/** What the table has been asked so far: `stage type`. */
const asked = new Set<string>()
const TYPES = Object.keys(everyMessage('00'.repeat(32) as never)) as readonly PeerMessage['type'][]

export function channelTable(): { readonly visited: number; readonly of: number } {
  return { visited: asked.size, of: channelStages().length * TYPES.length }
}

export const channelTarget: Target = {
  name: 'channel.table',
  runs: 1_200,
  seeds() {
    const seen = new Set<string>()
    return channelStages().flatMap(({ messages }, stage) =>
      messages
        .map(message => encode(play, { stage, turns: 1, messages: [encodeMessage(message)] }))
        .filter(bytes => {
          const key = bytes.join()
          return !seen.has(key) && seen.add(key)
        }),
    )
  },
  mutate(input, random) {
    const read = decode(play, input)
    return encode(
      play,
      read.ok ? mutated(read.value, random) : { stage: random.between(0, 255), turns: 0, messages: [] },
    )
  },
  judge(input) {
    const read = decode(play, input)
    if (!read.ok) return 'no play'
    const stage = channelStages()[read.value.stage]
    if (stage === undefined) return 'no stage'
    const words: string[] = []
    let { channel } = stage.side
    const records = new Map(stage.side.records)
    for (const [at, bytes] of read.value.messages.slice(0, MOST_MESSAGES).entries()) {
      const decoded = decodeMessage(bytes)
      if (!decoded.ok || !isPeerMessage(decoded.value)) return `${words.join()} unreadable`
      if (at === 0) asked.add(`${stage.name} ${decoded.value.type}`)
      const said = { type: 'message', message: decoded.value } as const
      const result = stepped({ channel, records, context: stage.side.context }, said)
      words.push(
        `${decoded.value.type} ${result.failure?.code ?? 'taken'} ${kindOf(result.failure?.expected ?? '').slice(0, 40)}`,
      )
      channel = result.next
      if (((read.value.turns >> at) & 1) === 1) {
        channel = stepped({ channel, records, context: stage.side.context }, { type: 'commit' }).next
      }
    }
    return `${stage.side.channel.state} ${words.join(' then ')}`
  },
}

interface Before {
  readonly channel: Channel
  readonly records: Map<string, Uint8Array>
  readonly context: ChannelContext
}

/** One step, and all that has to hold of it whatever came in. */
function stepped({ channel, records, context }: Before, input: ChannelInput): ChannelStep {
  const result = step(channel, input, context)
  checkInvariants(channel, result.next)
  claim(isLegalTransition(channel.state, result.next.state), () => `from ${channel.state} to ${result.next.state}`)
  claimFailureIsDefined(channel, result)
  claimMoneyIsSafe(channel, result)
  for (const write of result.writes) {
    if (write.type === 'put') records.set(write.key, write.value)
    else records.delete(write.key)
  }
  claimStored(result, records)
  for (const effect of result.effects) if (effect.type === 'send') encodeMessage(effect.message)
  return result
}

function claimFailureIsDefined(channel: Channel, { failure, next, writes, effects }: ChannelStep): void {
  if (failure === undefined) return
  const { code, section, severity, expected, got } = failure
  claim(/^[a-z][a-z_]+$/.test(code), () => `code ${code}`)
  claim(/^BOLT \d/.test(section), () => `${code} is of section ${section}`)
  claim(expected.length > 0 && got.length > 0, () => `${code} says what was expected`)
  const told = effects.flatMap(effect => (effect.type === 'send' ? [effect.message.type] : []))
  claim(
    told.every(type => WARNED.includes(type)),
    () => `after ${code} the peer is told ${told.join()}`,
  )
  if (severity === 'fail_channel') {
    const ends = 'durable' in channel ? ['closing', 'closed'] : ['aborted']
    claim(ends.includes(next.state), () => `${code} fails the channel, which is ${next.state}`)
  } else {
    claim(next === channel && writes.length === 0, () => `${code} changes nothing`)
    claim(
      effects.every(({ type }) => type === 'send' || type === 'close_connection'),
      () => `${code} does nothing else`,
    )
  }
}

/** What a peer says alone never costs us: our part of the balance falls by what we have offered and they have claimed, and by nothing else. */
function claimMoneyIsSafe(channel: Channel, { next, writes, effects }: ChannelStep): void {
  const published = effects.filter(effect => effect.type === 'publish')
  if (!('durable' in channel)) {
    claim('durable' in next || writes.length === 0, () => 'nothing is stored of a channel that is not signed')
    claim(
      published.every(({ role }) => role === 'funding'),
      () => 'nothing is published of a channel that is not signed',
    )
    claim(
      published.length === 0 || ('durable' in next && next.state === 'wait_for_funding_confirmed'),
      () => 'the funding goes out only once the peer has signed',
    )
    return
  }
  if (!('durable' in next)) throw new Broken('a funded channel stays one')
  const [before, after] = [channel.durable, next.durable]
  const paid = before.settled.localMsat - after.settled.localMsat
  const offered = before.htlcs
    .filter(({ offeredBy, resolution }) => offeredBy === 'local' && resolution?.type === 'fulfill')
    .reduce((sum, { amountMsat }) => sum + amountMsat, 0n)
  claim(paid <= offered, () => `${paid} msat are gone where ${offered} were claimed`)
  const cause = 'cause' in after.phase ? after.phase.cause : undefined
  const mayPublish = cause === undefined || cause.mayPublishCommitment
  claim(mayPublish || published.every(({ role }) => role !== 'commitment'), () => 'an old state is published')
  const revoked = effects.some(effect => effect.type === 'send' && effect.message.type === 'revoke_and_ack')
  claim(!revoked || after.localCommit.number > 0, () => 'a secret goes out before there is another commitment')
}

function claimStored({ next, writes }: ChannelStep, records: ReadonlyMap<string, Uint8Array>): void {
  if (writes.length === 0) return
  const loaded = loadDurable(records)
  claim(loaded.ok, () => `what was stored cannot be read: ${loaded.ok ? '' : loaded.error.message}`)
  if (!loaded.ok || !('durable' in next)) return
  const { settled, phase, localCommit, remoteCommit, htlcs } = loaded.value
  const same =
    settled.localMsat === next.durable.settled.localMsat &&
    phase.type === next.state &&
    localCommit.number === next.durable.localCommit.number &&
    remoteCommit.number === next.durable.remoteCommit.number &&
    htlcs.length === next.durable.htlcs.length
  claim(same, () => 'what was stored is what is held')
}

// ---------------------------------------------------------------------------------------------------------------------
// Other plays.

function mutated(before: Play, random: Random): Play {
  const way = random.next()
  const stages = channelStages()
  if (way < 0.15) return { ...before, stage: random.between(0, stages.length - 1) }
  const stage = stages[before.stage] ?? stages[0]
  if (stage === undefined) throw new Error('there are stages')
  if (way < 0.3 && before.messages.length < MOST_MESSAGES) {
    return { ...before, messages: [...before.messages, encodeMessage(anyMessage(stage, stages, random))] }
  }
  if (way < 0.35) return { ...before, turns: random.between(0, 15) }
  const at = random.between(0, Math.max(0, before.messages.length - 1))
  const old = before.messages[at] ?? encodeMessage(anyMessage(stage, stages, random))
  return {
    ...before,
    messages: before.messages.with(before.messages.length === 0 ? -1 : at, changed(old, stage, random)),
  }
}

/** Mostly one of this channel, else one of another channel that says it is of this one. */
function anyMessage(stage: ChannelStage, stages: readonly ChannelStage[], random: Random): PeerMessage {
  if (random.chance(0.7)) return random.of(stage.messages)
  return ofThisChannel(random.of(random.of(stages).messages), stage)
}

function changed(bytes: Uint8Array, stage: ChannelStage, random: Random): Uint8Array {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok || !isPeerMessage(decoded.value) || random.chance(0.1)) {
    return concat(bytes.subarray(0, 2), mutateBytes(bytes.subarray(2), random, []))
  }
  const message = random.chance(0.3) ? aimed(decoded.value, stage, random) : nudge(decoded.value, random)
  try {
    return encodeMessage(random.chance(0.8) ? ofThisChannel(message, stage) : message)
  } catch {
    // A nudged field may be none that can be written.
    return bytes
  }
}

function ofThisChannel<M extends PeerMessage>(message: M, { side }: ChannelStage): M {
  const id = channelIdOf(side.channel)
  // The same message under another id.
  return ('temporaryChannelId' in message ? { ...message, temporaryChannelId: id } : { ...message, channelId: id }) as M
}

/** Fields that hit: ids of HTLCs that there are, their hashes and amounts, the numbers of the commitments, and what lies beside them. */
function aimed(message: PeerMessage, { side }: ChannelStage, random: Random): PeerMessage {
  if (!('durable' in side.channel)) return nudge(message, random)
  const { htlcs, nextHtlcId, localCommit, remoteCommit, remoteSecrets } = side.channel.durable
  const htlc = htlcs.length === 0 ? undefined : random.of(htlcs)
  const beside = (figure: number): number => Math.max(0, figure + random.of([-1, 0, 0, 1]))
  switch (message.type) {
    case 'update_add_htlc':
      return {
        ...message,
        id: beside(nextHtlcId.remote),
        ...(htlc && { paymentHash: htlc.paymentHash, amountMsat: htlc.amountMsat }),
      }
    case 'update_fulfill_htlc':
    case 'update_fail_htlc':
    case 'update_fail_malformed_htlc':
      return { ...message, id: beside(htlc?.id ?? 0) }
    case 'channel_reestablish':
      return {
        ...message,
        nextCommitmentNumber: beside(
          random.of([remoteCommit.number, remoteCommit.number + 1, remoteCommit.number + 2]),
        ),
        nextRevocationNumber: beside(random.of([localCommit.number, localCommit.number + 1])),
      }
    case 'revoke_and_ack':
      return { ...message, perCommitmentSecret: remoteSecrets.slots[0]?.secret ?? message.perCommitmentSecret }
    default:
      return nudge(message, random)
  }
}
