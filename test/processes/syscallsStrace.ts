import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

// strace counts what a process asks of the disk, and makes any one of it the last thing that the process does, or fail.

/** One call of the operating system on one file. */
export interface Site {
  readonly call: string
  readonly path: string
  /** Counted from 1, each thread for itself: as strace counts. */
  readonly nth: number
}

/** `kill`: it dies in place of the call. Else the call fails with this error, and where it is `lasting` all later ones of it too. */
export type Fault = 'kill' | { readonly errno: string; readonly lasting: boolean }

/** All that changes what a disk holds. Whatever is not here, such as a read, leaves it as the call before it has. */
const CHANGES = [
  ...['write', 'writev', 'pwrite64', 'pwritev', 'ftruncate', 'truncate', 'fallocate'],
  ...['fsync', 'fdatasync', 'sync_file_range', 'msync', 'openat'],
  ...[
    'rename',
    'renameat',
    'renameat2',
    'unlink',
    'unlinkat',
    'mkdir',
    'link',
    'symlink',
    'copy_file_range',
    'sendfile',
  ],
] as const

const FULL = { errno: 'ENOSPC', lasting: true }
const BROKEN = { errno: 'EIO', lasting: false }

/** What a disk may answer: full for good, or broken this once. */
const FAILURES: Readonly<Record<string, readonly Exclude<Fault, 'kill'>[]>> = {
  write: [FULL],
  pwrite64: [FULL],
  ftruncate: [BROKEN],
  fsync: [BROKEN],
  fdatasync: [BROKEN],
  rename: [FULL],
  mkdir: [FULL],
  openat: [FULL],
  unlink: [BROKEN],
}

/** Whether strace is there and may trace. Else a sentence that says what is in the way. */
export function straceTrouble(): string | undefined {
  if (process.platform !== 'linux') return `strace is for Linux, and this is ${process.platform}`
  const { error, status, stderr } = spawnSync('strace', ['-f', '-qq', '-e', 'trace=fsync', '-o', '/dev/null', 'true'])
  if (error !== undefined) return 'strace is not installed (Debian: apt-get install strace)'
  return status === 0 ? undefined : `strace may not trace here: ${String(stderr).trim()}`
}

/** Writes down every change. */
export const counting = (log: string): readonly string[] => [...tracing(log), '-e', `trace=${CHANGES.join()}`]

/** Lets the one call on its file end otherwise. */
export function injecting(log: string, { call, path, nth }: Site, fault: Fault): readonly string[] {
  const what = fault === 'kill' ? 'signal=SIGKILL' : `error=${fault.errno}`
  const when = fault !== 'kill' && fault.lasting ? `${nth}+` : `${nth}`
  return [...tracing(log), '-P', path, '-e', `trace=${call}`, '-e', `inject=${call}:${what}:when=${when}`]
}

const tracing = (log: string): readonly string[] => ['strace', '-f', '-qq', '-y', '-e', 'signal=none', '-o', log]

/** Whether a call was made to fail. */
export const wasInjected = (log: string): boolean => readFileSync(log, 'utf8').includes('(INJECTED)')

export const faultsOf = ({ call }: Site): readonly Fault[] => {
  // To die before a file is opened is to die after the call before.
  const kills: readonly Fault[] = call === 'openat' ? [] : ['kill']
  return [...kills, ...(FAILURES[call] ?? [])]
}

interface Counted {
  readonly call: string
  readonly path: string
  /** How often each thread has made it. */
  readonly ofThread: Map<string, number>
  /** Those that change something, counted by their threads. */
  readonly changes: Set<number>
}

/** Every change below `folder` that the log of a life has. */
export function sitesIn(log: string, folder: string): readonly Site[] {
  const counted = new Map<string, Counted>()
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const [, thread, call, rest = ''] = /^(\d+) +(\w+)\((.*)/.exec(line) ?? []
    const names = [...rest.matchAll(/[<"]([^<>"]+)[>"]/g)].map(([, name = '']) => name)
    const path = names.find(name => name.startsWith(folder))
    if (thread === undefined || call === undefined || path === undefined) continue
    const key = `${call} ${path}`
    const found = counted.get(key) ?? { call, path, ofThread: new Map<string, number>(), changes: new Set<number>() }
    counted.set(key, found)
    const nth = (found.ofThread.get(thread) ?? 0) + 1
    found.ofThread.set(thread, nth)
    if (call !== 'openat' || rest.includes('O_CREAT')) found.changes.add(nth)
  }
  return [...counted.values()].flatMap(({ call, path, changes }) => [...changes].map(nth => ({ call, path, nth })))
}
