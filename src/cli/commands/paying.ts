import type { Command } from 'commander'
import type { BookendClient, PaymentJson } from '../../api/index.ts'
import type { NodeOptions } from '../command.ts'
import { EXIT_PAYMENT_FAILED, EXIT_TIMEOUT } from '../exitCodes.ts'
import { answer, facts, type Paint, painter } from '../print.ts'
import { atNode } from '../remote.ts'
import { EndWith, type Shell } from '../shell.ts'
import { msatOrZeroTyped, wholeTyped } from '../typed.ts'
import { msatInSat, oneLine, short } from '../words.ts'
import { progressLines } from './progressLines.ts'
import { KEY_OPTION, repeatable } from './repeatable.ts'

// What paying by invoice and paying without one have in common.

export interface PayOptions extends NodeOptions {
  readonly maxFee?: string
  readonly maxParts?: string
  readonly timeout?: string
  readonly idempotencyKey?: string
  readonly progress?: boolean
}

const A_DAY = 86_400
const MOST_PARTS = 1000

export function payOptions(command: Command): Command {
  return command
    .option('--max-fee <msat>', 'what it may cost on the way, in millisatoshis')
    .option('--max-parts <count>', 'split it into no more parts than so many')
    .option('--timeout <seconds>', 'how long it is tried')
    .option(...KEY_OPTION)
    .option('--progress', 'tell what is tried, and what came back: what a terminal is told anyway')
}

export function termsOf({ maxFee, maxParts, timeout }: PayOptions) {
  return {
    ...(maxFee === undefined ? {} : { maxFeeMsat: msatOrZeroTyped(maxFee, '--max-fee') }),
    ...(maxParts === undefined ? {} : { maxParts: wholeTyped(maxParts, '--max-parts', { min: 1, max: MOST_PARTS }) }),
    ...(timeout === undefined ? {} : { timeoutMs: 1000 * wholeTyped(timeout, '--timeout', { min: 1, max: A_DAY }) }),
  }
}

/** Pays, tells a person how it goes, and ends with the exit code of its outcome. With `--json --progress` each word is a line of JSON. */
export function paid(shell: Shell, options: PayOptions, request: Parameters<BookendClient['pay']>[0]): Promise<void> {
  const paint = painter(shell.color)
  const tells = options.progress === true || (shell.isTerminal && !shell.json)
  return atNode(shell, options, async ({ node, signal }) => {
    const onProgress: NonNullable<typeof request.onProgress> = progress => {
      if (shell.json) shell.out(`${JSON.stringify(progress)}\n`)
      else for (const line of progressLines(progress, paint)) shell.out(`${line}\n`)
    }
    const payment = await repeatable(options.idempotencyKey, idempotencyKey =>
      node.pay({ ...request, idempotencyKey, signal, ...(tells && { onProgress }) }),
    )
    answer(shell, payment, ink => outcome(payment, ink))
    if (payment.status === 'failed') throw new EndWith(EXIT_PAYMENT_FAILED)
    if (payment.status === 'pending') throw new EndWith(EXIT_TIMEOUT)
  })
}

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
