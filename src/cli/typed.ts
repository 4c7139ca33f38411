import { BookendError, fromHex, MAX_MONEY_MSAT, MAX_MONEY_SAT, type NodeId, nodeId as nodeIdOf } from '../base/index.ts'
import type { NetAddress } from '../ports/index.ts'
import { usage } from './problems.ts'

// What was typed, as values. What makes no sense is a `BookendError` (`bad_request`) that says what is expected.

/** An amount as the API takes it: decimal digits. */
export function satTyped(typed: string, what: string): string {
  return amountTyped(typed, { what, unit: 'satoshis', max: MAX_MONEY_SAT })
}

export function msatTyped(typed: string, what: string): string {
  return amountTyped(typed, { what, unit: 'millisatoshis', max: MAX_MONEY_MSAT })
}

/** The same where nothing at all makes sense too. */
export function msatOrZeroTyped(typed: string, what: string): string {
  return /^0+$/.test(typed) ? '0' : msatTyped(typed, what)
}

interface Amount {
  readonly what: string
  readonly unit: string
  readonly max: bigint
}

function amountTyped(typed: string, { what, unit, max }: Amount): string {
  const digits = /^\d{1,3}(?:_\d{3})+$/.test(typed) ? typed.replaceAll('_', '') : typed
  const isAmount = /^\d{1,19}$/.test(digits) && BigInt(digits) >= 1n && BigInt(digits) <= max
  if (isAmount) return BigInt(digits).toString()
  throw usage(
    `${what} is '${typed}', which is no amount in ${unit}.`,
    `Give a whole number from 1 to ${max}, such as 100000 or 100_000.`,
    { expected: `1 to ${max}`, got: typed },
  )
}

export function wholeTyped(typed: string, what: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d{1,16}$/.test(typed) ? Number(typed) : Number.NaN
  if (value >= min && value <= max) return value
  throw usage(`${what} is '${typed}'.`, `Give a whole number from ${min} to ${max}.`, {
    expected: `${min} to ${max}`,
    got: typed,
  })
}

/** 1 sat per virtual byte is 250 per 1000 weight units (BIP 141: a virtual byte is 4 weight units). */
const PER_KW_OF_SAT_PER_VB = 250
const MAX_SAT_PER_VB = 10_000

/** Satoshis per virtual byte as people say them, in satoshis per 1000 weight units, rounded up. */
export function feerateTyped(typed: string): number {
  const value = /^\d{1,5}(?:\.\d{1,3})?$/.test(typed) ? Number(typed) : Number.NaN
  const perKw = Math.ceil(value * PER_KW_OF_SAT_PER_VB)
  if (perKw >= PER_KW_OF_SAT_PER_VB && value <= MAX_SAT_PER_VB) return perKw
  throw usage(
    `--feerate is '${typed}'.`,
    `Give satoshis per virtual byte, from 1 to ${MAX_SAT_PER_VB}, such as 2 or 1.5.`,
    { expected: `1 to ${MAX_SAT_PER_VB}`, got: typed },
  )
}

export function nodeIdTyped(typed: string): string {
  const id = typed.toLowerCase()
  if (/^0[23][0-9a-f]{64}$/.test(id)) return id
  throw usage(
    `'${typed}' is no node id.`,
    'Give the 66 hexadecimal digits that begin with 02 or 03; `bookend info` shows those of a node.',
    { got: typed },
  )
}

export function hashTyped(typed: string): string {
  const hash = typed.toLowerCase()
  if (/^[0-9a-f]{64}$/.test(hash)) return hash
  throw usage(`'${typed}' is no payment hash.`, 'Give its 64 hexadecimal digits; `bookend payments --json` has them.', {
    got: typed,
  })
}

/** As wallets hand invoices on: `lightning:lnbc…`, with a space or a line break around it. */
export const invoiceTyped = (typed: string): string => typed.trim().replace(/^lightning:/i, '')

/** BOLT 1: where a node listens unless it says otherwise. */
export const LIGHTNING_PORT = 9735

/** `NODEID@HOST:PORT`, `NODEID@HOST`, or `NODEID` alone for a peer that is known. */
export function peerTyped(typed: string, fallback = LIGHTNING_PORT): { nodeId: string; address?: NetAddress } {
  const [id = '', where, ...more] = typed.split('@')
  if (more.length > 0)
    throw usage(`'${typed}' names no peer.`, 'Give NODEID@HOST:PORT, or NODEID alone for a peer that is known.')
  const nodeId = nodeIdTyped(id)
  return where === undefined ? { nodeId } : { nodeId, address: addressTyped(where, 'The address', fallback) }
}

/** Where a tower listens unless it says otherwise. */
export const WATCHTOWER_PORT = 9911

/** Some of them, with commas between them, each with where it is. */
export function peersTyped(
  typed: string,
  fallback: number,
): readonly { readonly nodeId: NodeId; readonly address: NetAddress }[] {
  return typed.split(',').map(one => {
    const { nodeId, address } = peerTyped(one.trim(), fallback)
    if (address === undefined) throw usage(`Nobody knows where ${nodeId} is.`, 'Give NODEID@HOST:PORT.')
    return { nodeId: nodeIdOf(fromHex(nodeId)), address }
  })
}

/** `HOST:PORT`, with brackets around an IPv6 host. The port may be left out where there is one to fall back on. */
export function addressTyped(typed: string, what: string, fallback?: number, lowest: 0 | 1 = 1): NetAddress {
  const [, bracketed, plain, port = fallback] =
    /^(?:\[([0-9a-f:.%]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?$/i.exec(typed) ?? []
  const host = bracketed ?? plain
  const number = Number(port)
  if (host !== undefined && port !== undefined && number >= lowest && number <= 65_535) return { host, port: number }
  throw usage(
    `${what} is '${typed}', which is no HOST:PORT.`,
    `Give a name or an address and a port from ${lowest} to 65535, such as 127.0.0.1:9735 or [::1]:9735.`,
    { expected: 'HOST:PORT', got: typed },
  )
}

const SHORTEST_PREFIX = 6

/** The one id that begins with what was typed: 6 digits are enough where no other begins with them. */
export function byPrefix(typed: string, ids: readonly string[], kind: 'channel' | 'peer'): string {
  const prefix = typed.toLowerCase()
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < SHORTEST_PREFIX)
    throw usage(
      `'${typed}' is no id of a ${kind}.`,
      `Give the id, or at least the first ${SHORTEST_PREFIX} of its hexadecimal digits; \`bookend ${kind}s\` lists them.`,
      { got: typed },
    )
  const found = ids.filter(id => id.startsWith(prefix))
  const [first, second] = found
  if (first !== undefined && second === undefined) return first
  if (first === undefined) throw noSuch(typed, kind)
  throw usage(`${found.length} ${kind}s begin with '${typed}'.`, `Give more digits of one of ${found.join(', ')}.`, {
    got: typed,
  })
}

const noSuch = (typed: string, kind: 'channel' | 'peer'): BookendError =>
  new BookendError('not_found', `There is no ${kind} that begins with '${typed}'.`, {
    advice: `\`bookend ${kind}s${kind === 'channel' ? ' --closed' : ''}\` lists them.`,
    facts: { got: typed },
  })
