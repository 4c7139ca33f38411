import { z } from 'zod'
import {
  channelId,
  feeratePerKw,
  fromHex,
  MAX_MONEY_MSAT,
  MAX_MONEY_SAT,
  msat,
  nodeId,
  paymentHash,
  sat,
} from '../../base/index.ts'

// The smallest values of the API. Each stands here twice where it goes both ways: as the text of the JSON, and with an `In` at the
// end as what a checked request makes of it. Amounts are decimal strings, since a JSON number is not exact beyond 2^53.

/** What was expected, for the sentence that a wrong request is answered with. What came is told by its kind, never by its value. */
const expected = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined ? `is missing, expected ${what}` : `expected ${what}, got ${kindOf(input)}`,
})

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `a text of ${value.length} characters`
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}

const amount = (unit: string, id: string, max: bigint) => {
  const said = expected(`an amount in ${unit} as a string of decimal digits, at most ${max}`)
  return z
    .string(said)
    .regex(/^(?:0|[1-9][0-9]{0,18})$/, { ...said, abort: true })
    .refine(text => BigInt(text) <= max, said)
    .meta({ id, description: `An amount in ${unit}: a string of decimal digits.`, example: '100000' })
}

const hex = (bytes: number, id: string, description: string) => {
  const said = expected(`${2 * bytes} lowercase hexadecimal digits`)
  return z
    .string(said)
    .regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), said)
    .meta({ id, description })
}

export const msatText = amount('millisatoshis', 'Msat', MAX_MONEY_MSAT)
export const satText = amount('satoshis', 'Sat', MAX_MONEY_SAT)
export const msatIn = msatText.transform(text => msat(BigInt(text)))
export const satIn = satText.transform(text => sat(BigInt(text)))

export const txidText = hex(32, 'Txid', 'A transaction id, as explorers print it.')
export const preimageText = hex(32, 'Preimage', 'The 32 bytes whose SHA-256 is the payment hash: the proof of payment.')
export const channelIdText = hex(
  32,
  'ChannelId',
  'A channel_id (BOLT 2), or the temporary one of a channel that opens.',
)
export const channelIdIn = channelIdText.transform(text => channelId(fromHex(text)))
export const paymentHashText = hex(32, 'PaymentHash', 'SHA-256 of the payment preimage.')
export const paymentHashIn = paymentHashText.transform(text => paymentHash(fromHex(text)))

const publicKey = expected('a public key: 66 lowercase hexadecimal digits that begin with 02 or 03')
export const nodeIdText = z
  .string(publicKey)
  .regex(/^0[23][0-9a-f]{64}$/, publicKey)
  .meta({ id: 'NodeId', description: 'The public key of a node, compressed.' })
export const nodeIdIn = nodeIdText.transform(text => nodeId(fromHex(text)))

export const shortChannelIdText = z.string().meta({
  id: 'ShortChannelId',
  description: 'Block, transaction and output of a funding (BOLT 7), or an alias in that form.',
  example: '539268x845x1',
})

export const outPoint = z
  .object({ txid: txidText, vout: z.int().min(0) })
  .meta({ id: 'OutPoint', description: 'An output of a transaction.' })

/** A whole number within bounds, both included. */
export const whole = (what: string, { min, max }: { readonly min: number; readonly max: number }) => {
  const said = expected(`${what}, a whole number from ${min} to ${max}`)
  return z.int(said).min(min, said).max(max, said).meta({ description: what })
}

/** The same out of a query or a header, where every value is text. */
export const wholeText = (what: string, { min, max }: { readonly min: number; readonly max: number }) => {
  const said = expected(`${what}, a whole number from ${min} to ${max}`)
  return z
    .string(said)
    .regex(/^(?:0|[1-9][0-9]{0,15})$/, { ...said, abort: true })
    .refine(text => Number(text) >= min && Number(text) <= max, said)
    .transform(Number)
}

/** Text for people or other programs, bounded. */
export const text = (what: string, { min = 1, max }: { readonly min?: number; readonly max: number }) => {
  const said = expected(`${what}, a text of ${min} to ${max} characters`)
  return z.string(said).min(min, said).max(max, said).meta({ description: what })
}

export const flag = (what: string) => z.boolean(expected('true or false')).meta({ description: what })

export const choice = <const T extends readonly [string, ...string[]]>(what: string, options: T) =>
  z.enum(options, expected(`one of ${options.join(', ')}`)).meta({ description: what })

export const feerate = z
  .int()
  .min(0)
  .meta({ id: 'FeeratePerKw', description: 'Satoshis per 1000 weight units (BOLT 3).' })
export const feerateIn = whole('a feerate in satoshis per 1000 weight units', { min: 1, max: 0xffffffff }).transform(
  feeratePerKw,
)

export const time = z.int().min(0).meta({ id: 'Time', description: 'Milliseconds since 1970.' })
export const height = z.int().min(0).meta({ id: 'Height', description: 'The height of a block.' })
export const count = z.int().min(0).meta({ description: 'How many.' })

const host = expected('a host: a name or an IP address, without brackets, at most 255 characters')
export const netAddress = z
  .strictObject({
    host: z.string(host).regex(/^[A-Za-z0-9._:%-]{1,255}$/, host),
    port: whole('a port', { min: 1, max: 65_535 }),
  })
  .meta({ id: 'NetAddress', description: 'Where a node can be reached. The host has no brackets.' })

/** Keys that are not there instead of keys that are `undefined`: what the node's own types ask for. */
export function present<T extends object>(value: T): Present<T> {
  // Only keys go, and only those whose value is `undefined`: what is left is what the type says.
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Present<T>
}

export type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> }
