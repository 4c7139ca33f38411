import {
  type DecodeFailure,
  emptyPMap,
  err,
  hasShape,
  jsonDecode,
  type NodeId,
  ok,
  type PMap,
  pmapSet,
  type Result,
  type Shape,
} from '../../base/index.ts'
import { STORAGE_OF } from '../keys.ts'

// What a node holds in memory of peer storage, in both directions (BOLT 1).

export interface HeldBlob {
  readonly peer: NodeId
  /** The height since which there is no channel with the peer. */
  readonly idleSince?: number
  /** Milliseconds since 1970, in this process. */
  readonly writtenAt?: number
  /** Came soon after the one before: the newest, to be written when it is time. */
  readonly waiting?: Uint8Array
  /** Read for a connection whose `init` has not come. */
  readonly ready?: Uint8Array
}

export interface StorageState {
  /** By peer. */
  readonly held: PMap<HeldBlob>
  /** Peers that are to keep a newer list of ours. */
  readonly due: ReadonlySet<NodeId>
}

const NO_STORAGE: StorageState = { held: emptyPMap(), due: new Set() }

const STORED: Shape = { idleSince: 'number?' }

/** `records`: by peer. */
export function loadHeld(records: ReadonlyMap<string, Uint8Array>): Result<StorageState, DecodeFailure> {
  let held = emptyPMap<HeldBlob>()
  for (const [key, value] of records) {
    const stored = jsonDecode<Pick<HeldBlob, 'idleSince'>>(value)
    if (!stored.ok) return stored
    if (!hasShape(stored.value, STORED)) {
      return err({ code: 'invalid', message: `expected a whole record under ${STORAGE_OF}${key}, got another one` })
    }
    const peer = key as NodeId // our own key
    held = pmapSet(held, peer, { peer, ...stored.value })
  }
  return ok({ ...NO_STORAGE, held })
}
