import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { painter } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { wholeTyped } from '../typed.ts'
import { eventLine } from './eventLine.ts'

interface EventsOptions extends NodeOptions {
  readonly after?: string
  readonly follow?: boolean
}

export function eventsCommand(shell: Shell): Command {
  return nodeCommand(
    shell,
    'events',
    'what has happened, out of the log that survives restarts; with --json one object a line',
  )
    .option('--after <number>', 'only those after the event of this number')
    .option('-f, --follow', 'go on with what comes, and without --after only that; Ctrl-C ends it')
    .action(({ after: typed, follow = false, ...options }: EventsOptions) => {
      const after =
        typed === undefined ? undefined : wholeTyped(typed, '--after', { min: 0, max: Number.MAX_SAFE_INTEGER })
      const paint = painter(shell.color)
      return atNode(shell, options, async ({ node, signal }) => {
        const last = follow ? Number.POSITIVE_INFINITY : (await node.info({ signal })).lastEvent
        const from = after ?? (follow ? undefined : 0)
        if (from !== undefined && from >= last) return
        for await (const event of node.events({ ...(from === undefined ? {} : { after: from }), signal })) {
          shell.out(`${shell.json ? JSON.stringify(event) : eventLine(event, paint)}\n`)
          if (event.id >= last) return
        }
      })
    })
}
