import { bytesEqual } from '../../base/index.ts'
import { channelIdOf, commitmentContents, commitmentInput, type FundedChannel } from '../../channel/index.ts'
import { buildCommitmentTx, buildHtlcTx, commitmentSighash, verifyHtlcSignature } from '../../commitment/index.ts'
import { publicKeyFromSecret, verifyEcdsa } from '../../crypto/index.ts'
import { lookupSecret, secretIndex } from '../../keys/index.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf, nameOf } from './changedLinks.ts'

/** Of the commitments without anything strange before them, every so many is looked at down to its HTLC signatures. */
const SAMPLE_EVERY = 60
/** After a message was changed on its way, all of the next ones are. */
const LOOKED_AT_AFTER_A_LIE = 25

/**
 * Invariants 3 and 8: what a node keeps of its peer is worth something. Each stored secret fits the point that was promised for it, the
 * newest at once and an older one again and again; and with the stored signatures HTLC transactions of the own commitment are valid.
 */
export function secrets(world: World): Observer {
  /** By node and channel: the points of the peer's commitments, by number. */
  const points = new Map<string, (Uint8Array | undefined)[]>()
  let unsampled = 0
  let suspicious = 0
  return {
    name: 'stored secrets',
    deed: ({ deed }) => {
      if (deed.type === 'mutate') suspicious = LOOKED_AT_AFTER_A_LIE
      return undefined
    },
    durable: (node, turn) => {
      if (node.plan.isAdversary) return undefined
      for (const { before, after } of changedLinks(turn)) {
        const [earlier, channel] = [fundedOf(before), fundedOf(after)]
        if (channel === undefined || earlier === undefined) continue
        const complaint = secretComplaint(node, earlier, channel, points)
        if (complaint !== undefined) return complaint
        const { localCommit } = channel.durable
        if (earlier.durable.localCommit === localCommit) continue
        if (suspicious > 0) suspicious -= 1
        else if (localCommit.htlcSignatures.length === 0) continue
        else if (++unsampled % SAMPLE_EVERY !== 0) continue
        const point = world.nodes.find(each => each === node)?.commitmentPoint(channel, localCommit.number)
        const wrong = point && signatureComplaint(node, channel, point)
        if (wrong !== undefined) return wrong
      }
      return undefined
    },
  }
}

function secretComplaint(
  node: WatchedNode,
  earlier: FundedChannel,
  channel: FundedChannel,
  points: Map<string, (Uint8Array | undefined)[]>,
): Complaint {
  const { number, point } = earlier.durable.remoteCommit
  if (channel.durable.remoteCommit.number === number) return undefined
  const key = `${node.name} ${channelIdOf(channel)}`
  const known = points.get(key) ?? []
  points.set(key, known)
  known[number] = point
  // Any older one, differently each time.
  for (const each of new Set([number, (number * 7919) % (number + 1), Math.floor(number / 2)])) {
    const promised = known[each]
    if (promised === undefined) continue
    const secret = lookupSecret(channel.durable.remoteSecrets, secretIndex(each))
    if (secret !== undefined && bytesEqual(publicKeyFromSecret(secret), promised)) continue
    return `the secret that ${node.name} keeps of commitment ${each} of its peer in ${nameOf(channel)} does not fit the point that was promised`
  }
  return undefined
}

function signatureComplaint(node: WatchedNode, channel: FundedChannel, point: Uint8Array): Complaint {
  const { durable } = channel
  const { number, signature, htlcSignatures } = durable.localCommit
  const contents = commitmentContents(durable, 'local', 'latest')
  const commitment = buildCommitmentTx(commitmentInput(durable, contents, { holder: 'local', number, point }))
  const { counterpartyHtlcPubkey, counterpartyFundingPubkey } = commitment.input.keys
  // By the curve alone, which takes no high S: what verifies for the channel is what is judged here.
  if (!verifyEcdsa(signature, commitmentSighash(commitment), counterpartyFundingPubkey))
    return `the signature that ${node.name} keeps for its commitment ${number} of ${nameOf(channel)} is not valid: it could not leave`
  for (const [index, output] of commitment.htlcs.entries()) {
    const ofHtlc = htlcSignatures[index]
    if (ofHtlc !== undefined && verifyHtlcSignature(buildHtlcTx(commitment, output), ofHtlc, counterpartyHtlcPubkey))
      continue
    return `the signature that ${node.name} keeps for HTLC ${output.htlc.id} on its commitment ${number} of ${nameOf(channel)} is not valid: nobody could claim it`
  }
  return undefined
}
