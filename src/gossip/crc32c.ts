// CRC32C (RFC 3720, appendix B.4), by which queries tell updates that say the same apart from those that do not (BOLT 7).

const REVERSED_POLYNOMIAL = 0x82f63b78

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ REVERSED_POLYNOMIAL : rest >>> 1
  return rest >>> 0
})

/** Of all the parts, as if they were one. */
export function crc32c(...parts: readonly Uint8Array[]): number {
  let rest = 0xffffffff
  for (const part of parts) {
    // A table of 256, and an index of eight bits.
    for (const byte of part) rest = (rest >>> 8) ^ (TABLE[(rest ^ byte) & 0xff] as number)
  }
  return (rest ^ 0xffffffff) >>> 0
}
