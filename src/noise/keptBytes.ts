import { assert, concat } from '../base/index.ts'
import { MAX_FRAME_BYTES } from './limits.ts'

/**
 * Bytes that came and do not make a whole piece yet. Each part has at least twice the length of the next one, so there are
 * never more than 16 of them.
 */
export interface KeptBytes {
  readonly parts: readonly Uint8Array[]
  /** Of all parts together. */
  readonly length: number
}

export const NOTHING_KEPT: KeptBytes = { parts: [], length: 0 }

type ReadBytes =
  | { readonly piece: undefined; readonly kept: KeptBytes }
  /** `piece` and `rest` may be views of the chunk: what outlives the call is copied first. */
  | { readonly piece: Uint8Array; readonly rest: Uint8Array }

/**
 * Exactly `count` bytes from what is kept and a chunk, and the rest of the chunk; or all of it kept, where that is less.
 *
 * Cost: a byte is copied at most 28 times, in whatever crumbs the peer sends it: once when it comes, and then only into
 * parts of at least one and a half times the length.
 */
export function readExactly(kept: KeptBytes, chunk: Uint8Array, count: number): ReadBytes {
  const missing = count - kept.length
  if (chunk.length < missing) return { piece: undefined, kept: keep(kept, chunk) }
  const head = chunk.subarray(0, missing)
  return { piece: kept.length === 0 ? head : concat(...kept.parts, head), rest: chunk.subarray(missing) }
}

function keep(kept: KeptBytes, chunk: Uint8Array): KeptBytes {
  if (chunk.length === 0) return kept
  const length = kept.length + chunk.length
  assert(length < MAX_FRAME_BYTES, () => `at most one frame is kept, got ${length} bytes`)
  let staying = kept.parts.length
  let joined = chunk.length
  for (const part of kept.parts.toReversed()) {
    if (part.length >= 2 * joined) break
    joined += part.length
    staying--
  }
  return { parts: [...kept.parts.slice(0, staying), concat(...kept.parts.slice(staying), chunk)], length }
}
