// bookend: what the package gives to a program. `createNode` starts a node out of a chain, a store and a network; `createClient`
// speaks to one that runs elsewhere. Below them, for who builds other things: a channel as a pure step, the driver, the stores, the
// chains. Start reading at src/node/types.ts; examples/ has a program for each use.
export { type BookendClient, createClient } from './api/index.ts'
export {
  type BlockHash,
  BookendError,
  type BookendErrorCode,
  type ChannelId,
  type FeeratePerKw,
  feeratePerKw,
  type Msat,
  msat,
  type NodeId,
  type OutPoint,
  type PaymentHash,
  type Result,
  type Sat,
  sat,
  type Txid,
} from './base/index.ts'
export { scriptFromAddress } from './bitcoin/index.ts'
export { type BitcoindOptions, bitcoindChain } from './chain/index.ts'
export { type ChannelFailure, type ChannelLimits, DEFAULT_LIMITS, describeFailure } from './channel/index.ts'
export type { NodeEvent, NumberedEvent, Payment, PaymentFailure, Token, TokenScope } from './engine/index.ts'
export { decodeInvoice, type Invoice, type InvoiceFailure } from './invoice/index.ts'
export { parseSeedPhrase, type SeedPhrase, type SeedPhraseFailure, seedPhraseFromEntropy } from './keys/index.ts'
export {
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type LinkStep,
  linkMachine,
  linkStep,
  loadLink,
  NEW_LINK,
} from './link/index.ts'
export {
  type Backup,
  type Balance,
  type BookendNode,
  type ChannelExplanation,
  type ChannelInfo,
  type CloseRequest,
  type ClosingChannel,
  type CreatedInvoice,
  type CryptoReport,
  createNode,
  Driver,
  type DriverOptions,
  type ExplainedSpend,
  type InputResult,
  type InvoiceRequest,
  installBestBackends,
  type LogLine,
  type NetOption,
  type NetworkName,
  type NodeInfo,
  type NodeKeys,
  type NodeOptions,
  nodeKeys,
  type OpenedChannel,
  type OpenRequest,
  openBackup,
  type PayRequest,
  type PeerAddress,
  type PeerInfo,
  PipeHub,
  pipe,
  type RestoreBackupOptions,
  type RestoredNode,
  regtest,
  restoreBackup,
  restoreWords,
  type SendRequest,
  sqlite,
  type TokenRequest,
  tcp,
} from './node/index.ts'
export {
  type Chain,
  type ChainBlock,
  ChainError,
  type ChainTip,
  type NetAddress,
  type Network,
  NetworkError,
  type Page,
  type PublishRefusal,
  type Store,
  type StoreWrite,
  type Timers,
} from './ports/index.ts'
export { chainPort, createRegtestChain, type RegtestChain } from './regtest/index.ts'
export {
  createSeedFile,
  type DataDirectory,
  memoryStore,
  openDataDirectory,
  readSeedFile,
  type SeedFailure,
  type SeedProtection,
  StorageError,
  type StorageErrorCode,
  sqliteStore,
} from './storage/index.ts'
