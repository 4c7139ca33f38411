// gossip: BOLT 7. What is known of the network, as a graph that is a value, and the machine that learns it and tells it on.
// It must not know channels, links or how a payment is made; the chain answers it, it never asks by itself.
// Start reading at graph.ts, then types.ts for the machine and step.ts.
export { addChannel, editGraph, type GraphDraft, type NewChannel, removeChannel, setPolicy } from './edit.ts'
export type { GossipFailure, GossipFailureCode } from './failure.ts'
export {
  type ChannelPolicy,
  channelAt,
  channelRows,
  channelsOf,
  type Direction,
  EMPTY_GRAPH,
  endOf,
  findChannel,
  findNode,
  type Graph,
  type GraphChannel,
  type GraphNode,
  isLive,
  nodeAt,
  nodeIdAt,
  nodeRows,
  policyAt,
  scidAt,
} from './graph.ts'
export { CHANNEL, CHANNEL_FLAG, LARGEST_COUNTED_MSAT, NODE, NODE_FLAG } from './layout.ts'
export { DEFAULT_GOSSIP_LIMITS, type GossipLimits } from './limits.ts'
export { loadGossip, newGossip } from './load.ts'
export { directionOf, policyOf, signatureHolds } from './messages.ts'
export { remotePolicy } from './own.ts'
export { GOSSIP, isOwnRecord, nodeKey } from './records.ts'
export { gossipStep } from './step.ts'
export { floatAt, NONE, type Page, pageOf, startOf, wordAt } from './table.ts'
export type {
  FundingOutput,
  GossipContext,
  GossipEffect,
  GossipInput,
  GossipState,
  GossipStep,
  GossipWrite,
  OwnChannelFacts,
  OwnNode,
  OwnPolicy,
} from './types.ts'
