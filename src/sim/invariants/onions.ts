import { pmapChanges, pmapGet } from '../../base/index.ts'
import type { Htlc } from '../../channel/index.ts'
import { onionKey } from '../lies.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import { changedLinks, fundedOf, nameOf } from './changedLinks.ts'

/** The HTLC that an onion was opened for. */
interface Opened {
  /** Which channel and which of its HTLCs. */
  readonly of: string
  readonly cltvExpiry: number
}

/**
 * An onion is good for one HTLC (BOLT 4, onion decryption): no node passes on a second one that comes with it, or takes it, until the
 * first has expired. Who has forgotten what it saw may.
 */
export function onions(world: { readonly lost: ReadonlySet<WatchedNode> }): Observer {
  const opened = new Map<string, Opened>()
  const look = (node: WatchedNode, channel: string, htlc: Htlc, height: number): Complaint => {
    const key = `${node.name} ${onionKey(htlc.onionRoutingPacket)}`
    const of = `HTLC ${htlc.id} of ${channel}`
    const first = opened.get(key)
    if (first === undefined || first.cltvExpiry <= height) opened.set(key, { of, cltvExpiry: htlc.cltvExpiry })
    else if (first.of !== of) return `${node.name} has opened the onion of ${first.of} once more, for ${of}`
    return undefined
  }
  return {
    name: 'onions',
    durable: (node, turn) => {
      const { before, after } = turn
      if (node.plan.isAdversary || world.lost.has(node) || before.links === after.links) return undefined
      const height = after.blocks.at(-1)?.height ?? 0
      for (const [, { link, id }] of pmapChanges(before.payments.forwards, after.payments.forwards)) {
        const channel = fundedOf(pmapGet(after.links, String(link)))
        const htlc = channel?.durable.htlcs.find(each => each.offeredBy === 'remote' && each.id === id)
        const complaint = channel && htlc && look(node, nameOf(channel), htlc, height)
        if (complaint !== undefined) return complaint
      }
      for (const link of changedLinks(turn)) {
        const [channel, earlier] = [fundedOf(link.after), fundedOf(link.before)]
        if (channel === undefined || channel.durable.htlcs === earlier?.durable.htlcs) continue
        for (const htlc of channel.durable.htlcs) {
          if (htlc.offeredBy === 'local' || htlc.resolution?.type !== 'fulfill') continue
          const complaint = look(node, nameOf(channel), htlc, height)
          if (complaint !== undefined) return complaint
        }
      }
      return undefined
    },
  }
}
