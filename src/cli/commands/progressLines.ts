import type { PaymentProgressJson } from '../../api/index.ts'
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
      const { part, message } = progress
      return [
        `${paint('warn', 'failed')}  ${msatInSat(part.amountMsat)} via ${wayOf(part)}`,
        `        ${oneLine(message)}`,
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

const SHOWN_DIGITS = 8
const MOST_SHOWN = 4

function wayOf({ hops }: Route): string {
  const names = hops.map(({ nodeId }) => short(nodeId).slice(0, SHOWN_DIGITS))
  if (names.length <= MOST_SHOWN) return names.join(' > ')
  return [...names.slice(0, 2), `${names.length - MOST_SHOWN + 1} more`, ...names.slice(-1)].join(' > ')
}
