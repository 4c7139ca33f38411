import { chmodSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createPrivateFile } from './privateFiles.ts'
import { StorageError } from './storageError.ts'

/** A directory that one process works with. Two with the same keys and records would lose money. */
export interface DataDirectory {
  readonly path: string
  /** The path of a file in it. */
  file(name: string): string
  /** Lets others have it. The end of the process does that too, whatever the end is. */
  close(): void
}

const PRIVATE_DIRECTORY = 0o700
const OF_OTHERS = 0o077
const LOCK_FILE = 'lock'
/** Two processes that start in the same instant wait for each other this long, in milliseconds. */
const PATIENCE = 500
const SQLITE_BUSY = 5

/**
 * Makes the directory where there is none, readable for its owner alone, and takes its lock. Throws a `StorageError` that names
 * the process that has it, or when others could read it.
 *
 * The lock is one of the operating system, on an empty database, through SQLite: it goes with the process that holds it, also
 * when that is killed, so there is none to be cleaned up. On a network drive it is as good as the locks of that drive are.
 */
export function openDataDirectory(path: string): DataDirectory {
  mkdirSync(path, { recursive: true, mode: PRIVATE_DIRECTORY })
  checkPrivate(path)
  const directory = realpathSync(path)
  const lock = takeLock(directory)
  HELD.add(lock)
  return {
    path: directory,
    file: name => join(directory, name),
    close() {
      if (HELD.delete(lock)) lock.close()
    },
  }
}

/** A database that nobody refers to is closed by the garbage collector, and with it goes the lock. */
const HELD = new Set<DatabaseSync>()

/** Windows keeps who may read in another place, which it inherits from the user's own directory. */
function checkPrivate(path: string): void {
  const mode = statSync(path).mode & 0o777
  if (process.platform === 'win32' || (mode & OF_OTHERS) === 0) return
  throw new StorageError(
    'directory_not_private',
    `The data directory ${path} is open to other users of this computer (mode ${mode.toString(8)}): expected 700. ` +
      `Run: chmod 700 ${path}`,
  )
}

function takeLock(directory: string): DatabaseSync {
  const file = join(directory, LOCK_FILE)
  createPrivateFile(file)
  chmodSync(file, 0o600)
  const db = openLock(file)
  try {
    beOwner(db)
    return db
  } catch (error) {
    const refusal = isBusy(error) ? inUse(directory, ownerIn(db)) : lockFailed(file, error)
    db.close()
    throw refusal
  }
}

function openLock(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: PATIENCE })
  } catch (error) {
    throw lockFailed(file, error)
  }
}

/**
 * Who has a write transaction open is the owner: there is only one, and others can still read which process it is. To say so
 * takes a transaction of its own, after which somebody else may have been faster; so we look again when we have it.
 */
function beOwner(db: DatabaseSync): void {
  for (;;) {
    db.exec('BEGIN IMMEDIATE')
    if (ownerIn(db) === process.pid) return
    db.exec(`PRAGMA user_version = ${process.pid}`)
    db.exec('COMMIT')
  }
}

/** The process that had the lock last. */
function ownerIn(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}

function inUse(directory: string, owner: number): StorageError {
  const who = owner === process.pid ? `this process (${owner}) already` : `process ${owner}`
  return new StorageError(
    'directory_in_use',
    `The data directory ${directory} is in use by ${who}: two at once would lose money. Stop that one, or name another directory.`,
  )
}

function lockFailed(file: string, error: unknown): StorageError {
  return new StorageError('store_failed', `${file} failed: ${error}. It is the lock of the data directory.`)
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY
}
