// chain: the bitcoin chain as other programs serve it, behind the `Chain` port: a Bitcoin Core, or servers of Esplora or Electrum.
// It must not know channels, wallets or the embedded chain. Start reading at bitcoind/chain.ts; checked/view.ts is what trusts nobody.
export { type BitcoindOptions, bitcoindChain } from './bitcoind/chain.ts'
export { type BitcoindLimits, DEFAULT_BITCOIND_LIMITS } from './bitcoind/limits.ts'
export { type ElectrumOptions, electrumChain } from './electrum/chain.ts'
export { type EsploraOptions, esploraChain } from './esplora/chain.ts'
export { type ChainNetwork, NETWORKS, type NetworkFacts } from './networks.ts'
