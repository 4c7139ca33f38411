import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { BookendError } from '../../base/index.ts'
import { parseSeedPhrase, type SeedPhrase } from '../../keys/index.ts'
import {
  type Backup,
  MAX_BACKUP_BYTES,
  type NetworkName,
  openBackup,
  type RecalledNode,
  restoreBackup,
  restoreFromPeers,
  restoreWords,
  tcp,
} from '../../node/index.ts'
import {
  createSeedFile,
  type DataDirectory,
  openDataDirectory,
  readSeedFile,
  type SeedProtection,
  sqliteStore,
} from '../../storage/index.ts'
import { dataDirectoryOf, FILES, networkTyped, readText } from '../dataDirectory.ts'
import { answer } from '../print.ts'
import { usage } from '../problems.ts'
import type { Shell } from '../shell.ts'
import { newProtection } from '../start/seed.ts'
import { counted, grouped, timeOf } from '../words.ts'
import type { RestoreOptions } from './options.ts'

/** Makes the directory of a node out of its words and a backup, or says what is wrong and leaves nothing behind. */
export async function restoreNode(shell: Shell, options: RestoreOptions): Promise<void> {
  const bytes = options.source.type === 'backup' ? readBackup(options.source.file) : undefined
  const phrase = await phraseOf(shell, options.phraseFile)
  const opened = bytes === undefined ? undefined : mustOpen(bytes, phrase)
  const network = networkOf(opened, options.network)
  const directory = openDataDirectory(dataDirectoryOf(shell, { network, ...given(options.dataDir) }))
  try {
    const made: Made = { directory, phrase, network, protection: await newProtection(shell, options.seed) }
    const { channelsToClose, recalled } = await fill(made, options.source, bytes)
    tell(shell, { network, dataDir: directory.path, opened, recalled, channelsToClose, seed: options.seed.type })
  } finally {
    directory.close()
  }
}

const given = (dataDir: string | undefined) => (dataDir === undefined ? {} : { dataDir })

function readBackup(file: string): Uint8Array {
  const { size } = statSync(file)
  if (size <= MAX_BACKUP_BYTES) return new Uint8Array(readFileSync(file))
  throw usage(`${file} has ${size} bytes, which no backup has.`, 'Name the file that `bookend backup` wrote.')
}

async function phraseOf(shell: Shell, file: string | undefined): Promise<SeedPhrase> {
  const parsed = parseSeedPhrase(file === undefined ? await askedFor(shell) : wordsIn(file))
  if (parsed.ok) return parsed.value
  const { expected, got } = parsed.error
  throw usage(`These are not the words of a seed: expected ${expected}, got ${got}.`, 'Look at them once more.')
}

function askedFor(shell: Shell): Promise<string> {
  if (shell.canAsk) return shell.askSecret('The 24 words of the node')
  throw usage('The 24 words are needed, and there is nobody to ask.', 'Name a file that holds them with --phrase-file.')
}

function wordsIn(file: string): string {
  const text = readText(file)
  if (text !== undefined) return text
  throw new BookendError('not_found', `There is no file ${file}.`, {
    advice: 'Name the file that holds the 24 words with --phrase-file.',
    facts: { file },
  })
}

function mustOpen(bytes: Uint8Array, phrase: SeedPhrase): Backup {
  const opened = openBackup(bytes, phrase)
  if (opened.ok) return opened.value
  throw opened.error
}

function networkOf(opened: Backup | undefined, typed: string | undefined) {
  if (opened === undefined) return networkTyped(typed)
  if (typed === undefined || networkTyped(typed) === opened.network) return opened.network
  throw new BookendError('wrong_network', `The backup is of a node on ${opened.network}, not on ${typed}.`, {
    advice: 'Leave --network out.',
    facts: { expected: opened.network, got: typed },
  })
}

interface Made {
  readonly directory: DataDirectory
  readonly phrase: SeedPhrase
  readonly network: NetworkName
  readonly protection: SeedProtection
}

interface Filled {
  readonly channelsToClose: number
  readonly recalled?: RecalledNode
}

/**
 * The seed first: records without it would be taken over by the new seed of a first start. Where a restore was interrupted in
 * between, the same restore goes on; where it fails, what it has made is taken away.
 */
