import { assert, concat, defined, fromHex, type NodeId, unreachable } from '../base/index.ts'
import type { HtlcResolution } from '../channel/index.ts'
import { directionOf, findChannel, policyAt, signatureHolds } from '../gossip/index.ts'
import {
  BADONION,
  decodeFailure,
  decodeFailureMessage,
  type FailureMessage,
  type FailureName,
  failureCode,
  failureName,
  NODE,
  PERM,
  UPDATE,
} from '../onion/index.ts'
import type { RouteHop } from '../routing/index.ts'
import { type ChannelUpdate, decodeMessage } from '../wire/index.ts'
import { holdTimesOf } from './holdTimes.ts'
import type { Shown } from './lessons.ts'
import { directed, keepingOut, type Refusal, type Refused } from './refusal.ts'
import { failure } from './replies.ts'
import type { Trial } from './state.ts'
import { missingMsat, routeOf } from './sums.ts'
import type { PaymentContext } from './types.ts'
import { unreadable } from './unreadable.ts'
import { describe } from './words.ts'

// What follows for a payment from a part that was refused: which channels and nodes it keeps out of, what they ask for, what the way there
// has shown, and whether its payee has said that it does not want it (BOLT 4, receiving failure codes).

export function judged(resolution: HtlcResolution, refused: Refused, context: PaymentContext): Refusal {
  assert(resolution.type !== 'fulfill', 'an HTLC that was fulfilled is not told as failed')
  switch (resolution.type) {
    case 'fail': {
      const sharedSecrets = refused.part.sharedSecrets.map(fromHex)
      const { reason, attributionData } = resolution
      const opened = decodeFailure({ reason, attributionData, sharedSecrets })
      const refusal =
        opened.type === 'from_hop'
          ? refusedBy(refused, opened.hop, opened.failure, context)
          : unreadable(refused, opened, context)
      const holdTimes = holdTimesOf(refused.part.hops, opened.holdTimes)
      return holdTimes.length === 0 ? refusal : { ...refusal, facts: { ...refusal.facts, holdTimes } }
    }
    case 'fail_malformed': {
      // Only our peer fails an HTLC so; it says that the onion did not get through to it in one piece (BOLT 2, removing an HTLC).
      const code = resolution.failureCode
      const said = decodeFailureMessage(Uint8Array.of(code >> 8, code & 0xff, ...resolution.sha256OfOnion))
      return refusedBy(refused, 0, said, context)
    }
    default:
      return unreachable(resolution)
  }
}

function refusedBy(refused: Refused, at: number, said: FailureMessage, context: PaymentContext): Refusal {
  const { hops } = refused.part
  const { nodeId } = defined(hops[at], 'who answers is on the way')
  const name = said.type === 'unknown' ? failureName(said.code) : said.type
  const isPayee = at === hops.length - 1
  const why = isPayee
    ? failure('refused_by_recipient', `The recipient refused the payment: ${describe(said)}.`)
    : failure('refused_on_the_way', `Hop ${at + 1} of the way refused the payment: ${describe(said)}.`)
  const trial = { ...refused.trial, refusal: why }
  const passed = hops.slice(1, at + 1).map((hop): Shown => ({ hop, outcome: 'passed' }))
  const isTooMuch = !isPayee && name === 'temporary_channel_failure'
  const next = hops[at + 1]
  return {
    failure: why,
    facts: { hop: at + 1, nodeId, ...(name !== undefined && { failureName: name }) },
    isFinal: isPayee && isForGood(refused, name),
    trial: next === undefined ? afterPayee(trial, hops, name) : afterHop(trial, { nodeId, next }, said, context),
    lessons: isTooMuch && next !== undefined ? [...passed, { hop: next, outcome: 'failed' }] : passed,
  }
}

