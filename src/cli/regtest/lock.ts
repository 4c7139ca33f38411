import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { err, ok, type Result } from '../../base/index.ts'

// One process at a time keeps a chain in a folder: a file there holds the number of the process.

const LOCK_FILE = 'regtest.lock'
/** A left lock is taken over at once; only processes that do so at the same time need another round. */
const MAX_ROUNDS = 5

/** Takes the folder, or says who has it. The result gives it back. */
export function lockFolder(folder: string): Result<() => void, string> {
  const path = join(folder, LOCK_FILE)
  // Written aside and then linked, so that nobody ever reads a lock without its number.
  const own = `${path}.${process.pid}`
  writeFileSync(own, `${process.pid}\n`)
  try {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (tryLink(own, path)) return ok(() => rmSync(path, { force: true }))
      const holder = holderOf(path)
      if (holder !== undefined && isAlive(holder)) {
        return err(`${folder} is in use by process ${holder}: end that one, or name another --data-dir.`)
      }
      takeAway(path, holder)
    }
    return err(`${folder} is being taken by other processes: try again.`)
  } finally {
    rmSync(own, { force: true })
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock of a process that is gone; what another process has put there meanwhile is put back. */
function takeAway(path: string, gone: number | undefined): void {
  const aside = `${path}.left.${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  if (holderOf(aside) !== gone) tryLink(aside, path)
  rmSync(aside, { force: true })
}

function holderOf(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function isAlive(pid: number): boolean {
  // A process in a container often gets the number that it had before.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
