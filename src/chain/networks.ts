import type { BlockHash } from '../base/index.ts'

/** The networks that a node can be on. */
export type ChainNetwork = 'regtest' | 'signet' | 'testnet4' | 'bitcoin'

export interface NetworkFacts {
  /** The first block, which names the network. */
  readonly genesisHash: BlockHash
  /** What Bitcoin Core calls it in `getblockchaininfo`. */
  readonly coreName: string
  /** Where a Bitcoin Core of this network listens, unless it is told otherwise. */
  readonly rpcPort: number
}

/** Bitcoin Core, kernel/chainparams.cpp and chainparamsbase.cpp; testnet4 is BIP 94, signet BIP 325. */
export const NETWORKS: { readonly [N in ChainNetwork]: NetworkFacts } = {
  regtest: {
    genesisHash: genesis('0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'),
    coreName: 'regtest',
    rpcPort: 18443,
  },
  signet: {
    genesisHash: genesis('00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6'),
    coreName: 'signet',
    rpcPort: 38332,
  },
  testnet4: {
    genesisHash: genesis('00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043'),
    coreName: 'testnet4',
    rpcPort: 48332,
  },
  bitcoin: {
    genesisHash: genesis('000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f'),
    coreName: 'main',
    rpcPort: 8332,
  },
}

/** Retired, and still what many a bitcoind runs on. */
const TESTNET3_GENESIS = genesis('000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943')

/** The name of the network that a first block belongs to, for people; `undefined` for one that is not known. */
export function networkOfGenesis(hash: BlockHash): string | undefined {
  if (hash === TESTNET3_GENESIS) return 'testnet3'
  return Object.entries(NETWORKS).find(([, { genesisHash }]) => genesisHash === hash)?.[0]
}

/** The texts above are 32 bytes in lowercase hexadecimal. */
function genesis(hash: string): BlockHash {
  return hash as BlockHash
}
