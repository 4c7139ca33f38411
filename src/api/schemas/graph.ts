import { z } from 'zod'
import {
  count,
  height,
  msatText,
  nodeIdIn,
  nodeIdText,
  satText,
  shortChannelIdText,
  time,
  wholeText,
} from './values.ts'

const MAX_CHANNELS_PER_PAGE = 1000

export const graphSummary = z
  .object({
    nodes: count,
    channels: count,
    capacitySat: satText,
    newestUpdateAt: time.optional(),
    syncedAt: time
      .optional()
      .meta({ description: 'When a peer had last told all that it knows, since the node started.' }),
  })
  .meta({ id: 'GraphSummary' })
export type GraphSummaryJson = z.infer<typeof graphSummary>

const graphPolicy = z
  .object({
    disabled: z.boolean(),
    feeBaseMsat: msatText,
    feeProportionalMillionths: count,
    cltvExpiryDelta: count,
    htlcMinimumMsat: msatText,
    htlcMaximumMsat: msatText,
    updatedAt: time,
  })
  .meta({ id: 'GraphPolicy' })

const graphChannel = z
  .object({
    shortChannelId: shortChannelIdText,
    nodeIds: z.array(nodeIdText).length(2).meta({ description: 'In the order of their bytes.' }),
    capacitySat: satText,
    policies: z.array(graphPolicy.nullable()).length(2).meta({
      description: 'What the first node asks for passing payments on to the second, and the other way round.',
    }),
    spentHeight: height.optional().meta({ description: 'The block that has spent its funding.' }),
  })
  .meta({ id: 'GraphChannel', description: 'A public channel between any two nodes (BOLT 7).' })
export type GraphChannelJson = z.infer<typeof graphChannel>

export const graphPage = z
  .object({
    channels: z.array(graphChannel),
    next: count.optional().meta({ description: 'Where the next page begins; left out after the last one.' }),
  })
  .meta({ id: 'GraphPage' })
export type GraphPageJson = z.infer<typeof graphPage>

export const graphNode = z
  .object({
    nodeId: nodeIdText,
    channelCount: count,
    capacitySat: satText,
    offersMpp: z.boolean().meta({ description: 'Takes payments in parts.' }),
    announcedAt: time.optional(),
    alias: z.string().optional().meta({ description: 'As it calls itself: anybody may take any name.' }),
    color: z.string().optional(),
    addresses: z.array(z.string()),
    channels: z.array(graphChannel).meta({ description: 'The first 1,000.' }),
  })
  .meta({ id: 'GraphNode' })
export type GraphNodeJson = z.infer<typeof graphNode>

export const graphNodePath = z.object({ nodeId: nodeIdIn })
export const graphQuery = z.strictObject({
  limit: wholeText('how many at most', { min: 1, max: MAX_CHANNELS_PER_PAGE })
    .optional()
    .meta({ description: 'How many at most; 100 unless told.' }),
  after: wholeText('`next` of the page before', { min: 0, max: Number.MAX_SAFE_INTEGER }).optional(),
})
