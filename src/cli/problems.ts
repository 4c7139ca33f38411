import { BookendError, type BookendErrorCode } from '../base/index.ts'
import { ChainError, NetworkError } from '../ports/index.ts'
import type { SeedFailure, StorageErrorCode } from '../storage/index.ts'

// The one table of what can be in the way of a command, and what to do about it. Everything that is thrown becomes a sentence here.

/** What was typed makes no sense. */
export const usage = (message: string, advice: string, facts: Readonly<Record<string, string>> = {}): BookendError =>
  new BookendError('bad_request', message, { advice, facts })

/** Any error as one with a code and advice. */
export function problemOf(error: unknown): BookendError {
  if (error instanceof BookendError) return isOfAdapter(error.cause) ? problemOf(error.cause) : error
  if (error instanceof ChainError) return told(error, CHAIN[error.code])
  if (error instanceof NetworkError) return told(error, NETWORK[error.code])
  const storage = storageCodeOf(error)
  if (storage !== undefined) return told(error, isDisk(error) ? DISK : STORAGE[storage])
  if (error instanceof Error && error.name === 'AbortError') return told(error, NETWORK.aborted)
  const system = SYSTEM[systemCodeOf(error) ?? '']
  if (system !== undefined) return told(error, system)
  return told(error, { code: 'internal', advice: 'Set BOOKEND_DEBUG=1 to see where, and report it.' })
}

/** Why a seed file does not open. */
export function seedProblem({ code, message }: SeedFailure, file: string): BookendError {
  const { code: own, advice } = SEED[code]
  return new BookendError(own, message, { advice, facts: { file } })
}

interface Row {
  readonly code: BookendErrorCode
  readonly advice: string
}

const CHAIN: Readonly<Record<ChainError['code'], Row>> = {
  unreachable: {
    code: 'chain_unavailable',
    advice: 'Start it, or name another one with --chain, --esplora or --electrum.',
  },
  unauthorized: { code: 'chain_unavailable', advice: 'Name the right user and password with --chain.' },
  wrong_network: { code: 'wrong_network', advice: 'Name a chain of this network with --chain.' },
  bad_answer: {
    code: 'chain_unavailable',
    advice: 'Check that --chain names a Bitcoin Core, or --esplora or --electrum other servers.',
  },
  pruned: { code: 'chain_unavailable', advice: 'Use a Bitcoin Core that is not pruned.' },
}

const NETWORK: Readonly<Record<NetworkError['code'], Row>> = {
  address_in_use: { code: 'address_in_use', advice: 'Choose another port with --listen HOST:PORT.' },
  address_not_usable: { code: 'bad_request', advice: 'Choose another address with --listen HOST:PORT.' },
  unreachable: { code: 'peer_unreachable', advice: 'Check that the other node runs, and its address.' },
  timeout: { code: 'peer_unreachable', advice: 'Check the address, and whether a firewall is in the way.' },
  handshake_failed: { code: 'peer_unreachable', advice: 'Check that the node id belongs to this address.' },
  aborted: { code: 'aborted', advice: 'Start again.' },
}

const DISK: Row = {
  code: 'disk',
  advice:
    'Make room on the disk of the data directory, or see whether it is broken; then start again. Nothing is lost.',
}
const NAME_ANOTHER: Row = { code: 'data_directory', advice: 'Name another directory with --data-dir.' }

const STORAGE: Readonly<Record<StorageErrorCode, Row>> = {
  directory_in_use: { code: 'data_directory', advice: 'Stop the other process, or name another --data-dir.' },
  directory_not_private: { code: 'data_directory', advice: 'Take the rights of others away with chmod 700.' },
  store_in_use: { code: 'data_directory', advice: 'Stop the other process, or name another --data-dir.' },
  not_a_store: NAME_ANOTHER,
  newer_schema: { code: 'data_directory', advice: 'Use the version of Bookend that wrote it last, or a later one.' },
  altered_migration: { code: 'data_directory', advice: 'Use the version of Bookend that made it.' },
  store_failed: DISK,
  store_closed: { code: 'stopped', advice: 'Start the node again.' },
  seed_exists: { code: 'conflict', advice: 'Name an empty directory with --data-dir.' },
}

const SEED: Readonly<Record<SeedFailure['code'], Row>> = {
  no_seed_file: NAME_ANOTHER,
  damaged: { code: 'data_directory', advice: 'Put a copy of the file back, or restore from its 24 words.' },
  newer_version: { code: 'data_directory', advice: 'Use the version of Bookend that made it, or a later one.' },
  encrypted: { code: 'bad_request', advice: 'Leave --unencrypted-seed out, and give its passphrase.' },
  not_encrypted: {
    code: 'bad_request',
    advice: 'Start with --unencrypted-seed: the seed is kept without a passphrase.',
  },
  unusable_cost: { code: 'data_directory', advice: 'Put a copy of the file back: somebody may have changed it.' },
  wrong_passphrase: { code: 'wrong_passphrase', advice: 'Try again. Nothing was changed.' },
}

const NOT_OURS: Row = {
  code: 'data_directory',
  advice: 'Name a directory of your own with --data-dir, or start as the user whom it belongs to.',
}

/** What the system says about files, by its code. */
const SYSTEM: Readonly<Record<string, Row>> = {
  ENOSPC: DISK,
  EDQUOT: DISK,
  EIO: DISK,
  EACCES: NOT_OURS,
  EPERM: NOT_OURS,
  EROFS: { code: 'data_directory', advice: 'Name a directory that can be written with --data-dir.' },
  ENOTDIR: NAME_ANOTHER,
  EEXIST: NAME_ANOTHER,
  EISDIR: NAME_ANOTHER,
  ENOENT: { code: 'not_found', advice: 'Check the spelling of the path.' },
}

/** Errors of the rooms below say what to do in their later sentences; where they do not, and where a disk fails, the table does. */
function told(error: unknown, row: Row): BookendError {
  const { code, advice } = row
  const text = error instanceof Error ? error.message : String(error)
  const [first = '', ...rest] = text.split(/(?<=\.) (?=[A-Z])/)
  const message = /[.!?]$/.test(first) ? first : `${first}.`
  return new BookendError(code, message, {
    advice: rest.length > 0 && row !== DISK ? rest.join(' ') : advice,
    cause: error,
  })
}

/** By its name: the room of storage takes its time to load, and most commands do without it. */
function storageCodeOf(error: unknown): StorageErrorCode | undefined {
  if (!(error instanceof Error) || error.name !== 'StorageError' || !('code' in error)) return undefined
  // Its codes are the keys of the table, which the compiler has seen to.
  return Object.keys(STORAGE).find(code => code === error.code) as StorageErrorCode | undefined
}

/** A node hands on what its adapters say: the table here knows the options of the command line. */
const isOfAdapter = (cause: unknown): boolean =>
  cause instanceof ChainError || cause instanceof NetworkError || storageCodeOf(cause) !== undefined

const isDisk = (error: unknown): boolean =>
  error instanceof Error && /disk is full|disk I\/O|ENOSPC/.test(error.message)

function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
