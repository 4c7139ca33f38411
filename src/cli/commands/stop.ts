import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { BookendError } from '../../base/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { dataDirectoryOf } from '../dataDirectory.ts'
import { answer } from '../print.ts'
import { type AtNode, atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { wholeTyped } from '../typed.ts'

const DEFAULT_PATIENCE_S = 60
const A_DAY = 86_400
const LOOK_EVERY_MS = 100

export function stopCommand(shell: Shell): Command {
  return nodeCommand(shell, 'stop', 'stop the node, and wait until it has really gone')
    .option('--timeout <seconds>', 'how long to wait', `${DEFAULT_PATIENCE_S}`)
    .action(({ timeout, ...options }: NodeOptions & { readonly timeout: string }) => {
      const seconds = wholeTyped(timeout, '--timeout', { min: 1, max: A_DAY })
      return atNode(shell, options, async at => {
        const hasGone = isAtDistance(shell, options)
          ? () => isSilent(at)
          : await isDirectoryFree(dataDirectoryOf(shell, options))
        await at.node.stop({ signal: at.signal })
        await untilTrue(hasGone, seconds, at.signal)
        answer(shell, { stopped: true }, () => ['The node has stopped.'])
      })
    })
}

const isAtDistance = ({ env }: Shell, { dataDir }: NodeOptions): boolean =>
  dataDir === undefined && (env.BOOKEND_API ?? '') !== ''

/** The lock of the directory goes with the process, whatever happens to it. */
async function isDirectoryFree(path: string): Promise<() => Promise<boolean>> {
  const { openDataDirectory, StorageError } = await import('../../storage/index.ts')
  return async () => {
    try {
      openDataDirectory(path).close()
      return true
    } catch (error) {
      if (error instanceof StorageError && error.code === 'directory_in_use') return false
      throw error
    }
  }
}

/** All that can be seen of a node on another machine. */
async function isSilent({ node, signal }: AtNode): Promise<boolean> {
  try {
    await node.info({ signal })
    return false
  } catch (error) {
    return error instanceof BookendError && error.code === 'stopped'
  }
}

async function untilTrue(isTrue: () => Promise<boolean>, seconds: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + 1000 * seconds
  while (!(await isTrue())) {
    if (signal.aborted)
      throw new BookendError('aborted', 'The node is still stopping.', { advice: 'It goes on with that.' })
    if (performance.now() > end)
      throw new BookendError('timeout', `The node has not gone after ${seconds} seconds.`, {
        advice: 'It may still be finishing a write: wait longer with --timeout before anything stronger.',
      })
    await pause(LOOK_EVERY_MS)
  }
}
