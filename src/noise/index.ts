// noise: BOLT 8, the encrypted transport. The handshake of both roles and the cipher for messages, bytes in and bytes out.
// It must not know sockets, what a message says, or where keys come from. Start reading at handshake.ts, then transport.ts.
export type { NoiseFailure } from './failure.ts'
export {
  endHandshake,
  type Handshake,
  type HandshakeDone,
  type HandshakeStep,
  type HandshakeWaiting,
  receive,
  startInitiator,
  startResponder,
} from './handshake.ts'
export { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from './limits.ts'
export {
  type BrokenStream,
  type DecryptedStream,
  decryptStream,
  encryptMessage,
  endStream,
  type Transport,
} from './transport.ts'
