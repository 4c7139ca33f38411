// node: what acts. `createNode` puts the engine on real ports: a driver that commits before it acts, connections, the chain, calls.
// It must not know the protocol: what is to be done, the engine says. Start reading at createNode.ts, then hands.ts and driver.ts.
export { announcedNode } from './announced.ts'
export { type Backup, MAX_BACKUP_BYTES, openBackup } from './backup.ts'
export { createNode } from './createNode.ts'
export { type CryptoReport, ensureBackends, installBestBackends } from './crypto/installBestBackends.ts'
export { Driver, type DriverOptions, type InputResult, type Machine, type MachineStep } from './driver.ts'
export { BookendError, type BookendErrorCode, type BookendErrorOptions } from './error.ts'
export type { ExplainedOutput, ExplainedSpend, ExplainedSpending } from './explanation.ts'
export { type NodeKeys, nodeKeys } from './nodeKeys.ts'
export type { AnnouncedNode, LogLine, NetOption, NodeOptions } from './options.ts'
export { PipeHub, pipe, regtest, sqlite, tcp } from './parts.ts'
export {
  type RecalledNode,
  type RestoreBackupOptions,
  type RestoredNode,
  type RestoreFromPeersOptions,
  restoreBackup,
  restoreFromPeers,
  restoreWords,
} from './restore.ts'
export { serveTower, type Tower, type TowerOptions } from './towers/serve.ts'
export type { TowerInfo } from './towers/types.ts'
export type {
  Balance,
  BookendNode,
  Cancellable,
  ChannelExplanation,
  ChannelInfo,
  ChannelPolicy,
  CloseRequest,
  ClosingChannel,
  CreatedInvoice,
  GraphChannelInfo,
  GraphNodeInfo,
  GraphPage,
  GraphPageRequest,
  GraphPolicy,
  GraphSummary,
  InvoiceInfo,
  InvoiceRequest,
  InvoicesRequest,
  NetworkName,
  NodeInfo,
  OpenedChannel,
  OpenRequest,
  PaymentsRequest,
  PayRequest,
  PeerAddress,
  PeerInfo,
  PolicyRequest,
  Repeatable,
  RoutesRequest,
  SendRequest,
  TokenRequest,
} from './types.ts'
