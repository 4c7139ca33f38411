import { fromHex, msat, nodeId } from '../../src/base/index.ts'
import type { RecipientData } from '../../src/onion/index.ts'
import { featureBits, type ShortChannelId } from '../../src/wire/index.ts'

/** The `encrypted_data_tlv` of a hop as the vectors print it. */
export interface PrintedData {
  readonly padding?: string | undefined
  readonly shortChannelId?: string | undefined
  readonly nextNodeId?: string | undefined
  readonly pathId?: string | undefined
  readonly nextPathKeyOverride?: string | undefined
  readonly paymentRelay?:
    | {
        readonly cltvExpiryDelta: number
        readonly feeProportionalMillionths: number
        readonly feeBaseMsat?: string | undefined
      }
    | undefined
  readonly paymentConstraints?: { readonly maxCltvExpiry: number; readonly htlcMinimumMsat: string } | undefined
  readonly allowedFeatures?: { readonly features: readonly number[] } | undefined
  readonly unknownTlvs?: readonly { readonly type: string; readonly value: string }[] | undefined
}

export function dataOf(printed: PrintedData): RecipientData {
  const { padding, shortChannelId, nextNodeId, pathId, nextPathKeyOverride } = printed
  const { paymentRelay, paymentConstraints, allowedFeatures, unknownTlvs } = printed
  return {
    ...(padding !== undefined && { padding: fromHex(padding) }),
    ...(shortChannelId !== undefined && { shortChannelId: shortChannelId as ShortChannelId }),
    ...(nextNodeId !== undefined && { nextNodeId: nodeId(fromHex(nextNodeId)) }),
    ...(pathId !== undefined && { pathId: fromHex(pathId) }),
    ...(nextPathKeyOverride !== undefined && { nextPathKeyOverride: fromHex(nextPathKeyOverride) }),
    ...(paymentRelay && {
      paymentRelay: { ...paymentRelay, feeBaseMsat: msat(BigInt(paymentRelay.feeBaseMsat ?? '0')) },
    }),
    ...(paymentConstraints && {
      paymentConstraints: { ...paymentConstraints, htlcMinimumMsat: msat(BigInt(paymentConstraints.htlcMinimumMsat)) },
    }),
    ...(allowedFeatures && { allowedFeatures: featureBits(...allowedFeatures.features) }),
    ...(unknownTlvs && {
      unknown: unknownTlvs.map(({ type, value }) => ({ type: BigInt(type), value: fromHex(value) })),
    }),
  }
}
