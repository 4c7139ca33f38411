// chain: the bitcoin chain as other programs serve it, behind the `Chain` port. Bitcoin Core's JSON-RPC so far.
// It must not know channels, wallets or the embedded chain. Start reading at bitcoind/chain.ts, then bitcoind/rpc.ts.
export { type BitcoindOptions, bitcoindChain } from './bitcoind/chain.ts'
export { type BitcoindLimits, DEFAULT_BITCOIND_LIMITS } from './bitcoind/limits.ts'
export { type ChainNetwork, NETWORKS, type NetworkFacts } from './networks.ts'
