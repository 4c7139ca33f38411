import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { painter } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { wholeTyped } from '../typed.ts'
import { eventLine } from './eventLine.ts'

interface EventsOptions extends NodeOptions {
  readonly after?: string
  readonly limit?: string
  readonly follow?: boolean
}

const ANY_NUMBER = { min: 0, max: Number.MAX_SAFE_INTEGER }
/** How many are shown of a log that may be long, where nobody says. */
const DEFAULT_SHOWN = 50

export function eventsCommand(shell: Shell): Command {
  return nodeCommand(
    shell,
    'events',
    'what has happened, out of the log that survives restarts; with --json one object a line',
  )
    .option('--after <number>', 'those after the event of this number, oldest first')
    .option(
      '--limit <number>',
      `no more than so many; without --after the newest, ${DEFAULT_SHOWN} where nothing is said`,
    )
    .option('-f, --follow', 'go on with what comes; Ctrl-C ends it')
    .action(({ after: typedAfter, limit: typedLimit, follow = false, ...options }: EventsOptions) => {
      const after = typedAfter === undefined ? undefined : wholeTyped(typedAfter, '--after', ANY_NUMBER)
      const limit = typedLimit === undefined ? undefined : wholeTyped(typedLimit, '--limit', ANY_NUMBER)
      const paint = painter(shell.color)
      return atNode(shell, options, async ({ node, signal }) => {
        const { lastEvent } = await node.info({ signal })
        const range = shown({ after, limit, follow, lastEvent })
        let left = range.count
        if (range.from >= range.to || left === 0) return
        for await (const event of node.events({ after: range.from, signal })) {
          shell.out(`${shell.json ? JSON.stringify(event) : eventLine(event, paint)}\n`)
          left -= 1
          if (event.id >= range.to || left === 0) return
        }
      })
    })
}

interface Asked {
  readonly after: number | undefined
  readonly limit: number | undefined
  readonly follow: boolean
  /** The number of the newest event. */
  readonly lastEvent: number
}

/** All after the number `from` up to the number `to`, and no more than `count`: the log may have dropped what is behind `from`. */
function shown({ after, limit, follow, lastEvent }: Asked): {
  readonly from: number
  readonly to: number
  readonly count: number
} {
  const all = Number.POSITIVE_INFINITY
  const to = follow ? all : lastEvent
  if (after === undefined) return { from: Math.max(0, lastEvent - (limit ?? DEFAULT_SHOWN)), to, count: all }
  return { from: after, to, count: limit ?? all }
}
