import { remainder, struct, u16, type ValueOf } from '../../base/index.ts'
import { chainHash, channelIdCodec, shortBytes } from '../fundamental.ts'
import { untilEnd } from '../sequences.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Setup and control messages (BOLT 1).

const initCodec = extended(struct({ globalfeatures: shortBytes, features: shortBytes }), {
  networks: [1n, untilEnd(chainHash)],
  remoteAddr: [3n, remainder],
})
/** The first message of a connection: what the sender supports and requires (BOLT 1, the `init` message). */
export interface Init extends ValueOf<typeof initCodec> {
  readonly type: 'init'
}

const errorCodec = extended(struct({ channelId: channelIdCodec, data: shortBytes }), {})
/** Fails the channel it names, or all channels where the id is all zero (BOLT 1, the `error` message). */
export interface ErrorMessage extends ValueOf<typeof errorCodec> {
  readonly type: 'error'
}

const warningCodec = extended(struct({ channelId: channelIdCodec, data: shortBytes }), {})
/** Something is wrong, but nothing is failed (BOLT 1, the `warning` message). */
export interface WarningMessage extends ValueOf<typeof warningCodec> {
  readonly type: 'warning'
}

const pingCodec = extended(struct({ numPongBytes: u16, ignored: shortBytes }), {})
/** Asks for a `pong` of `numPongBytes`, or for none where that is 65532 or more (BOLT 1, `ping` and `pong`). */
export interface Ping extends ValueOf<typeof pingCodec> {
  readonly type: 'ping'
}

const pongCodec = extended(struct({ ignored: shortBytes }), {})
export interface Pong extends ValueOf<typeof pongCodec> {
  readonly type: 'pong'
}

/** The messages of a connection (BOLT 1). */
export type SetupMessage = Init | ErrorMessage | WarningMessage | Ping | Pong

export const setupMessages: MessageTable<SetupMessage> = {
  warning: [1, warningCodec],
  init: [16, initCodec],
  error: [17, errorCodec],
  ping: [18, pingCodec],
  pong: [19, pongCodec],
}
