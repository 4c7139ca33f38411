import { concat, jsonEncode, type NodeId, toHex, utf8Encode } from '../base/index.ts'
import { chacha20Poly1305Encrypt } from '../crypto/index.ts'
import { LOADED_PREFIXES } from '../engine/index.ts'
import type { Store } from '../ports/index.ts'

/** The first bytes of every backup file, with the version of its layout. */
const BACKUP_MAGIC = utf8Encode('bookend-backup-1\n')

export interface BackupOptions {
  readonly store: Store
  /** 32 bytes, out of the seed. */
  readonly key: Uint8Array
  /** 12 bytes, fresh. */
  readonly nonce: Uint8Array
  readonly nodeId: NodeId
  readonly network: string
}

/**
 * All records that a start loads, as they were in one instant, sealed under a key of the seed: magic, nonce, and ChaCha20-Poly1305
 * of the JSON. It holds no seed, and whose it is only the seed can tell.
 */
export async function sealBackup({ store, key, nonce, nodeId, network }: BackupOptions): Promise<Uint8Array> {
  // Asked for in the same instant, so that no commit comes between two of them.
  const loaded = await Promise.all(LOADED_PREFIXES.map(prefix => store.load(prefix)))
  const records = loaded.flatMap(part => [...part].map(([name, value]) => [name, toHex(value)] as const))
  const plaintext = jsonEncode({ nodeId, network, records })
  const sealed = chacha20Poly1305Encrypt({ key, nonce, associatedData: BACKUP_MAGIC }, plaintext)
  return concat(BACKUP_MAGIC, nonce, sealed)
}
