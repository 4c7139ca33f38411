import { closeSync, existsSync, fdatasyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { FILES } from '../dataDirectory.ts'
import { type Check, fail, good, warn } from './check.ts'

const OF_OTHERS = 0o077

/** Whose the directory is, and who else could read what lies in it. */
export function checkDirectory(path: string, user: number | undefined = process.getuid?.()): Check {
  const name = 'data directory'
  if (!existsSync(path)) return good(name, `${path} is not there yet: the first start makes it`)
  const found = statSync(path)
  if (!found.isDirectory()) return fail(name, `${path} is no directory`, 'Name another one with --data-dir.')
  if (user !== undefined && found.uid !== user)
    return fail(name, `${path} belongs to another user`, 'Start as that user, or name another one with --data-dir.')
  const open = [path, ...Object.values(FILES).map(file => join(path, file))].find(isOpenToOthers)
  if (open === undefined) return good(name, `${path} is yours alone`)
  return fail(name, `other users of this computer can read ${open}`, `Run: chmod go= ${open}`)
}

function isOpenToOthers(path: string): boolean {
  // Windows keeps who may read in another place.
  if (process.platform === 'win32' || !existsSync(path)) return false
  return (statSync(path).mode & OF_OTHERS) !== 0
}

const ROUNDS = 20
const BLOCK = new Uint8Array(4096)
const SLOW_MS = 20
const MEBIBYTE = 1024 * 1024
const LITTLE = 1024 * MEBIBYTE
const TOO_LITTLE = 50 * MEBIBYTE

/** How long it takes until something is on the disk for good: every payment waits for that a few times. */
export function checkSync(path: string, clock: () => number = () => performance.now()): Check {
  const name = 'disk sync'
  const folder = nearestFolder(path)
  const file = join(folder, `.bookend-doctor-${process.pid}`)
  try {
    const median = medianSync(file, clock)
    const said = `${median.toFixed(2)} ms in ${folder}`
    if (median <= SLOW_MS) return good(name, said)
    return warn(
      name,
      `${said} is slow: every payment waits for it a few times`,
      'Put the data directory on a local SSD.',
    )
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return fail(name, `${folder} cannot be written: ${message}`, 'Name another one with --data-dir.')
  }
}

function medianSync(file: string, clock: () => number): number {
  const handle = openSync(file, 'wx', 0o600)
  try {
    const times = Array.from({ length: ROUNDS }, () => {
      const begun = clock()
      writeSync(handle, BLOCK)
      fdatasyncSync(handle)
      return clock() - begun
    })
    return times.sort((a, b) => a - b)[ROUNDS / 2] ?? 0
  } finally {
    closeSync(handle)
    rmSync(file)
  }
}

export function checkSpace(path: string, free: (folder: string) => number = freeBytes): Check {
  const name = 'disk space'
  const bytes = free(nearestFolder(path))
  const said = `${Math.floor(bytes / MEBIBYTE)} MiB free`
  if (bytes < TOO_LITTLE) return fail(name, said, 'Make room: a node whose disk is full stops.')
  return bytes < LITTLE ? warn(name, said, 'Make room soon: a node whose disk is full stops.') : good(name, said)
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** The directory, or where it will be made. */
function nearestFolder(path: string): string {
  let folder = resolve(path)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}
