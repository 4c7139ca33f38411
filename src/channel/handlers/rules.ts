import { toHex } from '../../base/index.ts'
import type { Facts } from '../outcome.ts'

/** One rule of the BOLTs or of our limits: whether it holds, and what to say where it does not. */
export interface Rule {
  readonly code: string
  readonly holds: boolean
  readonly expected: string
  readonly got: string
}

/** The first rule that does not hold, as the facts of a failure. */
export function firstBroken(section: string, rules: readonly Rule[]): Facts | undefined {
  const broken = rules.find(rule => !rule.holds)
  return broken && { code: broken.code, expected: broken.expected, got: broken.got, section }
}

/** More bytes than this of a peer's field are not repeated in a message. */
const SHOWN_BYTES = 64

/** The peer's bytes as text of bounded length. */
export function shown(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return 'none'
  if (bytes.length === 0) return 'no bytes'
  return bytes.length > SHOWN_BYTES
    ? `${toHex(bytes.subarray(0, SHOWN_BYTES))}... (${bytes.length} bytes)`
    : toHex(bytes)
}
