import type { NodeId, PaymentHash } from '../base/index.ts'
import type { FailureName } from '../onion/index.ts'
import type { Route } from '../routing/index.ts'
import type { HoldTime } from './holdTimes.ts'

/** A way of one HTLC: the first hop is our peer, the last one is who is paid. */
export type PaymentRoute = Pick<Route, 'hops' | 'amountMsat' | 'feeMsat'>

/** What is heard of a payment while it is tried. Nothing of it is stored. */
export type PaymentProgress =
  /** These HTLCs were just offered. */
  | { readonly type: 'trying'; readonly paymentHash: PaymentHash; readonly parts: readonly PaymentRoute[] }
  /** One of them came back. What is missing then is tried over other ways, as long as there are such. */
  | {
      readonly type: 'part_failed'
      readonly paymentHash: PaymentHash
      readonly part: PaymentRoute
      /** Who said so: 1 is our peer. Without it nobody on the way has signed the reason. */
      readonly hop?: number
      readonly nodeId?: NodeId
      /** A name of BOLT 4, failure messages, where it has one for the code. */
      readonly failureName?: FailureName
      /** One of these has spoilt the reason. */
      readonly suspects?: readonly NodeId[]
      readonly holdTimes?: readonly HoldTime[]
      /** A sentence for people. */
      readonly message: string
    }
