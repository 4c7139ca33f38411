import type { PaymentJson, PaymentProgressJson } from '../../api/index.ts'
import { unreachable } from '../../base/index.ts'
import type { Paint } from '../print.ts'
import { msatInSat, oneLine, short } from '../words.ts'

type Route = Extract<PaymentProgressJson, { type: 'part_failed' }>['part']

/** One word of a payment that is tried, for people: what is on its way, or what came back and why. */
export function progressLines(progress: PaymentProgressJson, paint: Paint): readonly string[] {
  switch (progress.type) {
    case 'trying':
      return progress.parts.map(part => `${paint('faint', 'trying')}  ${routeLine(part)}`)
    case 'part_failed': {
      const { part, message, holdTimes } = progress
      const held = holdTimes === undefined ? [] : [`        Held for ${heldFor(holdTimes)}.`]
      return [
        `${paint('warn', 'failed')}  ${msatInSat(part.amountMsat)} via ${wayOf(part)}`,
        `        ${oneLine(message)}`,
        ...held,
      ]
    }
    default:
      return unreachable(progress)
  }
}

/** The amount, the nodes on the way by the first digits of their ids, and what it costs. */
export function routeLine(route: Route): string {
  const fee = route.feeMsat === '0' ? 'no fee' : `fee ${msatInSat(route.feeMsat)}`
  return `${msatInSat(route.amountMsat)} via ${wayOf(route)}, ${fee}`
}

/** How long each node says that it has had it, our peer first. Those behind are part of it. */
export function heldFor(holdTimes: NonNullable<PaymentJson['holdTimes']>): string {
  return holdTimes.map(({ nodeId, holdTimeMs }) => `${seconds(holdTimeMs)} at ${nameOf(nodeId)}`).join(', ')
}

/** Less than a tenth of one is said as 0. */
const seconds = (ms: number): string => (ms === 0 ? 'under 0.1 s' : `${(ms / 1000).toFixed(1)} s`)

const nameOf = (nodeId: string): string => short(nodeId).slice(0, SHOWN_DIGITS)

const SHOWN_DIGITS = 8
const MOST_SHOWN = 4

function wayOf({ hops }: Route): string {
  const names = hops.map(({ nodeId }) => nameOf(nodeId))
  if (names.length <= MOST_SHOWN) return names.join(' > ')
  return [...names.slice(0, 2), `${names.length - MOST_SHOWN + 1} more`, ...names.slice(-1)].join(' > ')
}
