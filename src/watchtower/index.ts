// watchtower: what punishes a revoked commitment while its victim is away: the sealed blobs that a node gives to a tower, the words in
// which it does, and the tower as a machine. It must not know sockets, files or clocks, nor channels: a blob holds signed transactions.
// Start reading at blob.ts, then types.ts and step.ts.
export {
  hintOf,
  type JusticeBlob,
  type JusticeOutput,
  justiceOutput,
  justiceTx,
  MAX_BLOB_BYTES,
  MAX_OUTPUTS_PER_BLOB,
  openBlob,
  sealBlob,
} from './blob.ts'
export {
  decodeTowerMessage,
  encodeTowerMessage,
  TAG_BYTES,
  TOWER_VERSION,
  type TowerMessage,
} from './messages.ts'
export {
  type BlobPlace,
  blobKey,
  blobLength,
  clientOfBlob,
  hintPrefix,
  loadTower,
  TOWER_PREFIXES,
  tagKey,
  tagPrefix,
} from './records.ts'
export { towerMachine, towerStep } from './step.ts'
export {
  DEFAULT_TOWER_LIMITS,
  type FoundBlob,
  type JusticeCase,
  type TowerContext,
  type TowerEffect,
  type TowerInput,
  type TowerLimits,
  type TowerState,
  type TowerStep,
} from './types.ts'
