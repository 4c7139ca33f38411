import { z } from 'zod'
import { peerAddress } from './peers.ts'
import {
  channelIdIn,
  channelIdText,
  choice,
  count,
  feerate,
  feerateIn,
  flag,
  height,
  msatIn,
  msatText,
  nodeIdText,
  outPoint,
  satIn,
  satText,
  txidText,
} from './values.ts'

export const openRequest = z
  .strictObject({
    peer: peerAddress,
    capacitySat: satIn,
    pushMsat: msatIn.optional().meta({ description: 'What the other side gets of it at the start.' }),
    feeratePerKw: feerateIn.optional(),
    zeroConf: flag('whether it is used before it is confirmed, which the peer has to agree to').optional(),
    scidAlias: flag('whether payments never name it by where it stands on the chain').optional(),
    announce: flag('whether the whole network is told of the channel (BOLT 7); private unless told').optional(),
  })
  .meta({ id: 'OpenRequest' })
export type OpenJson = z.input<typeof openRequest>

export const opened = z
  .object({ channelId: channelIdText, fundingTxid: txidText, fundingOutpoint: outPoint })
  .meta({ id: 'OpenedChannel' })
export type OpenedJson = z.infer<typeof opened>

export const channel = z
  .object({
    channelId: channelIdText,
    peer: nodeIdText,
    peerConnected: z.boolean(),
    usable: z.boolean().meta({ description: 'Payments are possible.' }),
    state: z.string(),
    role: z.enum(['opener', 'accepter']),
    capacitySat: satText,
    localMsat: msatText,
    remoteMsat: msatText,
    spendableMsat: msatText.meta({ description: 'What could be paid now: less the reserves, fees and limits.' }),
    receivableMsat: msatText.meta({ description: 'What could be received now.' }),
    htlcs: count,
    fundingOutpoint: outPoint.optional(),
    fundingConfirmedHeight: height.optional(),
    feeratePerKw: feerate,
    closeReason: z.string().optional().meta({ description: 'Why it was closed, in words for people.' }),
  })
  .meta({ id: 'Channel' })
export const channels = z.array(channel).meta({ id: 'Channels' })
export type ChannelJson = z.infer<typeof channel>

const explainedSpend = z
  .object({
    sentence: z.string(),
    amountSat: satText,
    now: z.boolean().meta({ description: 'Possible now; else `afterHeight` says from which block on, where known.' }),
    afterHeight: height.optional(),
  })
  .meta({ id: 'ExplainedSpend' })

const explainedOutput = z
  .object({
    outpoint: outPoint,
    amountSat: satText,
    what: z.string().meta({ description: 'Whose it is, in words.' }),
    ways: z
      .array(explainedSpend.extend({ by: z.enum(['us', 'peer']) }).meta({ id: 'ExplainedWay' }))
      .meta({ description: 'Who may take it when, while no block spends it.' }),
    spending: z
      .object({
        txid: txidText,
        role: z.string().optional().meta({ description: 'What it is for, where it is ours and waits for a block.' }),
        confirmedHeight: height.optional(),
        feeSat: satText.optional(),
        feeratePerKw: feerate.optional(),
      })
      .optional()
      .meta({ id: 'ExplainedSpending', description: 'What spends it: in a block, or ours that waits for one.' }),
    awaited: z.string().meta({ description: 'What has to come next, in words.' }),
  })
  .meta({ id: 'ExplainedOutput' })

export const explanation = z
  .object({
    channel,
    summary: z.string().meta({ description: 'Where it stands, in a sentence or two.' }),
    local: z.array(explainedSpend).meta({ description: 'What we could do on chain.' }),
    remote: z.array(explainedSpend).meta({ description: 'What the other side could do on chain.' }),
    outputs: z.array(explainedOutput).meta({ description: 'Of a channel that ends: each output on the chain.' }),
    closing: z.array(z.string()).meta({ description: 'Why it was closed, and what was seen.' }),
  })
  .meta({ id: 'ChannelExplanation' })
export type ExplanationJson = z.infer<typeof explanation>

export const closeRequest = z
  .strictObject({
    force: flag('publish our commitment transaction instead of asking the peer').optional(),
    feeratePerKw: feerateIn.optional(),
  })
  .meta({ id: 'CloseRequest' })
export type CloseJson = z.input<typeof closeRequest>

export const closing = z
  .object({ channelId: channelIdText, state: z.string(), closingTxid: txidText.optional() })
  .meta({ id: 'ClosingChannel' })
export type ClosingJson = z.infer<typeof closing>

export const channelPath = z.object({ channelId: channelIdIn })
export const channelsQuery = z.strictObject({
  closed: choice('whether closed ones are listed too', ['true', 'false']).optional(),
})
