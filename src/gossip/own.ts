import {
  bytesEqual,
  type ChannelId,
  fromHex,
  jsonEncode,
  type NodeId,
  pmapDelete,
  pmapGet,
  pmapHas,
  pmapSet,
  pmapValues,
  toHex,
} from '../base/index.ts'
import { signEcdsa, verifyEcdsa } from '../crypto/index.ts'
import {
  type AnnouncementSignatures,
  type ChannelAnnouncement,
  type ChannelUpdate,
  decodeMessage,
  encodeMessage,
  type ShortChannelId,
  shortChannelIdParts,
} from '../wire/index.ts'
import { believe } from './channels.ts'
import { closing, ignored, warned } from './failure.ts'
import { type Direction, findChannel, policyAt } from './graph.ts'
import { channelAnnouncementDigest, flagsOf, signatureHolds, signedDigest } from './messages.ts'
import { ownKey } from './records.ts'
import { change, forget, put, refuse, secondsOf, type Turn } from './turn.ts'
import type { GossipState, OwnChannel, OwnChannelFacts, OwnProgress } from './types.ts'
import { applyUpdate } from './updates.ts'

// Our own channels: how they are announced together with the peer, and what we ask for (BOLT 7, announcement_signatures, channel_update).

const NOTHING = new Uint8Array(0)
const NO_SIGNATURE = new Uint8Array(64)
const NOT_YET: OwnProgress = { isAnnounced: false }

/** Told again whenever something of it changes, and after each start. */
export function onOwnChannel(turn: Turn, facts: OwnChannelFacts): void {
  const before = pmapGet(turn.state.own, facts.channelId)
  const couldTalk = before !== undefined && talks(turn, before.facts)
  const canTalk = talks(turn, facts)
  const progress = before?.progress ?? pmapGet(turn.state.progress, facts.channelId) ?? NOT_YET
  const own: OwnChannel = {
    facts,
    progress: isOfOther(progress, facts) ? NOT_YET : progress,
    sentSignatures: couldTalk && before.sentSignatures,
    downSince: canTalk ? undefined : (before?.downSince ?? turn.context.now),
  }
  change(turn, { own: pmapSet(turn.state.own, facts.channelId, own) })
  advance(turn, facts.channelId)
  if (canTalk && !couldTalk) resendPrivate(turn, own)
}

/** What was announced has left the chain, and stands elsewhere now: it is another channel to everybody else. */
function isOfOther({ isAnnounced, signatures }: OwnProgress, { shortChannelId }: OwnChannelFacts): boolean {
  return isAnnounced && shortChannelId !== undefined && signatures?.shortChannelId !== shortChannelId
}

/** Whether something may be said of the channel to its peer now. */
function talks(turn: Turn, { peer, isUp }: OwnChannelFacts): boolean {
  return isUp && pmapHas(turn.state.peers, peer)
}

export function onOwnChannelGone(turn: Turn, id: ChannelId): void {
  if (!pmapHas(turn.state.own, id)) return
  change(turn, { own: pmapDelete(turn.state.own, id) })
  forget(turn, ownKey(id))
}

/** Of all channels: what has become due. */
export function advanceAll(turn: Turn): void {
  for (const { facts } of pmapValues(turn.state.own)) advance(turn, facts.channelId)
}

/** Those that one more block may have made deep enough. */
export function announceWhereDeep(turn: Turn): void {
  for (const { facts, progress } of pmapValues(turn.state.own)) {
    if (facts.isPublic && !progress.isAnnounced) advance(turn, facts.channelId)
  }
}

/** A connection begins or ends. */
export function onLine(turn: Turn, peer: NodeId, isUp: boolean): void {
  for (const own of pmapValues(turn.state.own)) {
    if (own.facts.peer !== peer) continue
    const canTalk = isUp && own.facts.isUp
    changeOwn(turn, own, {
      sentSignatures: false,
      downSince: canTalk ? undefined : (own.downSince ?? turn.context.now),
    })
    advance(turn, own.facts.channelId)
    if (canTalk) resendPrivate(turn, own)
  }
}

