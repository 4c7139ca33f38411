import { struct, type ValueOf } from '../../base/index.ts'
import { shortBytes } from '../fundamental.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Peer storage (BOLT 1).

const blobCodec = extended(struct({ blob: shortBytes }), {})

/** Asks the receiver to keep an encrypted blob in place of the one before (BOLT 1, peer storage). */
export interface PeerStorage extends ValueOf<typeof blobCodec> {
  readonly type: 'peer_storage'
}

/** The blob that the sender of this message keeps for its receiver (BOLT 1, peer storage). */
export interface PeerStorageRetrieval extends ValueOf<typeof blobCodec> {
  readonly type: 'peer_storage_retrieval'
}

export type PeerStorageMessage = PeerStorage | PeerStorageRetrieval

export const peerStorageMessages: MessageTable<PeerStorageMessage> = {
  peer_storage: [7, blobCodec],
  peer_storage_retrieval: [9, blobCodec],
}