/** Some of what a payee says comes of the way, or of parts that were late: then another way may do. */
function isForGood({ part, left }: Refused, name: FailureName | undefined): boolean {
  switch (name) {
    case 'mpp_timeout':
      return routeOf(part).amountMsat === left.payment.amountMsat && missingMsat(left) === left.payment.amountMsat
    // Whoever passed it on has changed it.
    case 'final_incorrect_cltv_expiry':
    case 'final_incorrect_htlc_amount':
      return part.hops.length === 1
    default:
      return true
  }
}

function afterPayee(trial: Trial, hops: readonly RouteHop[], name: FailureName | undefined): Trial {
  const last = hops.at(-1)
  if (name === 'mpp_timeout' || hops.length === 1 || last === undefined) return trial
  return keepingOut(trial, { channels: [directed(last)] })
}

interface Place {
  readonly nodeId: NodeId
  /** Where it was to go from there. */
  readonly next: RouteHop
}

/** What only payees say. From anybody else it is nonsense. */
const OF_PAYEES: ReadonlySet<number> = new Set(
  (
    [
      'incorrect_or_unknown_payment_details',
      'final_incorrect_cltv_expiry',
      'final_incorrect_htlc_amount',
      'mpp_timeout',
    ] as const
  ).map(failureCode),
)
/** What a node says of the payment, and not of one of its channels. */
const OF_NODES: ReadonlySet<number> = new Set(
  (['invalid_onion_payload', 'expiry_too_far', 'invalid_onion_blinding'] as const).map(failureCode),
)

function afterHop(trial: Trial, place: Place, said: FailureMessage, context: PaymentContext): Trial {
  const { nodeId, next } = place
  const code = failureCode(said)
  // The node behind it could not read the onion, or the one that says so has spoilt it.
  if ((code & BADONION) !== 0) return keepingOut(trial, { channels: [directed(next)] })
  if ((code & NODE) !== 0 || OF_PAYEES.has(code) || OF_NODES.has(code)) return keepingOut(trial, { nodes: [nodeId] })
  if ((code & PERM) !== 0) return keepingOut(trial, { channels: [next.shortChannelId] })
  const update = (code & UPDATE) === 0 ? undefined : newUpdate(trial, place, said, context)
  const isTooMuch = said.type === 'temporary_channel_failure'
  // What it has is learnt, where there is something to compare it with: a smaller part may go through.
  const isLearnt =
    isTooMuch && next.direction !== undefined && findChannel(context.graph, next.shortChannelId) !== undefined
  const told = update === undefined ? trial : { ...trial, updates: [...trial.updates, update] }
  if (isLearnt || (update !== undefined && !isTooMuch)) return told
  return keepingOut(told, { channels: [directed(next)] })
}

/** What the node asks for instead, if it has signed it, if it is news, and once for each payment. Cost: a verification. */
function newUpdate(
  trial: Trial,
  { nodeId, next }: Place,
  said: FailureMessage,
  { graph, chainHash }: PaymentContext,
): ChannelUpdate | undefined {
  const update = 'channelUpdate' in said ? updateIn(said.channelUpdate) : undefined
  if (update === undefined || update.chainHash !== chainHash) return undefined
  const { shortChannelId, direction = directionOf(update) } = next
  if (update.shortChannelId !== shortChannelId || directionOf(update) !== direction) return undefined
  if (trial.updates.some(each => each.shortChannelId === shortChannelId && directionOf(each) === direction)) {
    return undefined
  }
  const row = findChannel(graph, shortChannelId)
  const known = row === undefined ? undefined : policyAt(graph, row, direction)
  if (known !== undefined && known.timestamp >= update.timestamp) return undefined
  return update.htlcMaximumMsat >= update.htlcMinimumMsat && signatureHolds(update, nodeId) ? update : undefined
}

/** With the type in front, or without: there are both. */
function updateIn(bytes: Uint8Array): ChannelUpdate | undefined {
  const hasType = bytes[0] === 1 && bytes[1] === 2
  const decoded = decodeMessage(hasType ? bytes : concat(Uint8Array.of(1, 2), bytes))
  return decoded.ok && decoded.value.type === 'channel_update' ? decoded.value : undefined
}