/** The peer's half. It may come before we have seen the confirmations: then it is kept. */
export function onAnnouncementSignatures(turn: Turn, peer: NodeId, message: AnnouncementSignatures): void {
  const own = pmapGet(turn.state.own, message.channelId)
  if (own?.facts.peer !== peer) {
    refuse(turn, peer, warned('not_ours', `expected one of our channels, got ${message.channelId}`))
    return
  }
  const { shortChannelId } = message
  if (own.facts.shortChannelId !== undefined && own.facts.shortChannelId !== shortChannelId) {
    const expected = `expected ${own.facts.shortChannelId}, got ${shortChannelId}`
    refuse(turn, peer, warned('not_ours', `${expected} (BOLT 7, announcement_signatures)`))
    return
  }
  const digest = channelAnnouncementDigest(unsigned(turn, own.facts, shortChannelId))
  const holds =
    verifyEcdsa(message.nodeSignature, digest, fromHex(peer)) &&
    verifyEcdsa(message.bitcoinSignature, digest, own.facts.remoteFundingPubkey)
  if (!holds) {
    const words = `a signature of the peer for ${shortChannelId} does not hold (BOLT 7, announcement_signatures)`
    refuse(turn, peer, closing('invalid_signature', words))
    return
  }
  const signatures = {
    shortChannelId,
    node: toHex(message.nodeSignature),
    bitcoin: toHex(message.bitcoinSignature),
  }
  saveProgress(turn, own, { ...own.progress, signatures })
  // A peer that asks once more has lost ours.
  if (own.progress.isAnnounced) sendSignatures(turn, own, shortChannelId)
  advance(turn, message.channelId)
}

/** The peer's update for a channel of ours, announced or not: what it asks of those who pay us over it. */
export function onUpdateOfPeer(turn: Turn, own: OwnChannel, update: ChannelUpdate): void {
  const { peer } = own.facts
  const before = readUpdate(own.progress.remoteUpdate)
  if (before !== undefined && before.timestamp >= update.timestamp) return
  if (update.timestamp > secondsOf(turn.context.now) + turn.context.limits.maxAheadSeconds) {
    refuse(turn, peer, ignored('timestamp', 'the update of the peer is far ahead of our clock'))
    return
  }
  if (!signatureHolds(update, peer)) {
    refuse(turn, peer, closing('invalid_signature', 'the signature of an update of the peer does not hold (BOLT 7)'))
    return
  }
  saveProgress(turn, own, { ...own.progress, remoteUpdate: toHex(encodeMessage(update)) })
}

/** The channel with this peer that an update of the peer names: by its real id, or by the alias that we gave. */
export function ownOf(turn: Turn, peer: NodeId, update: ChannelUpdate): OwnChannel | undefined {
  const theirs: Direction = peer < turn.context.nodeId ? 0 : 1
  if (update.channelFlags % 2 !== theirs) return undefined
  for (const own of pmapValues(turn.state.own)) {
    const { shortChannelId, localAlias } = own.facts
    const isNamed = shortChannelId === update.shortChannelId || localAlias === update.shortChannelId
    if (own.facts.peer === peer && isNamed) return own
  }
  return undefined
}

/** What the peer asks for over a channel of ours, if it has told: for the route hints of our invoices (BOLT 11). */
export function remotePolicy(state: GossipState, id: ChannelId): ChannelUpdate | undefined {
  return readUpdate(pmapGet(state.own, id)?.progress.remoteUpdate)
}

function readUpdate(hex: string | undefined): ChannelUpdate | undefined {
  const message = hex === undefined ? undefined : decodeMessage(fromHex(hex))
  return message?.ok === true && message.value.type === 'channel_update' ? message.value : undefined
}

/** Signatures, the announcement, and our update, each when it is due. */
function advance(turn: Turn, id: ChannelId): void {
  const own = pmapGet(turn.state.own, id)
  const shortChannelId = own?.facts.shortChannelId
  if (own !== undefined && shortChannelId !== undefined && mayBeAnnounced(turn, own.facts, shortChannelId)) {
    if (!own.progress.isAnnounced) sendSignatures(turn, own, shortChannelId)
    announce(turn, id, shortChannelId)
  }
  update(turn, id)
}

/** BOLT 7, announcement_signatures: ready on both sides, deep enough, and nobody has begun to close. */
function mayBeAnnounced({ context }: Turn, facts: OwnChannelFacts, id: ShortChannelId): boolean {
  const depth = context.height - shortChannelIdParts(id).blockHeight + 1
  return facts.isPublic && facts.isReady && !facts.isClosing && depth >= context.limits.minConfirmations
}