async function fill(made: Made, source: RestoreOptions['source'], bytes: Uint8Array | undefined): Promise<Filled> {
  const { directory, phrase, network, protection } = made
  const [seed, records] = [directory.file(FILES.seed), directory.file(FILES.store)]
  const [hadSeed, hadRecords] = [existsSync(seed), existsSync(records)]
  if (hadSeed) await mustBeSame(seed, made)
  else if (hadRecords) throw notEmpty(directory.path)
  else await createSeedFile(seed, phrase, protection)
  try {
    const store = await sqliteStore({ file: records })
    try {
      const birthHeight = source.birthHeight
      const from = birthHeight === undefined ? {} : { birthHeight }
      if (bytes !== undefined) return await restoreBackup({ store, backup: bytes, phrase, ...from })
      if (source.type === 'peers') {
        const recalled = await restoreFromPeers({ store, phrase, network, peers: source.peers, net: tcp(), ...from })
        return { channelsToClose: recalled.channelsToClose, recalled }
      }
      await restoreWords({ store, birthHeight: birthHeight ?? 0 })
      return { channelsToClose: 0 }
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!hadRecords) for (const file of [records, `${records}-wal`, `${records}-shm`]) rmSync(file, { force: true })
    if (!hadSeed) rmSync(seed, { force: true })
    throw error
  }
}

async function mustBeSame(seed: string, { directory, phrase, protection }: Made): Promise<void> {
  const read = await readSeedFile(seed, protection)
  if (!read.ok || read.value !== phrase) throw notEmpty(directory.path)
}

function notEmpty(dataDir: string): BookendError {
  return new BookendError('conflict', `There is a node in ${dataDir} already.`, {
    advice: 'Name a new or empty directory with --data-dir. What is there is never replaced.',
    facts: { dataDir },
  })
}

interface Told {
  readonly network: string
  readonly dataDir: string
  readonly opened: Backup | undefined
  readonly recalled: RecalledNode | undefined
  readonly channelsToClose: number
  readonly seed: RestoreOptions['seed']['type']
}

function tell(shell: Shell, { network, dataDir, opened, recalled, channelsToClose, seed }: Told): void {
  const start = startCommand(network, dataDir, seed)
  const value = { network, dataDir, nodeId: opened?.nodeId ?? recalled?.nodeId ?? null, channelsToClose, start }
  answer(shell, value, () => [
    ...whatCameBack(dataDir, opened, recalled),
    ...(channelsToClose === 0
      ? []
      : [
          `${counted(channelsToClose, 'channel')} will be closed by the peer, with the newest balance, once the node has reached it.`,
          'Leave the node running until `bookend channels` shows none. A peer without a known address has to connect to us,',
          'or is named with `bookend connect NODEID@HOST:PORT`.',
        ]),
    `Start it: ${start}`,
  ])
}

function whatCameBack(dataDir: string, opened: Backup | undefined, recalled: RecalledNode | undefined): string[] {
  if (opened !== undefined) return [`Node ${opened.nodeId} is in ${dataDir}, as it was at ${timeOf(opened.createdAt)}.`]
  if (recalled === undefined) {
    return [`The words are in ${dataDir}. Coins on chain come back; channels do not, without a backup or a peer.`]
  }
  const { nodeId, birthHeight, asked } = recalled
  return [
    ...asked.map(({ peer, list }) =>
      typeof list === 'number' ? `${peer} has kept a list of ${timeOf(list)}.` : `${peer}: ${list}`,
    ),
    `Node ${nodeId} is in ${dataDir}, with the channels of ${asked.length === 1 ? 'that list' : 'these lists'}: one that was opened later is not among them.`,
    `The chain is read from block ${grouped(birthHeight)} on. Where coins came before it, name their height with --birth-height.`,
  ]
}

function startCommand(network: string, dataDir: string, seed: Told['seed']): string {
  const kept = seed === 'unencrypted' ? ' --unencrypted-seed' : seed === 'file' ? ' --passphrase-file FILE' : ''
  return `bookend start --network ${network} --data-dir ${dataDir}${kept}`
}
