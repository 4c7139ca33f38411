import type { RestoreFromPeersOptions } from '../../node/index.ts'
import { usage } from '../problems.ts'
import { heightTyped, type StartOptions, seedTyped } from '../start/options.ts'
import { LIGHTNING_PORT, peersTyped } from '../typed.ts'

/** What was typed behind `bookend restore`. */
export interface TypedRestore {
  readonly dataDir?: string
  readonly network?: string
  readonly peer?: string
  readonly phraseFile?: string
  readonly passphraseFile?: string
  readonly unencryptedSeed?: boolean
  readonly birthHeight?: string
}

export interface RestoreOptions {
  readonly dataDir: string | undefined
  readonly network: string | undefined
  /** Absent: a person is asked for the words. */
  readonly phraseFile: string | undefined
  readonly seed: StartOptions['seed']
  readonly source:
    | { readonly type: 'backup'; readonly file: string; readonly birthHeight: number | undefined }
    | {
        readonly type: 'peers'
        readonly peers: RestoreFromPeersOptions['peers']
        readonly birthHeight: number | undefined
      }
    | { readonly type: 'words'; readonly birthHeight: number }
}

/** The options as values. Throws a `BookendError` (`bad_request`). */
export function readRestore(file: string | undefined, typed: TypedRestore): RestoreOptions {
  const { dataDir, network, phraseFile } = typed
  const birthHeight = typed.birthHeight === undefined ? undefined : heightTyped(typed.birthHeight)
  return { dataDir, network, phraseFile, seed: seedTyped(typed), source: sourceOf(file, typed.peer, birthHeight) }
}

function sourceOf(
  file: string | undefined,
  peers: string | undefined,
  birthHeight: number | undefined,
): RestoreOptions['source'] {
  if (file !== undefined && peers !== undefined) {
    throw usage('There are two sources: a backup and --peer.', 'The backup holds more: leave --peer out.')
  }
  if (peers !== undefined) return { type: 'peers', peers: peersTyped(peers, LIGHTNING_PORT), birthHeight }
  if (file !== undefined) return { type: 'backup', file, birthHeight }
  if (birthHeight !== undefined) return { type: 'words', birthHeight }
  throw usage(
    'There is neither a backup nor a peer to ask, nor a height to look for coins from.',
    'Name the file that `bookend backup` wrote, or a peer with --peer, or give --birth-height for the coins on chain alone.',
  )
}