/** Once for each connection until the channel is announced; after that in answer to the peer's, which a restart may have lost. */
function sendSignatures(turn: Turn, own: OwnChannel, shortChannelId: ShortChannelId): void {
  const { facts } = own
  if (own.sentSignatures || !talks(turn, facts)) return
  const fundingSecret = turn.context.fundingSecret(facts.channelId)
  if (fundingSecret === undefined) return
  const digest = channelAnnouncementDigest(unsigned(turn, facts, shortChannelId))
  changeOwn(turn, own, { sentSignatures: true })
  turn.effects.push({
    type: 'send',
    peer: facts.peer,
    message: {
      type: 'announcement_signatures',
      channelId: facts.channelId,
      shortChannelId,
      nodeSignature: signEcdsa(digest, turn.context.nodeSecret),
      bitcoinSignature: signEcdsa(digest, fundingSecret),
    },
  })
}

/** Both halves are there: the channel becomes part of the network. */
function announce(turn: Turn, id: ChannelId, shortChannelId: ShortChannelId): void {
  const own = pmapGet(turn.state.own, id)
  const signatures = own?.progress.signatures
  if (own === undefined || own.progress.isAnnounced || signatures?.shortChannelId !== shortChannelId) return
  const fundingSecret = turn.context.fundingSecret(id)
  if (fundingSecret === undefined) return
  const { facts, progress } = own
  const digest = channelAnnouncementDigest(unsigned(turn, facts, shortChannelId))
  const ours = { node: signEcdsa(digest, turn.context.nodeSecret), bitcoin: signEcdsa(digest, fundingSecret) }
  const theirs = { node: fromHex(signatures.node), bitcoin: fromHex(signatures.bitcoin) }
  const [first, second] = turn.context.nodeId < facts.peer ? [ours, theirs] : [theirs, ours]
  const announcement: ChannelAnnouncement = {
    ...unsigned(turn, facts, shortChannelId),
    nodeSignature1: first.node,
    nodeSignature2: second.node,
    bitcoinSignature1: first.bitcoin,
    bitcoinSignature2: second.bitcoin,
  }
  if (findChannel(turn.state.graph, shortChannelId) === undefined) believe(turn, announcement, facts)
  saveProgress(turn, own, { ...progress, isAnnounced: true })
}

/** What both sign: without signatures, which stand before what is signed. */
function unsigned(turn: Turn, facts: OwnChannelFacts, shortChannelId: ShortChannelId): ChannelAnnouncement {
  const { nodeId, chainHash } = turn.context
  const ours = { id: nodeId, key: facts.localFundingPubkey }
  const theirs = { id: facts.peer, key: facts.remoteFundingPubkey }
  const [first, second] = nodeId < facts.peer ? [ours, theirs] : [theirs, ours]
  return {
    type: 'channel_announcement',
    nodeSignature1: NO_SIGNATURE,
    nodeSignature2: NO_SIGNATURE,
    bitcoinSignature1: NO_SIGNATURE,
    bitcoinSignature2: NO_SIGNATURE,
    features: NOTHING,
    chainHash,
    shortChannelId,
    nodeId1: first.id,
    nodeId2: second.id,
    bitcoinKey1: first.key,
    bitcoinKey2: second.key,
    unknownFields: NOTHING,
  }
}

