import { outPointKey, type Txid, toHex } from '../../base/index.ts'
import { type Tx, txid } from '../../bitcoin/index.ts'
import { channelIdOf, channelObscuringFactor, type FundedChannel } from '../../channel/index.ts'
import { commitmentNumberOf } from '../../commitment/index.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf, nameOf } from './changedLinks.ts'
import { channelOf } from './conservation.ts'

/** BOLT 2: two bytes of type, then the channel's id. */
const REVOKE_AND_ACK = 133
const CHANNEL_REESTABLISH = 136

/**
 * Invariants 3 and 9: whoever has given a secret away never publishes the commitment that it belongs to, nor gives away the secret of
 * one that it has published. What left counts, whatever a later image of the disk says: who is on one that is older does not know, and is
 * excused where it has done what it can to find out (decision 15).
 */
export function revoked(world: World): Observer {
  /** By node and channel: the highest number whose secret has left. */
  const revokedUpTo = new Map<string, number>()
  const isLost = (node: WatchedNode) => world.honest.some(each => each === node && world.lost.has(each))
  /** The lowest that it has published. */
  const published = new Map<string, { readonly number: number; readonly txid: Txid }>()
  /** Of channels whose peer has said in this process where it stands: the first of our commitments whose secret it says not to have. */
  const met = new Map<string, number>()
  /** By node and txid: what was excused when it was published first. */
  const excused = new Set<string>()
  /** The height up to which our commitment was last held back. */
  const heldUntil = new Map<string, number>()
  const isConfirmed = (txid: Txid) => world.chain.transaction(txid)?.height !== undefined
  const forget = (keys: Set<string> | Map<string, number>, { name }: Pick<WatchedNode, 'name'>) => {
    for (const key of [...keys.keys()]) if (key.startsWith(`${name} `)) keys.delete(key)
  }
  const secretComplaint = (node: WatchedNode, channelId: string): Complaint => {
    const channel = channelOf(node, channelId)
    if (channel === undefined) return undefined
    const key = `${node.name} ${channelId}`
    const number = channel.durable.localCommit.number - 1
    revokedUpTo.set(key, Math.max(revokedUpTo.get(key) ?? -1, number))
    const lowest = published.get(key)?.number
    if (lowest === undefined || lowest > number) return undefined
    return `${node.name} has revoked commitment ${number} of ${nameOf(channel)} after it published commitment ${lowest}`
  }
  /** Its user wanted that; or it has waited for a word of the peer, and only an HTLC waits less than who has an honest one. */
  const isExcused = (node: WatchedNode, channel: FundedChannel, key: string, number: number): boolean => {
    // The secret was lost on its way: nobody can punish it, and an honest peer says so.
    if (hasWitness(world, channel, node) && (met.get(key) ?? Number.POSITIVE_INFINITY) <= number) return true
    const cause = causeOf(channel)
    if (cause === 'local_force') return true
    const hasWaited = (heldUntil.get(key) ?? Number.POSITIVE_INFINITY) <= (node.state.blocks.at(-1)?.height ?? 0)
    if (hasWaited && cause === 'deadline') return true
    return !hasWitness(world, channel, node) && (hasWaited || met.has(key))
  }
  const publicationComplaint = (node: WatchedNode, tx: Tx): Complaint => {
    const channel = channelSpentBy(node, tx)
    const number = channel && commitmentNumberOf(tx, channelObscuringFactor(channel.durable.params))
    if (channel === undefined || number === undefined)
      return `${node.name} has published a commitment ${txid(tx)} of a channel that it does not have`
    const key = `${node.name} ${channelIdOf(channel)}`
    if (number <= (published.get(key)?.number ?? number)) published.set(key, { number, txid: txid(tx) })
    const upTo = revokedUpTo.get(key) ?? -1
    if (number > upTo) return undefined
    const name = `${node.name} ${txid(tx)}`
    if (isLost(node) && isExcused(node, channel, key, number)) {
      excused.add(name)
      return undefined
    }
    // Put back once more, it says again what was excused, and what a block holds by then.
    if (excused.has(name) && isConfirmed(txid(tx))) return undefined
    return `${node.name} has published commitment ${number} of ${nameOf(channel)}, and has revoked all up to ${upTo}`
  }
  return {
    name: 'revoked commitments',
    deed: ({ deed }) => {
      if (deed.type !== 'old_image') return
      const node = world.nodeAt(deed.who)
      forget(heldUntil, node)
      for (const [key, { txid }] of published) {
        // Nothing tells who has forgotten it of a commitment that no block holds.
        if (key.startsWith(`${node.name} `) && !isConfirmed(txid)) published.delete(key)
      }
    },
    started: node => {
      forget(met, node)
      return undefined
    },
    received: (node, _connection, bytes) => {
      if (bytes[0] === 0 && bytes[1] === CHANNEL_REESTABLISH)
        met.set(`${node.name} ${toHex(bytes.subarray(2, 34))}`, lackedBy(bytes))
      return undefined
    },
    durable: (node, turn) => {
      if (!isLost(node)) return undefined
      for (const { after } of changedLinks(turn)) {
        const channel = fundedOf(after)
        if (channel === undefined) continue
        const { phase } = channel.durable
        if (phase.type === 'closing' && phase.heldUntil !== undefined)
          heldUntil.set(`${node.name} ${channelIdOf(channel)}`, phase.heldUntil)
      }
      return undefined
    },
    sent: (node, _connection, bytes) => {
      if (bytes[0] !== 0 || bytes[1] !== REVOKE_AND_ACK || node.plan.isAdversary) return undefined
      return secretComplaint(node, toHex(bytes.subarray(2, 34)))
    },
    published: (node, tx, role) =>
      role !== 'commitment' || node.plan.isAdversary ? undefined : publicationComplaint(node, tx),
  }
}

/** `next_revocation_number` of a `channel_reestablish`. */
function lackedBy(bytes: Uint8Array): number {
  const number = bytes.subarray(42, 50)
  return number.length < 8 ? Number.POSITIVE_INFINITY : Number.parseInt(toHex(number), 16)
}

function channelSpentBy(node: WatchedNode, tx: Tx): FundedChannel | undefined {
  const [input] = tx.inputs
  if (input === undefined) return undefined
  const spent = outPointKey(input.outpoint)
  for (const link of linksOf(node.state)) {
    const channel = fundedOf(link)
    if (channel !== undefined && outPointKey(channel.durable.params.fundingOutpoint) === spent) return channel
  }
  return undefined
}

/** Whether there is anybody who could have told it: an honest peer that has not lost data too. */
function hasWitness({ honest, lost }: World, channel: FundedChannel, node: WatchedNode): boolean {
  const peers = linksOf(node.state).filter(link => {
    const other = fundedOf(link)
    return other !== undefined && channelIdOf(other) === channelIdOf(channel)
  })
  return honest.some(each => !lost.has(each) && peers.some(({ peer }) => peer === each.id))
}

function causeOf({ durable: { phase } }: FundedChannel): string | undefined {
  return phase.type === 'closing' ? phase.cause.kind : undefined
}
