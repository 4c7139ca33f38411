import { assert, MAX_MONEY_MSAT, type Msat, msat } from '../base/index.ts'
import type { Network } from '../bitcoin/index.ts'
import { refuse } from './failure.ts'

/** What the readable part says (BOLT 11, Human-Readable Part). */
export interface Prefix {
  readonly network: Network
  /** Left out where no amount is asked for. */
  readonly amountMsat?: Msat
}

const SECTION = 'Human-Readable Part'

const CURRENCY: { readonly [N in Network]: string } = { bitcoin: 'bc', testnet: 'tb', signet: 'tbs', regtest: 'bcrt' }
// The keys are those of the table.
const NETWORKS = Object.keys(CURRENCY) as readonly Network[]

/** Millisatoshis in one unit of a multiplier. The pico is the tenth of a millisatoshi, and so no number of them. */
const MSAT_OF_MULTIPLIER = [
  ['', 100_000_000_000n],
  ['m', 100_000_000n],
  ['u', 100_000n],
  ['n', 100n],
] as const

/** `prefix` is in lower case. */
export function readPrefix(prefix: string): Prefix {
  // The amount starts at the first digit: no currency has one.
  const digit = prefix.search(/[0-9]/)
  const name = digit === -1 ? prefix : prefix.slice(0, digit)
  const network = NETWORKS.find(candidate => name === `ln${CURRENCY[candidate]}`)
  if (network === undefined) {
    const known = NETWORKS.map(candidate => `ln${CURRENCY[candidate]}`).join(', ')
    return refuse('unknown_prefix', `one of ${known}`, quoted(name), SECTION)
  }
  return digit === -1 ? { network } : { network, amountMsat: readAmount(prefix.slice(digit)) }
}

export function writePrefix({ network, amountMsat }: Prefix): string {
  return `ln${CURRENCY[network]}${amountMsat === undefined ? '' : writeAmount(amountMsat)}`
}

function readAmount(text: string): Msat {
  const [, digits = '', multiplier = ''] = /^([0-9]+)(.*)$/s.exec(text) ?? []
  if (digits.startsWith('0')) refuse('bad_amount', 'an amount above zero that starts with no 0', quoted(text), SECTION)
  const amount = multiplier === 'p' ? readPico(digits) : BigInt(digits) * msatOf(multiplier)
  if (amount > MAX_MONEY_MSAT) refuse('bad_amount', 'at most all the bitcoin there can be', quoted(text), SECTION)
  return msat(amount)
}

function readPico(digits: string): bigint {
  if (!digits.endsWith('0'))
    refuse('sub_millisatoshi', 'pico-bitcoin that end in 0, so whole millisatoshis', quoted(`${digits}p`), SECTION)
  return BigInt(digits) / 10n
}

function msatOf(multiplier: string): bigint {
  const found = MSAT_OF_MULTIPLIER.find(([letter]) => letter === multiplier)
  return found?.[1] ?? refuse('bad_multiplier', 'm, u, n, p or nothing after the amount', quoted(multiplier), SECTION)
}

/** The shortest form: the largest multiplier that leaves a whole number. */
function writeAmount(amountMsat: Msat): string {
  assert(amountMsat > 0n && amountMsat <= MAX_MONEY_MSAT, () => `an invoice over ${amountMsat} msat`)
  const found = MSAT_OF_MULTIPLIER.find(([, unit]) => amountMsat % unit === 0n)
  return found === undefined ? `${amountMsat * 10n}p` : `${amountMsat / found[1]}${found[0]}`
}

/** Short enough for a message, whatever it is. */
function quoted(text: string): string {
  return text.length > 40 ? `"${text.slice(0, 40)}…"` : `"${text}"`
}
