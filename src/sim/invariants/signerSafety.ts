import { toHex } from '../../base/index.ts'
import { channelIdOf } from '../../channel/index.ts'
import { decodeMessage } from '../../wire/index.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, WatchedNode, WatchedWorld } from '../observer.ts'
import { channelOf } from './conservation.ts'

/** Every so many revocations the records are read back, to see whether what replaces the revoked commitment is in them. */
const READ_BACK_EVERY = 200
const COMMITMENT_SIGNED = 132
const REVOKE_AND_ACK = 133

/**
 * Invariant 3: never two different remote commitments of one number; a secret leaves once, in its order, and only when the commitment
 * after it is signed by the peer and durable.
 */
export function signerSafety(world: WatchedWorld): Observer {
  const signed = new Map<string, string>()
  const secrets = new Map<string, string>()
  let revocations = 0
  const commitmentComplaint = (node: WatchedNode, channelId: string, what: string): Complaint => {
    const channel = channelOf(node, channelId)
    if (channel === undefined) return `${node.name} has signed for a channel that it does not have`
    const { number, awaitingRevocation } = channel.durable.remoteCommit
    if (awaitingRevocation === undefined)
      return `${node.name} has sent a commitment_signed that its records know nothing of`
    const key = `${node.name} ${channelId} ${number + 1}`
    const before = signed.get(key)
    // An old image may have forgotten what it signed, where the peer has heard nothing of it either.
    if (before !== undefined && before !== what && !world.lost?.has(node))
      return `${node.name} has signed two different commitments ${number + 1} of the peer in channel ${channelId.slice(0, 8)}`
    signed.set(key, what)
    return undefined
  }
  const secretComplaint = (node: WatchedNode, channelId: string, secret: string): Complaint => {
    const channel = channelOf(node, channelId)
    if (channel === undefined) return `${node.name} has revoked in a channel that it does not have`
    const revoked = channel.durable.localCommit.number - 1
    const key = `${node.name} ${channelId} ${revoked}`
    const before = secrets.get(key)
    if (before !== undefined && before !== secret)
      return `${node.name} has revealed two secrets for commitment ${revoked}`
    secrets.set(key, secret)
    revocations += 1
    if (revocations % READ_BACK_EVERY !== 0) return undefined
    const stored = linksOf(node.loaded()).find(
      ({ state }) => state.channel !== undefined && channelIdOf(state.channel) === channelId,
    )?.state.channel
    const isStored = stored !== undefined && 'durable' in stored && stored.durable.localCommit.number > revoked
    return isStored ? undefined : `${node.name} has revoked commitment ${revoked} before the next one was durable`
  }
  return {
    name: 'signer safety',
    sent: (node, _connection, bytes) => {
      const type = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
      if (node.plan.isAdversary || (type !== COMMITMENT_SIGNED && type !== REVOKE_AND_ACK)) return undefined
      const message = decodeMessage(bytes)
      if (!message.ok) return `${node.name} has sent a message that cannot be read`
      if (message.value.type === 'commitment_signed') {
        const { channelId, signature, htlcSignatures } = message.value
        return commitmentComplaint(node, channelId, [signature, ...htlcSignatures].map(toHex).join())
      }
      if (message.value.type === 'revoke_and_ack')
        return secretComplaint(node, message.value.channelId, toHex(message.value.perCommitmentSecret))
      return undefined
    },
  }
}
