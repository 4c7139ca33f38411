import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Read and written by their owner alone. */
const PRIVATE_FILE = 0o600

/**
 * Makes an empty file that only its owner can read, where there is none. A file that is there is not even opened: closing it
 * again would take away the locks that this process holds on it (POSIX, fcntl).
 */
export function createPrivateFile(file: string): void {
  if (existsSync(file)) return
  closeSync(openSync(file, 'wx', PRIVATE_FILE))
  syncDirectory(dirname(file))
}

/** All of the bytes under this name, or what was there before: also when the power goes in between. */
export function writeFileAtomically(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.new`
  rmSync(temporary, { force: true })
  const handle = openSync(temporary, 'wx', PRIVATE_FILE)
  try {
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(handle, bytes, offset)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(temporary, file)
  syncDirectory(dirname(file))
}

/** A name is durable when its directory is. Windows knows no such sync, and needs none. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
