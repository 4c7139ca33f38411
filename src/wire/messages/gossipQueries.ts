import { assert, bool, type Codec, DecodeError, struct, u16, u32, type ValueOf } from '../../base/index.ts'
import { bigSize } from '../bigsize.ts'
import { chainHash } from '../fundamental.ts'
import { sized, untilEnd } from '../sequences.ts'
import { shortChannelIdCodec } from '../shortChannelId.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Query messages (BOLT 7).

const UNCOMPRESSED = 0
const RETIRED_ZLIB = 1

/** `encoded_short_ids`, in ascending order where the sender keeps the rule; nothing here rests on it. */
const shortIds = sized(u16, encodedArray(shortChannelIdCodec))

const queryShortChannelIdsCodec = checked(
  extended(struct({ chainHash, shortChannelIds: shortIds }), { queryFlags: [1n, encodedArray(bigSize)] }),
  ({ shortChannelIds, queryFlags }) => oneForEach(shortChannelIds, 'query flag', queryFlags),
)
/**
 * Asks what is known of these channels; the bits of a flag say what is wanted of the channel at the same place (BOLT 7,
 * `query_short_channel_ids`).
 */
export interface QueryShortChannelIds extends ValueOf<typeof queryShortChannelIdsCodec> {
  readonly type: 'query_short_channel_ids'
}

const replyShortChannelIdsEndCodec = extended(struct({ chainHash, fullInformation: bool }), {})
/** All that was asked for has been sent (BOLT 7, `reply_short_channel_ids_end`). */
export interface ReplyShortChannelIdsEnd extends ValueOf<typeof replyShortChannelIdsEndCodec> {
  readonly type: 'reply_short_channel_ids_end'
}

const queryChannelRangeCodec = extended(struct({ chainHash, firstBlocknum: u32, numberOfBlocks: u32 }), {
  queryOption: [1n, bigSize],
})
/** Asks for the channels funded in these blocks; bit 0: with timestamps, 1: with checksums (BOLT 7, `query_channel_range`). */
export interface QueryChannelRange extends ValueOf<typeof queryChannelRangeCodec> {
  readonly type: 'query_channel_range'
}

const replyChannelRangeCodec = checked(
  extended(
    struct({ chainHash, firstBlocknum: u32, numberOfBlocks: u32, syncComplete: bool, shortChannelIds: shortIds }),
    {
      timestamps: [1n, encodedArray(struct({ timestampNodeId1: u32, timestampNodeId2: u32 }))],
      checksums: [3n, untilEnd(struct({ checksumNodeId1: u32, checksumNodeId2: u32 }))],
    },
  ),
  ({ shortChannelIds, timestamps, checksums }) =>
    oneForEach(shortChannelIds, 'pair of timestamps', timestamps) ??
    oneForEach(shortChannelIds, 'pair of checksums', checksums),
)
/** Channels funded in these blocks; 0 stands for an update that the sender does not have (BOLT 7, `reply_channel_range`). */
export interface ReplyChannelRange extends ValueOf<typeof replyChannelRangeCodec> {
  readonly type: 'reply_channel_range'
}

const gossipTimestampFilterCodec = extended(struct({ chainHash, firstTimestamp: u32, timestampRange: u32 }), {})
/** Asks for gossip of this span of time from here on (BOLT 7, the `gossip_timestamp_filter` message). */
export interface GossipTimestampFilter extends ValueOf<typeof gossipTimestampFilterCodec> {
  readonly type: 'gossip_timestamp_filter'
}

/** Asking for what others know of the network (BOLT 7, query messages). */
export type GossipQueryMessage =
  | QueryShortChannelIds
  | ReplyShortChannelIdsEnd
  | QueryChannelRange
  | ReplyChannelRange
  | GossipTimestampFilter

export const gossipQueryMessages: MessageTable<GossipQueryMessage> = {
  query_short_channel_ids: [261, queryShortChannelIdsCodec],
  reply_short_channel_ids_end: [262, replyShortChannelIdsEndCodec],
  query_channel_range: [263, queryChannelRangeCodec],
  reply_channel_range: [264, replyChannelRangeCodec],
  gossip_timestamp_filter: [265, gossipTimestampFilterCodec],
}

/** One byte of encoding type, then the items to the end. zlib is refused: it let a small message grow large. */
function encodedArray<T>(item: Codec<T>): Codec<readonly T[]> {
  const items = untilEnd(item)
  return {
    write(writer, values) {
      writer.u8(UNCOMPRESSED)
      items.write(writer, values)
    },
    read(reader) {
      const encoding = reader.u8()
      if (encoding === UNCOMPRESSED) return items.read(reader)
      const code = encoding === RETIRED_ZLIB ? 'retired_encoding' : 'invalid'
      throw new DecodeError(code, `expected encoding type ${UNCOMPRESSED}, got ${encoding} (BOLT 7, query messages)`)
    },
  }
}

/** A codec whose value must also make sense as a whole: `complaint` says what does not. */
function checked<T>(codec: Codec<T>, complaint: (value: T) => string | undefined): Codec<T> {
  return {
    write(writer, value) {
      const wrong = complaint(value)
      assert(wrong === undefined, `a query that says: ${wrong}`)
      codec.write(writer, value)
    },
    read(reader) {
      const value = codec.read(reader)
      const wrong = complaint(value)
      if (wrong !== undefined) throw new DecodeError('invalid', wrong)
      return value
    },
  }
}

/** Lists that run in parallel with the channels are of their length, where they are there. */
function oneForEach(ids: readonly unknown[], what: string, values: readonly unknown[] | undefined): string | undefined {
  if (values === undefined || values.length === ids.length) return undefined
  return `expected a ${what} for each of ${ids.length} short_channel_ids, got ${values.length} (BOLT 7, query messages)`
}
