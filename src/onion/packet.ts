// Where the parts of an onion packet lie (BOLT 4, packet structure): version, public key, hop payloads, HMAC.

export const VERSION_BYTES = 1
export const KEY_BYTES = 33
export const HMAC_BYTES = 32
export const PAYLOADS_START = VERSION_BYTES + KEY_BYTES
/** What a packet has beside its hop payloads. */
export const OVERHEAD_BYTES = PAYLOADS_START + HMAC_BYTES

export interface PacketParts {
  /** 33 bytes that ought to be a point. */
  readonly publicKey: Uint8Array
  readonly hopPayloads: Uint8Array
  readonly hmac: Uint8Array
}

export function joinPacket({ publicKey, hopPayloads, hmac }: PacketParts): Uint8Array {
  // Version 0, the only one there is, is the zero that the array starts with.
  const packet = new Uint8Array(OVERHEAD_BYTES + hopPayloads.length)
  packet.set(publicKey, VERSION_BYTES)
  packet.set(hopPayloads, PAYLOADS_START)
  packet.set(hmac, PAYLOADS_START + hopPayloads.length)
  return packet
}

/** The parts as views of the packet, whose length the caller has checked. */
export function splitPacket(packet: Uint8Array): PacketParts {
  const end = packet.length - HMAC_BYTES
  return {
    publicKey: packet.subarray(VERSION_BYTES, PAYLOADS_START),
    hopPayloads: packet.subarray(PAYLOADS_START, end),
    hmac: packet.subarray(end),
  }
}
