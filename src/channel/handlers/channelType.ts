import { bytesEqual } from '../../base/index.ts'
import type { CommitmentFormat } from '../../commitment/index.ts'
import { channelTypes } from '../../wire/index.ts'
import { type Rule, shown } from './rules.ts'

const FORMATS = {
  static_remotekey: channelTypes.STATIC_REMOTEKEY,
  anchors_zero_fee_htlc: channelTypes.ANCHORS,
} as const satisfies Record<CommitmentFormat, Uint8Array>

/** The `channel_type` of a format, as the shortest feature bits (BOLT 2, defined channel types). */
export function channelTypeOf(format: CommitmentFormat): Uint8Array {
  return FORMATS[format]
}

/**
 * The format that a `channel_type` means. None for a type with option_zeroconf or option_scid_alias: the first asks for
 * trust that we have no way to give, and of aliases we keep none.
 */
export function formatOf(channelType: Uint8Array): CommitmentFormat | undefined {
  if (bytesEqual(channelType, FORMATS.anchors_zero_fee_htlc)) return 'anchors_zero_fee_htlc'
  return bytesEqual(channelType, FORMATS.static_remotekey) ? 'static_remotekey' : undefined
}

export function channelTypeRules(channelType: Uint8Array | undefined): readonly Rule[] {
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
      holds: channelType !== undefined && formatOf(channelType) !== undefined,
      expected: `a channel_type of ${Object.values(FORMATS).map(shown).join(' or ')}`,
      got: shown(channelType),
    },
  ]
}
