import { painter } from '../print.ts'
import type { Shell } from '../shell.ts'
import { oneLine, timeOf } from '../words.ts'

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly peer?: string
}

export interface Ready {
  readonly nodeId: string
  readonly network: string
  /** `null` where nobody can reach us. */
  readonly listen: string | null
  readonly api: string
  readonly dataDir: string
  readonly pid: number
}

/** What a running node prints: that it is ready, and then its troubles. With --json each line is an object. */
export interface Outlet {
  ready(facts: Ready): void
  say(line: LogLine): void
}

export function outletOf(shell: Shell, now: () => number = Date.now): Outlet {
  const paint = painter(shell.color)
  return {
    ready(facts) {
      if (shell.json) return shell.out(`${JSON.stringify({ event: 'ready', ...facts })}\n`)
      const { nodeId, network, listen, api } = facts
      const peers = listen === null ? 'Peers cannot reach it.' : `Peers reach it as ${nodeId}@${listen}.`
      shell.out(`${paint('good', 'Ready')} on ${network}. ${peers} API ${api}. Ctrl-C ends it.\n`)
    },
    say({ level, message, peer }) {
      const text = oneLine(message)
      if (shell.json)
        return shell.out(
          `${JSON.stringify({ event: 'log', level, message: text, ...(peer && { peer }), at: now() })}\n`,
        )
      const ink = ({ info: 'faint', warn: 'warn', error: 'bad' } as const)[level]
      shell.out(`${paint('faint', timeOf(now()))}  ${paint(ink, text)}${peer === undefined ? '' : ` (peer ${peer})`}\n`)
    },
  }
}
