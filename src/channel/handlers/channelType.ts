import { toHex } from '../../base/index.ts'
import type { CommitmentFormat } from '../../commitment/index.ts'
import { channelTypes, FEATURES, featureBits, listFeatures } from '../../wire/index.ts'
import type { NegotiatedFeatures } from '../types.ts'
import { type Rule, shown } from './rules.ts'

const FORMATS = {
  static_remotekey: channelTypes.STATIC_REMOTEKEY,
  anchors_zero_fee_htlc: channelTypes.ANCHORS,
} as const satisfies Record<CommitmentFormat, Uint8Array>

/** A channel type: one of the basic types with any of the variations (BOLT 2, defined channel types). */
export interface TypeVariant {
  readonly format: CommitmentFormat
  /** Onions never name the channel by where its funding output stands. */
  readonly scidAlias: boolean
  /** It is used before its funding is confirmed. */
  readonly zeroConf: boolean
}

/** The `channel_type` of a variant, as the shortest feature bits. */
export function channelTypeOf({ format, scidAlias, zeroConf }: TypeVariant): Uint8Array {
  return featureBits(
    ...listFeatures(FORMATS[format]),
    ...(scidAlias ? [FEATURES.option_scid_alias.bit] : []),
    ...(zeroConf ? [FEATURES.option_zeroconf.bit] : []),
  )
}

/** What a `channel_type` means; nothing for one that we do not know, or that has more bytes than it needs. */
export function variantOf(channelType: Uint8Array): TypeVariant | undefined {
  return VARIANTS.get(toHex(channelType))
}

const BOTH = [false, true] as const
// The keys are those of the table.
const NAMES = Object.keys(FORMATS) as CommitmentFormat[]
const VARIANTS: ReadonlyMap<string, TypeVariant> = new Map(
  NAMES.flatMap(format => BOTH.flatMap(scidAlias => BOTH.map(zeroConf => ({ format, scidAlias, zeroConf })))).map(
    variant => [toHex(channelTypeOf(variant)), variant],
  ),
)

export function channelTypeRules(
  channelType: Uint8Array | undefined,
  { announce, negotiated }: { readonly announce: boolean; readonly negotiated: NegotiatedFeatures },
): readonly Rule[] {
  return [
    { code: 'channel_type_missing', holds: channelType !== undefined, expected: 'a channel_type', got: 'none' },
    {
      code: 'channel_type_not_minimal',
      holds: channelType?.[0] !== 0,
      expected: 'the smallest bitmap for the channel_type',
      got: shown(channelType),
    },
    {
      code: 'channel_type_not_supported',
      holds: channelType !== undefined && variantOf(channelType) !== undefined,
      expected: `a channel_type of ${Object.values(FORMATS).map(shown).join(' or ')}, with option_scid_alias and option_zeroconf or without`,
      got: shown(channelType),
    },
    ...variationRules(channelType === undefined ? undefined : variantOf(channelType), announce, negotiated),
  ]
}

/** What binds the sender of `open_channel`, ourselves as well as the peer. */
export function variationRules(
  variant: TypeVariant | undefined,
  announce: boolean,
  negotiated: NegotiatedFeatures,
): readonly Rule[] {
  const asks = { option_scid_alias: variant?.scidAlias === true, option_zeroconf: variant?.zeroConf === true }
  const has = { option_scid_alias: negotiated.scidAlias, option_zeroconf: negotiated.zeroConf }
  const negotiatedRule = (name: keyof typeof asks): Rule => ({
    code: `${name.replace('option_', '')}_not_negotiated`,
    holds: !asks[name] || has[name],
    expected: `a channel_type without ${name}, which was not negotiated`,
    got: 'one with it',
  })
  return [
    negotiatedRule('option_scid_alias'),
    negotiatedRule('option_zeroconf'),
    {
      code: 'scid_alias_of_announced_channel',
      holds: !asks.option_scid_alias || !announce,
      expected: 'no option_scid_alias in the channel_type of a channel that is to be announced',
      got: 'both',
    },
  ]
}
