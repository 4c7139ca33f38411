import { z } from 'zod'
import { channelIdText, count, flag, msatIn, msatText, nodeIdText, time, whole } from './values.ts'

const U32_MAX = 0xffff_ffff
const U16_MAX = 0xffff

export const policyRequest = z
  .strictObject({
    feeBaseMsat: msatIn.optional().meta({ description: 'Asked for each payment, whatever its amount.' }),
    feeProportionalMillionths: whole('millionths of the amount', { min: 0, max: U32_MAX }).optional(),
    cltvExpiryDelta: whole('blocks between the expiry of what comes and of what goes on', {
      min: 0,
      max: U16_MAX,
    }).optional(),
    htlcMinimumMsat: msatIn.optional(),
    htlcMaximumMsat: msatIn.optional(),
    disabled: flag('whether nothing is passed on through the channel').optional(),
  })
  .meta({ id: 'PolicyRequest', description: 'What is not named stays as it is.' })
export type PolicyRequestJson = z.input<typeof policyRequest>

export const channelPolicy = z
  .object({
    channelId: channelIdText,
    peer: nodeIdText,
    feeBaseMsat: msatText,
    feeProportionalMillionths: count,
    cltvExpiryDelta: count,
    htlcMinimumMsat: msatText,
    htlcMaximumMsat: msatText.optional().meta({ description: 'Left out: what the channel can take.' }),
    disabled: z.boolean(),
    updatedAt: time.optional().meta({ description: 'When it was set; left out where it is the default.' }),
  })
  .meta({ id: 'ChannelPolicy', description: 'What the node asks for passing payments on through a channel.' })
export const channelPolicies = z.array(channelPolicy).meta({ id: 'ChannelPolicies' })
export type ChannelPolicyJson = z.infer<typeof channelPolicy>
