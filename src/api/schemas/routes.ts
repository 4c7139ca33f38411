import { z } from 'zod'
import { invoiceIn } from './invoices.ts'
import { height, msatIn, msatText, nodeIdIn, nodeIdText, paymentHashText, shortChannelIdText, whole } from './values.ts'

const MAX_PARTS = 1000
const MAX_BLOCKS = 65_535

/** What a payment may take besides its amount. */
export const budget = {
  maxFeeMsat: msatIn.optional().meta({ description: 'What it may cost on the way, all its parts together.' }),
  maxParts: whole('parts that it is split into at most', { min: 1, max: MAX_PARTS }).optional(),
  maxCltvDelta: whole('blocks that the money may be under way in the worst case', {
    min: 1,
    max: MAX_BLOCKS,
  }).optional(),
}

export const routesRequest = z
  .strictObject({
    invoice: invoiceIn.optional(),
    nodeId: nodeIdIn.optional(),
    amountMsat: msatIn.optional().meta({ description: 'Where no invoice names one.' }),
    ...budget,
  })
  .refine(({ invoice, nodeId }) => (invoice === undefined) !== (nodeId === undefined), {
    error: 'expected either `invoice` or `nodeId`, and not both',
  })
  .refine(({ nodeId, amountMsat }) => nodeId === undefined || amountMsat !== undefined, {
    error: 'is missing: a way to a node needs an amount',
    path: ['amountMsat'],
  })
  .meta({ id: 'RoutesRequest', description: 'Either `invoice`, or `nodeId` with `amountMsat`.' })
export type RoutesRequestJson = z.input<typeof routesRequest>

const hop = z.object({
  nodeId: nodeIdText.meta({ description: 'Where the hop leads to.' }),
  shortChannelId: shortChannelIdText,
  amountMsat: msatText.meta({ description: 'What the HTLC of this hop carries.' }),
  cltvExpiry: height,
})

const route = z
  .object({
    hops: z.array(hop).meta({ description: 'The first one ends at a peer, the last one at who is paid.' }),
    amountMsat: msatText.meta({ description: 'What arrives.' }),
    feeMsat: msatText,
  })
  .meta({ id: 'Route' })
export type RouteJson = z.infer<typeof route>

export const routes = z.array(route).meta({ id: 'Routes', description: 'Together they bring the amount.' })

/** How long a node on the way says to have held a payment. */
export const holdTimes = z
  .array(
    z.object({
      nodeId: nodeIdText,
      holdTimeMs: z.int().min(0).meta({ description: 'In steps of 100; 0 is also said by those who do not know.' }),
    }),
  )
  .meta({
    description: 'How long each node of the way says that it has held it, our peer first, as far as their word holds.',
  })

export const paymentProgress = z
  .discriminatedUnion('type', [
    z
      .object({ type: z.literal('trying'), paymentHash: paymentHashText, parts: z.array(route) })
      .meta({ id: 'TryingProgress', description: 'These HTLCs were just offered.' }),
    z
      .object({
        type: z.literal('part_failed'),
        paymentHash: paymentHashText,
        part: route,
        hop: z.int().min(1).optional().meta({ description: 'Who said so: 1 is our peer.' }),
        nodeId: nodeIdText.optional(),
        failureName: z.string().optional().meta({ description: 'A name of BOLT 4, failure messages.' }),
        suspects: z.array(nodeIdText).optional().meta({ description: 'One of these has spoilt the reason.' }),
        holdTimes: holdTimes.optional(),
        message: z.string(),
      })
      .meta({ id: 'PartFailedProgress', description: 'One of them came back. What is missing is tried another way.' }),
  ])
  .meta({ id: 'PaymentProgress' })
export type PaymentProgressJson = z.infer<typeof paymentProgress>