/** A new update where something changed or the last one grows old; nothing before `channel_ready` (BOLT 7, channel_update, origin node). */
function update(turn: Turn, id: ChannelId): void {
  const own = pmapGet(turn.state.own, id)
  const { nodeId, now, limits } = turn.context
  const named = own === undefined ? undefined : nameOf(own)
  if (own === undefined || named === undefined || !own.facts.isReady) return
  const last = readUpdate(own.progress.localUpdate)
  const isAway = own.downSince !== undefined && now - own.downSince >= limits.disableAfterMs
  const direction: Direction = nodeId < own.facts.peer ? 0 : 1
  const isAnnounced = own.progress.isAnnounced
  const row = isAnnounced ? findChannel(turn.state.graph, named) : undefined
  // What we said before our records were lost counts too, where others have told us.
  const known = row === undefined ? undefined : policyAt(turn.state.graph, row, direction)
  const timestamp = Math.max(secondsOf(now), (last?.timestamp ?? 0) + 1, (known?.timestamp ?? 0) + 1)
  const { isClosing, isDisabled: isUnwanted } = own.facts
  const isDisabled = isUnwanted || (isAnnounced && (isClosing || isAway))
  const unsigned = updateOf(turn, own.facts, {
    ...flagsOf({ direction, isDisabled, isPrivate: !isAnnounced }),
    shortChannelId: named,
    timestamp,
  })
  const isOld = last === undefined || timestamp - last.timestamp >= limits.refreshAfterSeconds
  if (!isOld && saysTheSame(last, unsigned)) return
  const made = { ...unsigned, signature: signEcdsa(signedDigest(unsigned), turn.context.nodeSecret) }
  saveProgress(turn, own, { ...own.progress, localUpdate: toHex(encodeMessage(made)) })
  if (row !== undefined) applyUpdate(turn, row, made, undefined)
  if (talks(turn, own.facts)) turn.effects.push({ type: 'send', peer: own.facts.peer, message: made })
}

/** Before the announcement, the alias that the peer has given us is what it knows the channel by (BOLT 7, channel_update). */
function nameOf({ facts, progress }: OwnChannel): ShortChannelId | undefined {
  return progress.isAnnounced ? facts.shortChannelId : (facts.remoteAlias ?? facts.shortChannelId)
}

/** Without its signature. */
function updateOf(
  { context }: Turn,
  { policy, capacitySat }: OwnChannelFacts,
  fields: Pick<ChannelUpdate, 'messageFlags' | 'channelFlags' | 'shortChannelId' | 'timestamp'>,
): ChannelUpdate {
  const capacityMsat = (capacitySat as bigint) * 1000n
  const maximum = policy.htlcMaximumMsat < capacityMsat ? policy.htlcMaximumMsat : capacityMsat
  return {
    type: 'channel_update',
    signature: NO_SIGNATURE,
    chainHash: context.chainHash,
    ...fields,
    ...policy,
    // An amount up to a capacity.
    htlcMaximumMsat: maximum as ChannelUpdate['htlcMaximumMsat'],
    unknownFields: NOTHING,
  }
}

/** In each field but the signature and the timestamp. Asked at every change of a channel, so nothing is encoded for it. */
function saysTheSame(last: ChannelUpdate, made: ChannelUpdate): boolean {
  for (const key of CONTENT) if (last[key] !== made[key]) return false
  return bytesEqual(last.unknownFields, made.unknownFields)
}

/** A field that comes to the message is missed here by its type. */
const SAYS: Record<Exclude<keyof ChannelUpdate, 'type' | 'signature' | 'timestamp' | 'unknownFields'>, true> = {
  chainHash: true,
  shortChannelId: true,
  messageFlags: true,
  channelFlags: true,
  cltvExpiryDelta: true,
  htlcMinimumMsat: true,
  feeBaseMsat: true,
  feeProportionalMillionths: true,
  htlcMaximumMsat: true,
}
// The keys are those of the table.
const CONTENT = Object.keys(SAYS) as (keyof typeof SAYS)[]

/** The peer may have lost it; nobody else has it. */
function resendPrivate(turn: Turn, { facts: { channelId } }: OwnChannel): void {
  const own = pmapGet(turn.state.own, channelId)
  if (own === undefined) return
  const { facts, progress } = own
  const last = readUpdate(progress.localUpdate)
  const isSent = turn.effects.some(
    effect =>
      effect.type === 'send' &&
      effect.message.type === 'channel_update' &&
      effect.message.shortChannelId === last?.shortChannelId,
  )
  if (last !== undefined && !progress.isAnnounced && !isSent) {
    turn.effects.push({ type: 'send', peer: facts.peer, message: last })
  }
}

function saveProgress(turn: Turn, own: OwnChannel, progress: OwnProgress): void {
  changeOwn(turn, own, { progress })
  put(turn, ownKey(own.facts.channelId), jsonEncode(progress))
}

function changeOwn(turn: Turn, { facts }: OwnChannel, fields: Partial<OwnChannel>): void {
  const now = pmapGet(turn.state.own, facts.channelId)
  if (now !== undefined) change(turn, { own: pmapSet(turn.state.own, facts.channelId, { ...now, ...fields }) })
}
