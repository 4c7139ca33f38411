import type { Command } from 'commander'
import type { PaymentJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, type Column, facts, type Paint, table } from '../print.ts'
import { usage } from '../problems.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { hashTyped, wholeTyped } from '../typed.ts'
import { msatInSat, oneLine, short, shortened, timeOf } from '../words.ts'
import { heldFor } from './progressLines.ts'

interface PaymentsOptions extends NodeOptions {
  readonly limit?: string
  readonly before?: string
  readonly sent?: boolean
  readonly received?: boolean
  readonly status?: string
}

const MOST = 1000
const STATUSES = ['pending', 'succeeded', 'failed'] as const

export function paymentsCommand(shell: Shell): Command {
  return nodeCommand(shell, 'payments', 'what was paid and received, newest first; or one payment')
    .argument('[hash]', 'the payment hash of one')
    .option('--limit <count>', 'how many at most (default: 100)')
    .option('--before <number>', 'only those with a lower number')
    .option('--sent', 'only those that were sent')
    .option('--received', 'only those that were received')
    .option('--status <status>', `only those that are ${STATUSES.join(', ')}`)
    .action((typed: string | undefined, options: PaymentsOptions) => {
      if (typed !== undefined) return one(shell, hashTyped(typed), options)
      const { limit, before } = options
      const request = {
        ...(limit === undefined ? {} : { limit: wholeTyped(limit, '--limit', { min: 1, max: MOST }) }),
        ...(before === undefined
          ? {}
          : { before: wholeTyped(before, '--before', { min: 0, max: Number.MAX_SAFE_INTEGER }) }),
        ...filterOf(options),
      }
      return atNode(shell, options, async ({ node, signal }) => {
        const payments = await node.payments({ ...request, signal })
        answer(shell, payments, paint => (payments.length === 0 ? ['No payments.'] : table(payments, COLUMNS, paint)))
      })
    })
}

function filterOf({ sent = false, received = false, status: typed }: PaymentsOptions) {
  if (sent && received) throw usage('--sent and --received do not go together.', 'Leave both out to see all.')
  const status = STATUSES.find(name => name === typed)
  if (typed !== undefined && status === undefined)
    throw usage(`--status is '${typed}'.`, `Choose one of ${STATUSES.join(', ')}.`, {
      expected: STATUSES.join(', '),
      got: typed,
    })
  return {
    ...(sent ? { direction: 'sent' as const } : received ? { direction: 'received' as const } : {}),
    ...(status === undefined ? {} : { status }),
  }
}

function one(shell: Shell, paymentHash: string, options: NodeOptions): Promise<void> {
  return atNode(shell, options, async ({ node, signal }) => {
    const payment = await node.payment({ paymentHash, signal })
    answer(shell, payment, paint => described(payment, paint))
  })
}

const LONGEST_DESCRIPTION = 40

const COLUMNS: readonly Column<PaymentJson>[] = [
  { title: 'number', of: ({ number }) => `${number}`, right: true },
  { title: 'time', of: ({ createdAt }) => timeOf(createdAt) },
  { title: 'direction', of: ({ direction }) => direction },
  { title: 'amount', of: ({ amountMsat }) => msatInSat(amountMsat), right: true },
  { title: 'fee', of: ({ feeMsat }) => msatInSat(feeMsat), right: true },
  {
    title: 'status',
    of: ({ status }) => status,
    ink: ({ status }) => (({ succeeded: 'good', pending: 'warn', failed: 'bad' }) as const)[status],
  },
  { title: 'peer', of: ({ peer }) => short(peer) },
  { title: 'description', of: ({ description = '' }) => shortened(description, LONGEST_DESCRIPTION) },
]

function described(payment: PaymentJson, paint: Paint): readonly string[] {
  const { description, endedAt, failure, holdTimes } = payment
  return facts(
    [
      ['payment', `number ${payment.number}, ${payment.direction}, ${payment.status}`],
      ['amount', msatInSat(payment.amountMsat)],
      ['fee', msatInSat(payment.feeMsat)],
      ['peer', payment.peer],
      ['payment hash', payment.paymentHash],
      ['preimage', payment.preimage],
      ['description', description === undefined ? undefined : oneLine(description)],
      ['begun', timeOf(payment.createdAt)],
      ['ended', endedAt === undefined ? undefined : timeOf(endedAt)],
      ['held for', holdTimes === undefined ? undefined : heldFor(holdTimes)],
      ['why', failure === undefined ? undefined : oneLine(failure.message)],
    ],
    paint,
  )
}
