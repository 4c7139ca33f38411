import type { Command } from 'commander'
import { type PlainInvoice, readPlainInvoice } from '../../invoice/index.ts'
import { newCommand } from '../command.ts'
import { answer, facts, type Paint } from '../print.ts'
import type { Shell } from '../shell.ts'
import { invoiceTyped } from '../typed.ts'
import { counted, grouped, msatInSat, oneLine, timeOf } from '../words.ts'

export function decodeCommand(shell: Shell): Command {
  return newCommand(shell, 'decode', 'what an invoice says, of whatever network; needs no node')
    .argument('<invoice>', 'an invoice (BOLT 11)')
    .option('--json', 'print one JSON value')
    .action((typed: string) => {
      const invoice = readPlainInvoice(invoiceTyped(typed))
      answer(shell, jsonOf(invoice), paint => described(invoice, Date.now(), paint))
    })
}

/** As the API has it: amounts as decimal strings. */
const jsonOf = (invoice: PlainInvoice): unknown =>
  JSON.parse(JSON.stringify(invoice, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)))

const NETWORKS: Readonly<Record<PlainInvoice['network'], string>> = {
  bitcoin: 'bitcoin (real money)',
  testnet: 'testnet',
  signet: 'signet',
  regtest: 'regtest',
}

function described(invoice: PlainInvoice, now: number, paint: Paint): readonly string[] {
  const { amountMsat, description, descriptionHash, expiresAt, fallbackAddresses, unknownFields } = invoice
  const expired = expiresAt < now ? paint('bad', 'expired') : paint('good', 'can still be paid')
  return facts(
    [
      ['network', NETWORKS[invoice.network]],
      ['amount', amountMsat === undefined ? 'the payer chooses' : paint('strong', msatInSat(`${amountMsat}`))],
      ['description', description === undefined || description === '' ? undefined : oneLine(description)],
      ['', descriptionHash === undefined ? undefined : `only its hash is given: ${descriptionHash}`],
      ['payee', invoice.payee],
      ['payment hash', invoice.paymentHash],
      ['secret', invoice.paymentSecret],
      ['made', timeOf(invoice.createdAt)],
      ['expires', `${timeOf(expiresAt)}, ${expired}`],
      ['last hop', `at least ${grouped(invoice.minFinalCltvExpiryDelta)} blocks until its HTLC expires`],
      ...invoice.features.map(featureLine),
      ...invoice.routeHints.map(hintLine),
      ...fallbackAddresses.map(address => ['on chain', address] as const),
      ['metadata', invoice.paymentMetadata],
      ['unknown', unknownFields === 0 ? undefined : `${counted(unknownFields, 'field')} that nobody here understands`],
    ],
    paint,
  )
}

const featureLine = ({ bit, name, required }: PlainInvoice['features'][number]): readonly [string, string] => [
  required ? 'requires' : 'offers',
  `${name ?? 'a feature without a name here'} (bit ${bit})`,
]

/** A private way to the payee, from the first node that the network knows. */
function hintLine(hops: PlainInvoice['routeHints'][number]): readonly [string, string] {
  const said = hops.map(({ nodeId, shortChannelId, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }) => {
    const fee = `${msatInSat(`${feeBaseMsat}`)} + ${grouped(feeProportionalMillionths)} ppm`
    return `${nodeId}\n${HINT_INDENT}by ${shortChannelId}, ${fee}, ${grouped(cltvExpiryDelta)} blocks`
  })
  return ['reached via', said.join(`, then\n${HINT_INDENT}`)]
}

/** Below the values of `facts`: as wide as its longest name here and the gap. */
const HINT_INDENT = ' '.repeat('payment hash'.length + 2)
