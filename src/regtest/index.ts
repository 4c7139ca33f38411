// regtest: the embedded chain. A whole bitcoin regtest in the process, with Bitcoin Core's rules and words, and scripts
// judged by an independent interpreter. It must not know channels, keys of channels or the node.
// Start reading at chain.ts; mempool/preChecks.ts shows what a transaction goes through, branches.ts what a reorganisation does.
export { createRegtestChain, RegtestChain, restoreRegtestChain } from './chain.ts'
export type { Funding } from './faucet.ts'
export { REGTEST_GENESIS, REGTEST_GENESIS_HASH } from './genesis.ts'
export type { ScriptRules } from './interpreter.ts'
export { judgeInput, type Spend } from './judge.ts'
export type { PackageAcceptance, PackageReject } from './mempool/package.ts'
export type { MempoolChange, MempoolEntry } from './mempool/pool.ts'
export { offer } from './offer.ts'
export { COINBASE_MATURITY, DEFAULT_POLICY, type RelayPolicy, subsidySat } from './params.ts'
export { chainPort } from './port.ts'
export type { Reject, RejectReason } from './reject.ts'
export { MAX_BATCH } from './rpc/dispatch.ts'
export {
  MAX_BODY_BYTES,
  MAX_CONNECTIONS,
  type RpcServer,
  type RpcServerOptions,
  serveRegtestRpc,
} from './rpc/server.ts'
export type { VerifySignature } from './signatures.ts'
export type { SnapshotFailure } from './snapshot.ts'
export type { BlockContents, BlockEvent, ChainBlock, KnownTransaction, RegtestOptions } from './types.ts'
export type { Coin } from './utxo.ts'
