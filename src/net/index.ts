// net: how nodes reach each other. Connections after BOLT 8 over TCP, and over pipes inside one process, behind one port.
// It must not know what a message says, or who is a friend. Start reading at tcp.ts, then messageConnection.ts.
export { formatAddress } from './address.ts'
export { encryptedFraming, type Framing } from './framing.ts'
export { shakeHands } from './handshake.ts'
export { DEFAULT_NET_LIMITS, type NetLimits } from './limits.ts'
export { type PipeOptions, pipeNetwork } from './pipe.ts'
export { PipeHub } from './pipeHub.ts'
export { type TcpOptions, tcpNetwork } from './tcp.ts'
export type { WireListener } from './wire.ts'
