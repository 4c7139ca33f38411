import { join } from 'node:path'
import { type BookendClient, createClient } from '../api/index.ts'
import { BookendError } from '../base/index.ts'
import { type DirectoryOptions, dataDirectoryOf, FILES, readText } from './dataDirectory.ts'
import type { Shell } from './shell.ts'

// How a command finds the node that runs, and what it does with it.

export interface NodeAddress {
  readonly url: string
  readonly token: string
}

/** A running node, and the signal of a person who does not want to wait any longer. */
export interface AtNode {
  readonly node: BookendClient
  readonly signal: AbortSignal
}

/** Asks a running node for something. Ctrl-C gives up waiting. */
export async function atNode<T>(shell: Shell, options: DirectoryOptions, work: (at: AtNode) => Promise<T>): Promise<T> {
  const leaving = new AbortController()
  const calm = shell.onSignal(() => leaving.abort())
  try {
    return await work({ node: createClient(findNode(shell, options)), signal: leaving.signal })
  } finally {
    calm()
  }
}

/** By --data-dir, else by the environment, else in the default directory. */
export function findNode(shell: Shell, options: DirectoryOptions): NodeAddress {
  const { BOOKEND_API: url = '', BOOKEND_TOKEN: token = '' } = shell.env
  if (options.dataDir !== undefined || url === '') return inDirectory(dataDirectoryOf(shell, options))
  if (token !== '') return { url, token }
  throw new BookendError('unauthorized', 'BOOKEND_API says where the node is, and BOOKEND_TOKEN is not set.', {
    advice: 'Set BOOKEND_TOKEN to the secret in the data directory of the node, or to one of `bookend tokens create`.',
  })
}

function inDirectory(directory: string): NodeAddress {
  const address = readText(join(directory, FILES.api))
  const token = readText(join(directory, FILES.token))?.trim()
  const url = address === undefined ? undefined : urlIn(address)
  if (url !== undefined && token !== undefined) return { url, token }
  throw new BookendError('stopped', `No node runs in ${directory}.`, {
    advice: 'Start it with `bookend start`, or name another directory with --data-dir.',
    facts: { dataDir: directory },
  })
}

export function urlIn(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const isAddress = typeof parsed === 'object' && parsed !== null && 'url' in parsed
    return isAddress && typeof parsed.url === 'string' ? parsed.url : undefined
  } catch {
    return undefined
  }
}
