import { BookendError, type NodeId } from '../base/index.ts'
import { restoredRecords } from '../engine/index.ts'
import type { SeedPhrase } from '../keys/index.ts'
import type { Store } from '../ports/index.ts'
import { openBackup } from './backup.ts'
import type { NetworkName } from './types.ts'

export interface RestoreBackupOptions {
  /** The bytes of the file. */
  readonly backup: Uint8Array
  readonly phrase: SeedPhrase
  /** An empty one. It stays open. */
  readonly store: Store
  /** Read the chain from this height, in place of the newest block that the backup knows. */
  readonly birthHeight?: number
  /** Milliseconds since 1970. Default: the host's clock. */
  readonly now?: number
}

export interface RestoredNode {
  readonly nodeId: NodeId
  readonly network: NetworkName
  /** When the backup was made, in milliseconds since 1970. */
  readonly createdAt: number
  /** Channels that their peers will be asked to close. */
  readonly channelsToClose: number
}

/**
 * Fills an empty store out of a backup, so that a node with the same words goes on from there without harm: it finds its coins, and
 * asks the peer of every channel whose end had not begun to close it with its newest commitment. However old the backup is, nothing
 * is published or signed that it says. Rejects with a `BookendError`; then nothing is stored.
 */
export async function restoreBackup(options: RestoreBackupOptions): Promise<RestoredNode> {
  const { store, birthHeight, now = Date.now() } = options
  const opened = openBackup(options.backup, options.phrase)
  if (!opened.ok) throw opened.error
  const { nodeId, network, createdAt, records } = opened.value
  const made = new Date(createdAt).toISOString()
  const reason = `this node has lost its data and goes on from a backup of ${made}: its peer has to publish its newest commitment`
  const restored = restoredRecords(records, { now, reason, ...(birthHeight !== undefined && { birthHeight }) })
  if (!restored.ok) {
    throw new BookendError('bad_request', `The backup cannot be used. ${restored.error.message}.`, {
      advice: 'Use the version of Bookend that made it, or a later one.',
      facts: { reason: 'unreadable_records' },
    })
  }
  await fill(store, restored.value.records)
  return { nodeId, network, createdAt, channelsToClose: restored.value.channelsToClose }
}

/**
 * Prepares an empty store for words that were used before, where no backup is left: the coins on the chain are found from
 * `birthHeight` on. Channels are not, since nothing but their records says where they are.
 */
export async function restoreWords(options: {
  readonly store: Store
  readonly birthHeight: number
  readonly now?: number
}): Promise<void> {
  const { store, birthHeight, now = Date.now() } = options
  const none = restoredRecords(new Map(), { now, birthHeight, reason: '' })
  // No record is read, so none can be damaged.
  if (none.ok) await fill(store, none.value.records)
}

/** In one commit: all of it or nothing. */
async function fill(store: Store, records: ReadonlyMap<string, Uint8Array>): Promise<void> {
  if ((await store.loadPage('', { limit: 1 })).size > 0) {
    throw new BookendError('conflict', 'There are records of a node already, and they may be newer.', {
      advice: 'Restore into an empty directory.',
      facts: { reason: 'not_empty' },
    })
  }
  await store.commit([...records].map(([key, value]) => ({ type: 'put', key, value })))
}
