import type { Codec } from '../../base/index.ts'

/** For each message of a union: its number on the wire, and the codec of what follows it (BOLT 1, Lightning message format). */
export type MessageTable<M extends { readonly type: string }> = {
  readonly [K in M['type']]: readonly [messageType: number, codec: Codec<Omit<Extract<M, { type: K }>, 'type'>>]
}
