import {
  bool,
  bytesEqual,
  type Codec,
  concat,
  type DecodeFailure,
  decode,
  encode,
  err,
  fixedBytes,
  lengthPrefixed,
  ok,
  type Result,
  struct,
  u8,
  u16,
  u64Number,
  utf8,
} from '../base/index.ts'

// What a node and its tower say to each other, each in one message of a connection after BOLT 8: a type of two bytes, from the odd numbers
// that BOLT 1 leaves to everybody, and the fields.
//
//     node                     tower
//     tower_hello       →      ←  tower_hello
//     tower_put …       →      (stored)
//                              ←  tower_ack       all up to this one is stored
//     tower_forget      →      ←  tower_ack
//                              ←  tower_refuse    this one is not, and none after it

export type TowerMessage =
  /** First, in both directions. */
  | { readonly type: 'tower_hello'; readonly version: number; readonly chainHash: Uint8Array }
  | {
      readonly type: 'tower_put'
      /** Goes up by one for each commitment, over all channels of the client. */
      readonly sequence: number
      /** 16 bytes that stand for the channel, and say nothing of it. */
      readonly tag: Uint8Array
      readonly hint: Uint8Array
      /** Of one commitment there may be several. */
      readonly part: number
      readonly isLast: boolean
      readonly blob: Uint8Array
    }
  /** The channel is closed for good. */
  | { readonly type: 'tower_forget'; readonly sequence: number; readonly tag: Uint8Array }
  | { readonly type: 'tower_ack'; readonly sequence: number }
  | { readonly type: 'tower_refuse'; readonly sequence: number; readonly reason: string }

export const TOWER_VERSION = 1
export const TAG_BYTES = 16

type FieldsOf<T extends TowerMessage['type']> = Omit<Extract<TowerMessage, { type: T }>, 'type'>

const CODECS: { readonly [T in TowerMessage['type']]: readonly [number, Codec<FieldsOf<T>>] } = {
  tower_hello: [47_101, struct({ version: u8, chainHash: fixedBytes(32) })],
  tower_put: [
    47_103,
    struct({
      sequence: u64Number,
      tag: fixedBytes(TAG_BYTES),
      hint: fixedBytes(16),
      part: u16,
      isLast: bool,
      blob: lengthPrefixed(u16),
    }),
  ],
  tower_forget: [47_105, struct({ sequence: u64Number, tag: fixedBytes(TAG_BYTES) })],
  tower_ack: [47_107, struct({ sequence: u64Number })],
  tower_refuse: [47_109, struct({ sequence: u64Number, reason: utf8(u16) })],
}

export function encodeTowerMessage(message: TowerMessage): Uint8Array {
  const { type, ...fields } = message
  const [number, codec] = CODECS[type]
  // The codec is that of the type, which the table pairs and the compiler cannot follow.
  return concat(encode(u16, number), encode(codec as Codec<typeof fields>, fields))
}

/** Nothing for a type that is none of these. */
export function decodeTowerMessage(bytes: Uint8Array): Result<TowerMessage | undefined, DecodeFailure> {
  const head = bytes.subarray(0, 2)
  if (head.length < 2) return err({ code: 'truncated', message: `expected a type of 2 bytes, got ${head.length}` })
  for (const [type, [number, codec]] of Object.entries(CODECS)) {
    if (!bytesEqual(encode(u16, number), head)) continue
    const fields = decode(codec as Codec<object>, bytes.subarray(2))
    return fields.ok ? ok({ type, ...fields.value } as TowerMessage) : fields
  }
  return ok(undefined)
}
