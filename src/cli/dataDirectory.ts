import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { usage } from './problems.ts'
import type { Shell } from './shell.ts'

// What stands where in the directory of a node, and which directory that is.

/** All of them lie in the data directory, beside the lock. */
export const FILES = {
  /** The 24 words, as entropy, under the passphrase. */
  seed: 'seed',
  /** Everything that the node knows. */
  store: 'node.sqlite',
  /** Where the API of the running node is: it goes when the node ends well. */
  api: 'api.json',
  /** The secret that opens the API, for as long as the directory lives. */
  token: 'api-token',
} as const

export const NETWORKS = ['regtest', 'signet', 'testnet4', 'bitcoin'] as const
export type Network = (typeof NETWORKS)[number]

/** The network of those who name none: this version is for trying things out. */
export const DEFAULT_NETWORK: Network = 'regtest'

export function networkTyped(typed: string = DEFAULT_NETWORK): Network {
  const network = NETWORKS.find(name => name === typed)
  if (network !== undefined) return network
  throw usage(`There is no network '${typed}'.`, `Choose one of ${NETWORKS.join(', ')} with --network.`, {
    expected: NETWORKS.join(', '),
    got: typed,
  })
}

export interface DirectoryOptions {
  readonly dataDir?: string
  readonly network?: string
}

/** The directory that was named, or the one of the network below ~/.bookend. */
export function dataDirectoryOf(shell: Shell, { dataDir, network }: DirectoryOptions): string {
  if (dataDir === '') throw usage("--data-dir is ''.", 'Name a directory.')
  return dataDir ?? join(shell.home, '.bookend', networkTyped(network))
}

/** The text of a small file, or `undefined` where there is none. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Readable for its owner alone, and there as a whole or not at all. */
export function writePrivateFile(file: string, content: string | Uint8Array): void {
  const aside = `${file}.new`
  rmSync(aside, { force: true })
  const handle = openSync(aside, 'wx', 0o600)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(handle, bytes, offset)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(aside, file)
}
