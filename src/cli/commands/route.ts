import type { Command } from 'commander'
import type { RouteJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, type Column, type Paint, table } from '../print.ts'
import { usage } from '../problems.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { invoiceTyped, msatOrZeroTyped, msatTyped, nodeIdTyped, wholeTyped } from '../typed.ts'
import { counted, grouped, msatInSat, short } from '../words.ts'

interface RouteOptions extends NodeOptions {
  readonly maxFee?: string
  readonly maxParts?: string
}

const MOST_PARTS = 1000

export function routeCommand(shell: Shell): Command {
  return nodeCommand(shell, 'route', 'the ways that a payment would take now; nothing is sent')
    .argument('<to>', 'an invoice, or the id of a node')
    .argument('[msat]', 'how many millisatoshis, where no invoice names an amount')
    .option('--max-fee <msat>', 'what it may cost on the way, in millisatoshis')
    .option('--max-parts <count>', 'split it into no more parts than so many')
    .action((to: string, msat: string | undefined, options: RouteOptions) => {
      const { maxFee, maxParts } = options
      const request = {
        ...targetOf(to, msat),
        ...(msat === undefined ? {} : { amountMsat: msatTyped(msat, 'The amount') }),
        ...(maxFee === undefined ? {} : { maxFeeMsat: msatOrZeroTyped(maxFee, '--max-fee') }),
        ...(maxParts === undefined
          ? {}
          : { maxParts: wholeTyped(maxParts, '--max-parts', { min: 1, max: MOST_PARTS }) }),
      }
      return atNode(shell, options, async ({ node, signal }) => {
        const routes = await node.routes({ ...request, signal })
        answer(shell, routes, paint => described(routes, paint))
      })
    })
}

/** No invoice begins like a node id. */
function targetOf(typed: string, msat: string | undefined): { nodeId: string } | { invoice: string } {
  if (!/^0[23]/.test(typed)) return { invoice: invoiceTyped(typed) }
  if (msat === undefined) throw usage('A way to a node needs an amount.', 'Give the millisatoshis behind the node id.')
  return { nodeId: nodeIdTyped(typed) }
}

function described(routes: readonly RouteJson[], paint: Paint): readonly string[] {
  const sum = (of: (route: RouteJson) => string): string =>
    `${routes.reduce((total, route) => total + BigInt(of(route)), 0n)}`
  const parts = counted(routes.length, 'part')
  return [
    `${msatInSat(sum(({ amountMsat }) => amountMsat))} in ${parts}, fee ${msatInSat(sum(({ feeMsat }) => feeMsat))}.`,
    ...routes.flatMap(({ hops }, index) => [
      '',
      ...(routes.length === 1 ? [] : [paint('strong', `Part ${index + 1}`)]),
      ...table(hops, COLUMNS, paint),
    ]),
  ]
}

const COLUMNS: readonly Column<RouteJson['hops'][number]>[] = [
  { title: 'to', of: ({ nodeId }) => short(nodeId) },
  { title: 'over', of: ({ shortChannelId }) => shortChannelId },
  { title: 'carries', of: ({ amountMsat }) => msatInSat(amountMsat), right: true },
  { title: 'expires at block', of: ({ cltvExpiry }) => grouped(cltvExpiry), right: true },
]
