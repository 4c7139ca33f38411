import type { Command } from 'commander'
import type { OpenInvoiceJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, type Column, facts, type Ink, type Paint, table } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { hashTyped, wholeTyped } from '../typed.ts'
import { counted, grouped, msatInSat, oneLine, short, shortened, timeOf } from '../words.ts'

interface InvoicesOptions extends NodeOptions {
  readonly limit?: string
  readonly after?: string
  readonly held?: boolean
}

const MOST = 1000

export function invoicesCommand(shell: Shell): Command {
  return nodeCommand(shell, 'invoices', 'invoices that can be paid, or whose payment waits; or one of them')
    .argument('[hash]', 'the payment hash of one')
    .option('--held', 'only those whose payment is held')
    .option('--limit <count>', 'how many at most (default: 100)')
    .option('--after <hash>', 'those behind this one in the list')
    .action((typed: string | undefined, options: InvoicesOptions) => {
      if (typed !== undefined) return one(shell, hashTyped(typed), options)
      const { limit, after, held } = options
      const request = {
        ...(limit === undefined ? {} : { limit: wholeTyped(limit, '--limit', { min: 1, max: MOST }) }),
        ...(after === undefined ? {} : { after: hashTyped(after) }),
        ...(held === true ? { held } : {}),
      }
      return atNode(shell, options, async ({ node, signal }) => {
        const invoices = await node.invoices({ ...request, signal })
        answer(shell, invoices, paint => (invoices.length === 0 ? ['No invoices.'] : table(invoices, COLUMNS, paint)))
      })
    })
}

function one(shell: Shell, paymentHash: string, options: NodeOptions): Promise<void> {
  return atNode(shell, options, async ({ node, signal }) => {
    const invoice = await node.invoice({ paymentHash, signal })
    answer(shell, invoice, paint => described(invoice, paint))
  })
}

const INKS: Readonly<Record<OpenInvoiceJson['status'], Ink>> = {
  open: 'good',
  paying: 'warn',
  held: 'warn',
  expired: 'faint',
}
const LONGEST_DESCRIPTION = 16

const amountOf = ({ amountMsat }: OpenInvoiceJson): string => (amountMsat === undefined ? 'any' : msatInSat(amountMsat))

const COLUMNS: readonly Column<OpenInvoiceJson>[] = [
  { title: 'hash', of: ({ paymentHash }) => short(paymentHash) },
  { title: 'expires', of: ({ expiresAt }) => timeOf(expiresAt) },
  { title: 'amount', of: amountOf, right: true },
  { title: 'status', of: ({ status }) => status, ink: ({ status }) => INKS[status] },
  { title: 'description', of: ({ description }) => shortened(description, LONGEST_DESCRIPTION) },
]

function described(invoice: OpenInvoiceJson, paint: Paint): readonly string[] {
  const { status, hold, htlcs, receivedMsat, cancelledAtHeight, description } = invoice
  const waiting = htlcs === 0 ? undefined : `${msatInSat(receivedMsat)} in ${counted(htlcs, 'HTLC')}`
  return [
    invoice.invoice,
    ...facts(
      [
        ['status', paint(INKS[status], status)],
        ['preimage', hold ? 'not ours: what is paid for it waits for `settle` or `cancel`' : undefined],
        ['waits', waiting],
        ['until', cancelledAtHeight === undefined ? undefined : `block ${grouped(cancelledAtHeight)}`],
        ['amount', invoice.amountMsat === undefined ? 'the payer chooses' : msatInSat(invoice.amountMsat)],
        ['description', description === '' ? undefined : oneLine(description)],
        ['payment hash', invoice.paymentHash],
        ['expires', timeOf(invoice.expiresAt)],
      ],
      paint,
    ),
  ]
}
