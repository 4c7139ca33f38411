// bookend: what the package gives to a program, gathered from the rooms. The surface of 0.x is the driver and what it runs
// on: an engine as a pure step, a store, a chain. Start reading at src/node/driver.ts; src/cli/demo uses all of it.
export {
  type BlockHash,
  type ChannelId,
  type FeeratePerKw,
  feeratePerKw,
  type Msat,
  msat,
  type OutPoint,
  type PaymentHash,
  type Result,
  type Sat,
  sat,
  type Txid,
} from './base/index.ts'
export { type ChannelFailure, type ChannelLimits, DEFAULT_LIMITS, describeFailure } from './channel/index.ts'
export {
  bip39Seed,
  keysFromPhrase,
  parseSeedPhrase,
  type SeedKeys,
  type SeedPhrase,
  type SeedPhraseFailure,
  seedPhraseFromEntropy,
} from './keys/index.ts'
export {
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type LinkStep,
  linkStep,
  loadLink,
  NEW_LINK,
} from './link/index.ts'
export { type CryptoReport, Driver, type DriverOptions, type InputResult, installBestBackends } from './node/index.ts'
export {
  type Chain,
  type ChainBlock,
  ChainError,
  type ChainTip,
  type PublishRefusal,
  type Store,
  type StoreWrite,
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
  type SqliteStoreOptions,
  StorageError,
  type StorageErrorCode,
  sqliteStore,
} from './storage/index.ts'
