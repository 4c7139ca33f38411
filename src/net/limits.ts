/** What strangers can make us keep, and how long we wait for anyone. */
export interface NetLimits {
  /** Connections that others opened, after their handshake. Those that we dial are not counted: whoever dials decides. */
  readonly maxIncoming: number
  /** Connections that others opened, before the end of their handshake. */
  readonly maxHalfOpen: number
  /** Of those, from one address: an IPv4 address, or the network that the first 64 bits of an IPv6 address name. */
  readonly maxHalfOpenPerAddress: number
  /** From the connection to the last act of the handshake. */
  readonly handshakeTimeoutMs: number
  /** From the question for an address to a connection, before the handshake. */
  readonly dialTimeoutMs: number
  /** What may wait to be sent on one connection. A peer that reads more slowly than we write ends there. */
  readonly maxWaitingBytes: number
  /** How long a connection that was closed may take to send what waits. */
  readonly closingGraceMs: number
}

export const DEFAULT_NET_LIMITS: NetLimits = {
  maxIncoming: 4096,
  maxHalfOpen: 256,
  maxHalfOpenPerAddress: 64,
  handshakeTimeoutMs: 10_000,
  dialTimeoutMs: 15_000,
  maxWaitingBytes: 8 * 1024 * 1024,
  closingGraceMs: 5000,
}
