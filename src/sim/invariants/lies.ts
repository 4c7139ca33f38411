import { pmapChanges } from '../../base/index.ts'
import type { Htlc } from '../../channel/index.ts'
import { decodeFailure } from '../../onion/index.ts'
import type { Lies } from '../liar.ts'
import { LIES, onionKey, type Story } from '../lies.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../observer.ts'
import { changedLinks, fundedOf, nameOf } from './changedLinks.ts'

/**
 * Whoever an onion lies to does not do as it says: it neither passes the HTLC on nor takes it, and names the reason of BOLT 4 (failure
 * messages), unless there is one that has nothing to do with the lie.
 */
export function lies(world: { readonly lies: Lies }): Observer {
  return {
    name: 'lies',
    durable: (node, turn) => {
      if (node.plan.isAdversary || world.lies.byHash.size === 0) return undefined
      return passedOnComplaint(world.lies, node, turn) ?? answerComplaint(world.lies, node, turn)
    },
  }
}

function passedOnComplaint({ byHash }: Lies, { name, id }: WatchedNode, { before, after }: Turn): Complaint {
  if (before.payments.forwards === after.payments.forwards) return undefined
  for (const [, forward] of pmapChanges(before.payments.forwards, after.payments.forwards)) {
    const story = byHash.get(forward.paymentHash)
    if (story !== undefined && isFinder(story, 'forwarder', id))
      return `${name} has passed on HTLC ${forward.id}, whose sender lies (${story.lie})`
  }
  return undefined
}

function answerComplaint(told: Lies, node: WatchedNode, turn: Turn): Complaint {
  for (const { before, after } of changedLinks(turn)) {
    const [channel, earlier] = [fundedOf(after), fundedOf(before)]
    if (channel === undefined || channel.durable.htlcs === earlier?.durable.htlcs) continue
    for (const htlc of channel.durable.htlcs) {
      const story = told.byHash.get(htlc.paymentHash)
      if (story === undefined || htlc.offeredBy === 'local' || htlc.resolution === undefined) continue
      const old = earlier?.durable.htlcs.find(({ id, offeredBy }) => offeredBy === 'remote' && id === htlc.id)
      if (old?.resolution !== undefined) continue
      const isTaken = htlc.resolution.type === 'fulfill'
      if (isTaken && isFinder(story, 'payee', node.id))
        return `${node.name} has taken HTLC ${htlc.id} of ${nameOf(channel)}, whose sender lies (${story.lie})`
      if (isTaken && story.lie === 'through' && story.hops[0]?.nodeId === node.id)
        return `${node.name} has taken HTLC ${htlc.id} of ${nameOf(channel)} for an invoice of its own, and it was for somebody else`
      const complaint = reasonComplaint(told, htlc)
      if (complaint !== undefined) return `${node.name} says of HTLC ${htlc.id} of ${nameOf(channel)} ${complaint}`
    }
  }
  return undefined
}

/** What the liar will read in it. */
function reasonComplaint(told: Lies, htlc: Htlc): Complaint {
  const reason = reasonOf(told, htlc)
  if (reason === undefined) return undefined
  const { story, said, hop } = reason
  const { says, finder } = LIES[story.lie]
  const finderHop = finder === 'forwarder' ? 0 : story.hops.length - 1
  if (WEATHER.has(said) || finder === undefined || (said === says && hop === finderHop)) return undefined
  if (IN_PARTS.has(story.lie) && OF_PARTS.has(said)) return undefined
  return `that hop ${hop} has refused it with ${said}, and its sender lies to hop ${finderHop} (${story.lie}): expected ${says}`
}

interface Reason {
  readonly story: Story
  /** Its name in BOLT 4. */
  readonly said: string
  /** Who says so, from 0 on. */
  readonly hop: number
}

/** Why an HTLC with a lie goes back, where somebody has signed that; only its liar can read it. Cost: 27 rounds. */
export function reasonOf({ byOnion }: Lies, { resolution, onionRoutingPacket }: Htlc): Reason | undefined {
  const told = byOnion.get(onionKey(onionRoutingPacket))
  if (told === undefined || resolution?.type !== 'fail') return undefined
  const { story, sharedSecrets } = told
  const { reason, attributionData } = resolution
  const opened = decodeFailure({ reason, attributionData, sharedSecrets })
  return opened.type === 'from_hop' ? { story, said: opened.failure.type, hop: opened.hop } : undefined
}

function isFinder({ lie, hops }: Story, finder: 'forwarder' | 'payee', id: string): boolean {
  return LIES[lie].finder === finder && hops.at(finder === 'payee' ? -1 : 0)?.nodeId === id
}

/** Reasons that have nothing to do with what was said. */
const WEATHER: ReadonlySet<string> = new Set([
  'temporary_node_failure',
  'temporary_channel_failure',
  'permanent_channel_failure',
  'unknown_next_peer',
  'expiry_too_soon',
  'expiry_too_far',
])
/** A part goes back where the others do not come, and where they do not fit; and once there is too little time left to wait. */
const IN_PARTS: ReadonlySet<string> = new Set(['part', 'totals'])
const OF_PARTS: ReadonlySet<string> = new Set(['mpp_timeout', 'incorrect_or_unknown_payment_details'])
