import {
  type ChannelId,
  type Codec,
  concat,
  type DecodeFailure,
  decode,
  encode,
  type FeeratePerKw,
  feeratePerKw,
  fromHex,
  type NodeId,
  ok,
  pmapGet,
  type Result,
  struct,
  taggedUnion,
  u64Number,
  utf8Encode,
} from '../../base/index.ts'
import { channelIdOf } from '../../channel/index.ts'
import { hmacSha256 } from '../../crypto/index.ts'
import { type LinkState, linkJustice, type RevokedState, revokedIn, revokedState } from '../../link/index.ts'
import {
  hintOf,
  type JusticeOutput,
  justiceOutput,
  MAX_OUTPUTS_PER_BLOB,
  sealBlob,
  TAG_BYTES,
  type TowerMessage,
} from '../../watchtower/index.ts'
import { channelIdCodec } from '../../wire/index.ts'
import { walletScript } from '../coins.ts'
import { NEXT_TOWER_JOB, towerAckedKey, towerJobKey } from '../keys.ts'
import type { EngineContext, EngineState, Link } from '../types.ts'
import { act, update, type Work } from '../work.ts'
import type { TowersState } from './state.ts'

// What towers are given. With each revocation goes one small record, in the same commit: which commitment it was. What punishes it is made and
// signed later, while there is nothing else to do, and the record goes when every tower has said that it has it. So neither a crash nor a
// tower that is down leaves out a commitment, and a payment waits for none of it.

type Job =
  | { readonly type: 'revoked'; readonly link: number; readonly revoked: RevokedState }
  | { readonly type: 'closed'; readonly channelId: ChannelId }

const jobCodec: Codec<Job> = taggedUnion<Job>({
  revoked: [0, struct({ link: u64Number, revoked: revokedState })],
  closed: [1, struct({ channelId: channelIdCodec })],
})

/** From what always confirms in the end to what a mempool that is full asks for: each four times the one before, as a replacement has to be more. */
const FEERATES: readonly FeeratePerKw[] = [253, 1_012, 4_048, 16_192, 64_768].map(feeratePerKw)

/** After a step of a link: whether towers are to hear of it. Cost: two comparisons, where they are not. */
export function tellTowers(work: Work, { index, state: before }: Pick<Link, 'index' | 'state'>, next: LinkState): void {
  if (work.context.towers === undefined || work.context.towers.length === 0) return
  const revoked = revokedIn(before, next)
  if (revoked !== undefined) addJob(work, { type: 'revoked', link: index, revoked })
  const { channel } = next
  if (channel?.state === 'closed' && before.channel?.state !== 'closed') {
    addJob(work, { type: 'closed', channelId: channelIdOf(channel) })
  }
}

function addJob(work: Work, job: Job): void {
  const { towers } = work.state
  update(work, { towers: { ...towers, next: towers.next + 1 } })
  work.writes.push({ type: 'put', key: towerJobKey(towers.next), value: encode(jobCodec, job) })
  work.writes.push({ type: 'put', key: NEXT_TOWER_JOB, value: encode(u64Number, towers.next + 1) })
  act(work, { type: 'tower_jobs' })
}

/** At a start: a tower that is new begins with what is still there, and one that is named no more keeps nothing back. */
export function beginTowers(work: Work): void {
  const { towers: named } = work.context
  if (named === undefined) return
  const { acked } = work.state.towers
  const from = lastDone(work)
  for (const tower of acked.keys()) {
    if (!named.includes(tower)) work.writes.push({ type: 'delete', key: towerAckedKey(tower) })
  }
  for (const tower of named) {
    if (!acked.has(tower)) work.writes.push({ type: 'put', key: towerAckedKey(tower), value: encode(u64Number, from) })
  }
  setAcked(work, new Map(named.map(tower => [tower, acked.get(tower) ?? from])), from)
}

/** A tower has everything up to this job. */
export function towerAcked(work: Work, tower: NodeId, sequence: number): void {
  const { acked, next } = work.state.towers
  const known = acked.get(tower)
  // A tower that says what cannot be changes nothing.
  if (known === undefined || sequence <= known || sequence >= next) return
  const from = lastDone(work)
  work.writes.push({ type: 'put', key: towerAckedKey(tower), value: encode(u64Number, sequence) })
  setAcked(work, new Map(acked).set(tower, sequence), from)
}

/** What all of them have needs to be kept no more. */
function setAcked(work: Work, acked: TowersState['acked'], from: number): void {
  update(work, { towers: { ...work.state.towers, acked } })
  for (let job = from + 1; job <= lastDone(work); job++) work.writes.push({ type: 'delete', key: towerJobKey(job) })
}

/** The last job that every tower has. */
function lastDone({ state: { towers } }: Pick<Work, 'state'>): number {
  return towers.acked.size === 0 ? towers.next - 1 : Math.min(...towers.acked.values())
}

/**
 * What a tower is to hear of a job; nothing where there is nothing to punish. Cost: a signature for each output and feerate. `nonce`: 12 fresh
 * bytes, for each call.
 */
export function towerMessages(
  state: EngineState,
  context: EngineContext,
  {
    sequence,
    bytes,
    nonce,
  }: { readonly sequence: number; readonly bytes: Uint8Array; readonly nonce: () => Uint8Array },
): Result<readonly TowerMessage[], DecodeFailure> {
  const job = decode(jobCodec, bytes)
  if (!job.ok) return job
  const { channelSeed } = context
  if (job.value.type === 'closed') {
    return ok([{ type: 'tower_forget', sequence, tag: tagOf(channelSeed, job.value.channelId) }])
  }
  const { link: index, revoked } = job.value
  const link = pmapGet(state.links, String(index))
  if (link?.state.channel === undefined) return ok([])
  const destinationScript = walletScript({ state, context })
  const terms = { seed: channelSeed, channelKeyIndex: index, destinationScript, feerates: FEERATES }
  const justice = linkJustice(link.state, revoked, terms)
  if (justice === undefined) return ok([])
  const outputs = justice.outputs.flatMap(
    ({ outpoint, amountSat, transactions }) => justiceOutput(outpoint, amountSat, transactions) ?? [],
  )
  const parts = chunks(outputs)
  const tag = tagOf(channelSeed, channelIdOf(link.state.channel))
  const hint = hintOf(justice.txid)
  return ok(
    parts.map((part, number) => ({
      type: 'tower_put',
      sequence,
      tag,
      hint,
      part: number,
      isLast: number === parts.length - 1,
      blob: sealBlob(justice.txid, { destinationScript, outputs: part }, nonce()),
    })),
  )
}

function chunks(outputs: readonly JusticeOutput[]): readonly (readonly JusticeOutput[])[] {
  const count = Math.ceil(outputs.length / MAX_OUTPUTS_PER_BLOB)
  return Array.from({ length: count }, (_, part) =>
    outputs.slice(part * MAX_OUTPUTS_PER_BLOB, (part + 1) * MAX_OUTPUTS_PER_BLOB),
  )
}

/** What a channel is called to a tower: nobody else can make it, and it tells nothing. */
function tagOf(channelSeed: Uint8Array, channelId: ChannelId): Uint8Array {
  return hmacSha256(channelSeed, concat(utf8Encode('watchtower tag'), fromHex(channelId))).slice(0, TAG_BYTES)
}
