import { compareBytes, fromHex } from '../base/index.ts'
import { OP, p2wshScript, script } from '../bitcoin/index.ts'
import { sha256d, verifyEcdsa } from '../crypto/index.ts'
import { type ChannelAnnouncement, type ChannelUpdate, encodeMessage, type NodeAnnouncement } from '../wire/index.ts'
import { crc32c } from './crc32c.ts'
import type { ChannelPolicy, Direction } from './graph.ts'

// What the three messages say beyond their fields: what is signed, by whom, and what an update means.

/** The type, then four signatures or one. */
const SIGNED_FROM_OF_CHANNEL = 2 + 4 * 64
const SIGNED_FROM = 2 + 64
/** The timestamp of an update stands behind chain_hash and short_channel_id. */
const TIMESTAMP_AT = SIGNED_FROM + 32 + 8

const DISABLE_BIT = 2
const DONT_FORWARD_BIT = 2

/** What all four sign (BOLT 7, channel_announcement): fields that we do not know included. */
export function channelAnnouncementDigest(message: ChannelAnnouncement): Uint8Array {
  return sha256d(encodeMessage(message).subarray(SIGNED_FROM_OF_CHANNEL))
}

export function signedDigest(message: ChannelUpdate | NodeAnnouncement): Uint8Array {
  return sha256d(encodeMessage(message).subarray(SIGNED_FROM))
}

/** Cost: 4 verifications. */
export function channelAnnouncementHolds(message: ChannelAnnouncement): boolean {
  const digest = channelAnnouncementDigest(message)
  return (
    verifyEcdsa(message.nodeSignature1, digest, fromHex(message.nodeId1)) &&
    verifyEcdsa(message.nodeSignature2, digest, fromHex(message.nodeId2)) &&
    verifyEcdsa(message.bitcoinSignature1, digest, message.bitcoinKey1) &&
    verifyEcdsa(message.bitcoinSignature2, digest, message.bitcoinKey2)
  )
}

/** Cost: 1 verification. */
export function signatureHolds(message: ChannelUpdate | NodeAnnouncement, nodeId: string): boolean {
  return verifyEcdsa(message.signature, signedDigest(message), fromHex(nodeId))
}

/** The output that the two keys own together (BOLT 3, funding transaction output). */
export function fundingScriptOf(message: Pick<ChannelAnnouncement, 'bitcoinKey1' | 'bitcoinKey2'>): Uint8Array {
  const [first, second] = [message.bitcoinKey1, message.bitcoinKey2].toSorted(compareBytes)
  // A list of two.
  return p2wshScript(script(OP.OP_2, first as Uint8Array, second as Uint8Array, OP.OP_2, OP.OP_CHECKMULTISIG))
}

export function directionOf(update: Pick<ChannelUpdate, 'channelFlags'>): Direction {
  return update.channelFlags % 2 === 0 ? 0 : 1
}

export function isDisabled(update: Pick<ChannelUpdate, 'channelFlags'>): boolean {
  return (update.channelFlags & DISABLE_BIT) !== 0
}

/** For the peer of the channel alone (BOLT 7, message_flags). */
export function isPrivate(update: Pick<ChannelUpdate, 'messageFlags'>): boolean {
  return (update.messageFlags & DONT_FORWARD_BIT) !== 0
}

export function flagsOf(flags: {
  readonly direction: Direction
  readonly isDisabled: boolean
  readonly isPrivate: boolean
}): Pick<ChannelUpdate, 'messageFlags' | 'channelFlags'> {
  return {
    messageFlags: 1 + (flags.isPrivate ? DONT_FORWARD_BIT : 0),
    channelFlags: flags.direction + (flags.isDisabled ? DISABLE_BIT : 0),
  }
}

export function policyOf(update: ChannelUpdate): ChannelPolicy {
  const { timestamp, cltvExpiryDelta, htlcMinimumMsat, htlcMaximumMsat, feeBaseMsat, feeProportionalMillionths } =
    update
  return {
    timestamp,
    isDisabled: isDisabled(update),
    cltvExpiryDelta,
    htlcMinimumMsat,
    htlcMaximumMsat,
    feeBaseMsat,
    feeProportionalMillionths,
    checksum: checksumOf(update),
  }
}

/** Without signature and timestamp (BOLT 7, query_channel_range). */
export function checksumOf(update: ChannelUpdate): number {
  const bytes = encodeMessage(update)
  return crc32c(bytes.subarray(SIGNED_FROM, TIMESTAMP_AT), bytes.subarray(TIMESTAMP_AT + 4))
}
