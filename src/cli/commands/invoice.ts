import { createHash, randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts } from '../print.ts'
import { usage } from '../problems.ts'
import { qrLines } from '../qr.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { hashTyped, msatTyped, wholeTyped } from '../typed.ts'
import { timeOf } from '../words.ts'

interface InvoiceOptions extends NodeOptions {
  readonly amountMsat?: string
  readonly description?: string
  readonly expiry?: string
  /** `true` where it stands alone. */
  readonly hold?: string | true
  readonly finalCltv?: string
  readonly qr?: boolean
}

const A_YEAR = 366 * 86_400
const U16_MAX = 0xffff

export function invoiceCommand(shell: Shell): Command {
  return nodeCommand(shell, 'invoice', 'ask for a payment')
    .option('--amount-msat <msat>', 'how many millisatoshis; without it the payer chooses')
    .option('--description <text>', 'what the payer reads')
    .option('--expiry <seconds>', 'how long it may be paid')
    .option('--hold [hash]', 'keep what is paid until `settle` or `cancel`; makes a preimage where you name no hash')
    .option('--final-cltv <blocks>', 'with --hold: how many blocks there are to decide')
    .option('--qr', 'show it as a QR code too')
    .action((options: InvoiceOptions) => {
      const { amountMsat, description, expiry, hold, finalCltv, qr = false } = options
      if (qr && shell.json) throw usage('--qr and --json do not go together.', 'A program has the text of the invoice.')
      if (finalCltv !== undefined && hold === undefined)
        throw usage('--final-cltv goes with --hold.', 'Leave it out, or give --hold HASH.')
      const held = hold === undefined ? undefined : heldBy(hold)
      const request = {
        ...(amountMsat === undefined ? {} : { amountMsat: msatTyped(amountMsat, '--amount-msat') }),
        ...(description === undefined ? {} : { description }),
        ...(expiry === undefined ? {} : { expirySeconds: wholeTyped(expiry, '--expiry', { min: 1, max: A_YEAR }) }),
        ...(held === undefined ? {} : { paymentHash: held.paymentHash }),
        ...(finalCltv === undefined
          ? {}
          : { minFinalCltvExpiryDelta: wholeTyped(finalCltv, '--final-cltv', { min: 1, max: U16_MAX }) }),
      }
      return atNode(shell, options, async ({ node, signal }) => {
        const made = { ...(await node.createInvoice({ ...request, signal })), ...preimageIn(held) }
        const code = qr ? await qrLines(shell, made.invoice) : []
        answer(shell, made, paint => [
          ...code,
          made.invoice,
          ...facts(
            [
              ['payment hash', made.paymentHash],
              ['preimage', made.preimage],
              ['expires', timeOf(made.expiresAt)],
            ],
            paint,
          ),
          ...(made.preimage === undefined ? [] : ['Keep the preimage: it stands nowhere else, and takes the money.']),
        ])
      })
    })
}

interface Held {
  readonly paymentHash: string
  /** Where it was made here. */
  readonly preimage?: string
}

function heldBy(hold: string | true): Held {
  if (hold !== true) return { paymentHash: hashTyped(hold) }
  const preimage = randomBytes(32)
  return {
    paymentHash: createHash('sha256').update(preimage).digest('hex'),
    preimage: preimage.toString('hex'),
  }
}

const preimageIn = (held: Held | undefined): { readonly preimage?: string } =>
  held?.preimage === undefined ? {} : { preimage: held.preimage }
