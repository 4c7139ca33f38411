import type { NodeId } from '../base/index.ts'
import type { RouteHop } from '../routing/index.ts'
import type { Shown } from './lessons.ts'
import type { PaymentProgress } from './progressTypes.ts'
import type { InFlight, SentPart, Trial } from './state.ts'
import type { PaymentFailure } from './types.ts'

type PartFailed = Extract<PaymentProgress, { type: 'part_failed' }>

/** What follows for a payment from a part that was refused. */
export interface Refusal {
  readonly failure: PaymentFailure
  /** For whoever follows it. */
  readonly facts: Pick<PartFailed, 'hop' | 'nodeId' | 'failureName' | 'suspects' | 'holdTimes'>
  /** No other way would be better. */
  readonly isFinal: boolean
  readonly trial: Trial
  readonly lessons: readonly Shown[]
}

export interface Refused {
  readonly part: SentPart
  /** The payment without it. */
  readonly left: InFlight
  readonly trial: Trial
}

/** As a request for a route names it; without a direction both are meant. */
export function directed({ shortChannelId, direction }: RouteHop): string {
  return direction === undefined ? shortChannelId : `${shortChannelId}/${direction}`
}

export function keepingOut(
  trial: Trial,
  { channels = [], nodes = [] }: { readonly channels?: readonly string[]; readonly nodes?: readonly NodeId[] },
): Trial {
  return {
    ...trial,
    excludedChannels: new Set([...trial.excludedChannels, ...channels]),
    excludedNodes: new Set([...trial.excludedNodes, ...nodes]),
  }
}
