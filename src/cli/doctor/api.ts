import { createClient, type InfoJson } from '../../api/index.ts'
import { BookendError } from '../../base/index.ts'
import type { NodeOptions } from '../command.ts'
import { problemOf } from '../problems.ts'
import { findNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { type Check, fail, good, warn } from './check.ts'

const NAME = 'API'

export interface ApiFound {
  readonly check: Check
  /** Of the node that runs. */
  readonly info?: InfoJson
  readonly url?: string
}

/** Whether a node runs here, and answers. That none does is no fault. */
export async function checkApi(shell: Shell, options: NodeOptions): Promise<ApiFound> {
  let url: string | undefined
  try {
    const found = findNode(shell, options)
    url = found.url
    const info = await createClient(found).info()
    return { check: good(NAME, `node ${info.nodeId} answers at ${url}`), info, url }
  } catch (error) {
    const { code, message, advice } = problemOf(error)
    if (!(error instanceof BookendError) || code !== 'stopped') return { check: fail(NAME, message, advice) }
    if (url === undefined) return { check: good(NAME, 'no node runs here now') }
    return { check: warn(NAME, `no node answers at ${url}, where one ran before`, advice) }
  }
}
