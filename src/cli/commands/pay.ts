import type { Command } from 'commander'
import type { PaymentJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { EXIT_PAYMENT_FAILED, EXIT_TIMEOUT } from '../exitCodes.ts'
import { answer, facts, type Paint } from '../print.ts'
import { usage } from '../problems.ts'
import { atNode } from '../remote.ts'
import { EndWith, type Shell } from '../shell.ts'
import { msatTyped, nodeIdTyped, wholeTyped } from '../typed.ts'
import { msatInSat, oneLine, short } from '../words.ts'
import { KEY_OPTION, repeatable } from './repeatable.ts'

interface PayOptions extends NodeOptions {
  readonly peer?: string
  readonly amountMsat?: string
  readonly timeout?: string
  readonly idempotencyKey?: string
}

const A_DAY = 86_400

export function payCommand(shell: Shell): Command {
  return nodeCommand(shell, 'pay', 'pay an invoice, or a peer without one')
    .argument('[invoice]', 'an invoice (BOLT 11)')
    .option('--peer <nodeid>', 'instead of an invoice: pay straight to this peer')
    .option('--amount-msat <msat>', 'how many millisatoshis, where the invoice names no amount')
    .option('--timeout <seconds>', 'how long it is tried')
    .option(...KEY_OPTION)
    .action((invoice: string | undefined, options: PayOptions) => {
      const request = requestOf(invoice, options)
      return atNode(shell, options, async ({ node, signal }) => {
        const payment = await repeatable(options.idempotencyKey, idempotencyKey =>
          node.pay({ ...request, idempotencyKey, signal }),
        )
        answer(shell, payment, paint => outcome(payment, paint))
        if (payment.status === 'failed') throw new EndWith(EXIT_PAYMENT_FAILED)
        if (payment.status === 'pending') throw new EndWith(EXIT_TIMEOUT)
      })
    })
}

function requestOf(invoice: string | undefined, { peer, amountMsat, timeout }: PayOptions) {
  const common = {
    ...(amountMsat === undefined ? {} : { amountMsat: msatTyped(amountMsat, '--amount-msat') }),
    ...(timeout === undefined ? {} : { timeoutMs: 1000 * wholeTyped(timeout, '--timeout', { min: 1, max: A_DAY }) }),
  }
  if (invoice !== undefined && peer === undefined) return { invoice: withoutScheme(invoice), ...common }
  if (invoice !== undefined || peer === undefined)
    throw usage(
      invoice === undefined ? 'There is nothing to pay.' : 'An invoice and --peer do not go together.',
      'Give an invoice, or --peer NODEID --amount-msat N.',
    )
  if (amountMsat === undefined) throw usage('A payment to --peer needs an amount.', 'Give --amount-msat N.')
  return { nodeId: nodeIdTyped(peer), ...common }
}

/** As wallets hand invoices on: `lightning:lnbc…`. */
const withoutScheme = (invoice: string): string => invoice.replace(/^lightning:/i, '')

function outcome(payment: PaymentJson, paint: Paint): readonly string[] {
  const { status, amountMsat, feeMsat, peer, paymentHash, preimage, failure } = payment
  const [word, ink] = (
    { succeeded: ['Paid', 'good'], pending: ['Still paying', 'warn'], failed: ['Not paid:', 'bad'] } as const
  )[status]
  return [
    `${paint(ink, word)} ${msatInSat(amountMsat)} to ${short(peer)}.`,
    ...facts(
      [
        ['fee', status === 'succeeded' ? msatInSat(feeMsat) : undefined],
        ['payment hash', paymentHash],
        ['preimage', preimage],
        ['why', failure === undefined ? undefined : oneLine(failure.message)],
      ],
      paint,
    ),
  ]
}
