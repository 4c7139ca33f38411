import { mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { err, ok, type Result } from '../../base/index.ts'
import { createRegtestChain, type RegtestChain, restoreRegtestChain } from '../../regtest/index.ts'
import { lockFolder } from './lock.ts'

// The chain in a folder: one file, replaced as a whole, so that there is always a good one.

/** A chain, and how it is kept. */
export interface Keeper {
  readonly chain: RegtestChain
  /** Ends when all that happened up to now is on the disk. */
  readonly save: () => Promise<Result<true, string>>
  /** Gives the folder back. */
  readonly release: () => void
}

const CHAIN_FILE = 'regtest.chain'

/** A new chain that ends with the process. */
export function keepInMemory(now: () => number): Keeper {
  return { chain: createRegtestChain({ now }), save: async () => ok(true), release: () => {} }
}

/** The chain that a folder holds, or a new one in it; a sentence where the folder cannot be used. */
export function keepInFolder(folder: string, now: () => number): Result<Keeper, string> {
  const lock = attempt(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return lockFolder(folder)
  })
  if (!lock.ok) return err(`the folder ${folder} cannot be used: ${lock.error}.`)
  if (!lock.value.ok) return lock.value
  const release = lock.value.value
  const path = join(folder, CHAIN_FILE)
  const read = attempt(() => readChain(path, now))
  const chain = read.ok ? read.value : err(`${path} cannot be read: ${read.error}.`)
  if (chain.ok) return ok({ chain: chain.value, save: saver(chain.value, folder), release })
  release()
  return chain
}

function readChain(path: string, now: () => number): Result<RegtestChain, string> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(readFileSync(path))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ok(createRegtestChain({ now }))
    throw error
  }
  const restored = restoreRegtestChain(bytes, { now })
  return restored.ok ? restored : err(`${path} does not hold a chain: ${restored.error.message}.`)
}

/** One save at a time. Whoever asks while one runs shares the next one, which sees all that they did. */
function saver(chain: RegtestChain, folder: string): () => Promise<Result<true, string>> {
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<Result<true, string>> | undefined
  return () => {
    next ??= running.then(() => {
      next = undefined
      const save = replaceFile(folder, chain.save())
      running = save
      return save
    })
    return next
  }
}

/** Written aside, synced, renamed, and the folder synced: a crash leaves the old chain or the new one. */
async function replaceFile(folder: string, bytes: Uint8Array): Promise<Result<true, string>> {
  const path = join(folder, CHAIN_FILE)
  const aside = `${path}.new`
  try {
    await using file = await open(aside, 'w', 0o600)
    await file.writeFile(bytes)
    await file.sync()
    await rename(aside, path)
    await using directory = await open(folder, 'r')
    await directory.sync()
    return ok(true)
  } catch (error) {
    return err(`the chain could not be saved in ${folder}: ${messageOf(error)}`)
  }
}

function attempt<T>(work: () => T): Result<T, string> {
  try {
    return ok(work())
  } catch (error) {
    return err(messageOf(error))
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
