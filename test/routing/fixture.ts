import { type Msat, msat, type NodeId, sat, type Txid } from '../../src/base/index.ts'
import {
  addChannel,
  type ChannelPolicy,
  EMPTY_GRAPH,
  editGraph,
  type Graph,
  setPolicy,
} from '../../src/gossip/index.ts'
import type { FirstHop, RouteRequest } from '../../src/routing/index.ts'
import { type ShortChannelId, shortChannelId } from '../../src/wire/index.ts'

/** Node ids that sort by their number. They are not on the curve, and nobody looks. */
export const node = (number: number): NodeId => `02${number.toString(16).padStart(64, '0')}` as NodeId
export const scid = (number: number): ShortChannelId =>
  shortChannelId({ blockHeight: 100 + number, txIndex: 1, outputIndex: 0 })

export interface Edge {
  readonly id: number
  readonly from: number
  readonly to: number
  readonly capacitySat: number
  readonly policy: Partial<ChannelPolicy>
}

const POLICY: ChannelPolicy = {
  timestamp: 1,
  isDisabled: false,
  cltvExpiryDelta: 40,
  htlcMinimumMsat: msat(1),
  htlcMaximumMsat: msat(10n ** 12n),
  feeBaseMsat: msat(0),
  feeProportionalMillionths: 0,
  checksum: 0,
}

/** Directed edges; two with one id are the directions of one channel. */
export function graphOf(edges: readonly Edge[]): Graph {
  return editGraph(EMPTY_GRAPH, draft => {
    const rows = new Map<number, number>()
    for (const { id, from, to, capacitySat, policy } of edges) {
      const [low, high] = from < to ? [from, to] : [to, from]
      const fundingTxid = id.toString(16).padStart(64, '0') as Txid
      const row =
        rows.get(id) ??
        addChannel(draft, {
          shortChannelId: scid(id),
          nodeIds: [node(low), node(high)],
          capacitySat: sat(capacitySat),
          fundingTxid,
          isRoutable: true,
        })
      rows.set(id, row)
      setPolicy(draft, row, from < to ? 0 : 1, { ...POLICY, ...policy })
    }
  })
}

export const firstHop = (to: number, id: number, spendableMsat: bigint): FirstHop => ({
  nodeId: node(to),
  shortChannelId: scid(id),
  spendableMsat: msat(spendableMsat),
  htlcMinimumMsat: msat(1),
})

/** From node 0 to a node, with a budget that is no matter. */
export function requestTo(to: number, amount: Msat | bigint, fields: Partial<RouteRequest> = {}): RouteRequest {
  return {
    payer: node(0),
    destination: { type: 'node', nodeId: node(to), finalCltvExpiryDelta: 18 },
    amountMsat: msat(amount),
    height: 1000,
    maxFeeMsat: msat(10n ** 9n),
    firstHops: [],
    now: 0,
    ...fields,
  }
}
