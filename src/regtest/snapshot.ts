import {
  array,
  type BlockHash,
  blockHashFromWire,
  blockHashToWire,
  bytesEqual,
  type Codec,
  concat,
  type DecodeFailure,
  decode,
  encode,
  err,
  fixedBytes,
  mapped,
  ok,
  type Result,
  struct,
  u8,
  u32,
  u64,
  u64Number,
  utf8Encode,
} from '../base/index.ts'
import { type Block, blockCodec, txCodec } from '../bitcoin/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { MempoolEntry } from './mempool/pool.ts'
import type { RelayPolicy } from './params.ts'
import { txFacts } from './txFacts.ts'

// The stored form of a chain: mark, version, contents, and the SHA-256 of all that. The coins and indexes are left out,
// since the blocks tell them.

/** All that a chain has to remember. */
export interface Snapshot {
  readonly policy: RelayPolicy
  readonly mempoolMinFeeSatPerKvB: bigint
  readonly minerSecret: Uint8Array
  readonly tip: BlockHash
  /** All blocks but the first, in order of arrival. */
  readonly blocks: readonly SavedBlock[]
  /** In order of arrival. */
  readonly mempool: readonly MempoolEntry[]
}

export interface SavedBlock {
  readonly block: Block
  readonly standing: 'good' | 'invalid' | 'outcast'
}

export interface SnapshotFailure {
  readonly code: DecodeFailure['code'] | 'not_a_snapshot' | 'unknown_version' | 'bad_checksum'
  readonly message: string
}

const MARK = utf8Encode('bookend-regtest\n')
const VERSION = 1
const CHECKSUM_LENGTH = 32

const STANDINGS = ['good', 'invalid', 'outcast'] as const

const policyCodec: Codec<RelayPolicy> = struct({
  minRelayFeeSatPerKvB: u64,
  incrementalRelayFeeSatPerKvB: u64,
  dustRelayFeeSatPerKvB: u64,
  fullReplaceByFee: mapped(
    u8,
    byte => byte === 1,
    flag => (flag ? 1 : 0),
  ),
  maxDataCarrierBytes: u32,
  maxAncestors: u32,
  maxAncestorVsize: u32,
  maxDescendants: u32,
  maxDescendantVsize: u32,
  maxMempoolVsize: u64Number,
  minBlockFeeSatPerKvB: u64,
})

const savedBlockCodec: Codec<SavedBlock> = struct({
  block: blockCodec,
  standing: mapped(
    u8,
    (byte): SavedBlock['standing'] => STANDINGS[byte] ?? 'good',
    standing => STANDINGS.indexOf(standing),
  ),
})

const entryCodec: Codec<MempoolEntry> = mapped(
  struct({ tx: txCodec, feeSat: u64, vsize: u32, height: u32 }),
  saved => ({ ...saved, ...txFacts(saved.tx) }),
  entry => entry,
)

const snapshotCodec: Codec<Snapshot> = struct({
  policy: policyCodec,
  mempoolMinFeeSatPerKvB: u64,
  minerSecret: fixedBytes(32),
  tip: mapped(fixedBytes(32), blockHashFromWire, blockHashToWire),
  blocks: array(u32, savedBlockCodec),
  mempool: array(u32, entryCodec),
})

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const contents = concat(MARK, Uint8Array.of(VERSION), encode(snapshotCodec, snapshot))
  return concat(contents, sha256(contents))
}

export function decodeSnapshot(bytes: Uint8Array): Result<Snapshot, SnapshotFailure> {
  const headerLength = MARK.length + 1
  if (bytes.length < headerLength + CHECKSUM_LENGTH || !bytesEqual(bytes.slice(0, MARK.length), MARK)) {
    return err({ code: 'not_a_snapshot', message: 'expected the mark of a regtest snapshot at the beginning' })
  }
  const version = bytes[MARK.length]
  if (version !== VERSION) {
    return err({ code: 'unknown_version', message: `expected snapshot version ${VERSION}, got ${version}` })
  }
  const contents = bytes.slice(0, -CHECKSUM_LENGTH)
  if (!bytesEqual(sha256(contents), bytes.slice(-CHECKSUM_LENGTH))) {
    return err({ code: 'bad_checksum', message: 'the checksum does not match: the snapshot is damaged' })
  }
  const decoded = decode(snapshotCodec, contents.slice(headerLength))
  return decoded.ok ? ok(decoded.value) : decoded
}
