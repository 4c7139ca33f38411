import { base32nopad } from '@scure/base'
import { BookendError, fromHex, utf8Encode } from '../base/index.ts'
import type { EngineContext } from '../engine/index.ts'
import type { NetAddress } from '../ports/index.ts'
import type { NodeAddress } from '../wire/index.ts'
import type { AnnouncedNode } from './options.ts'

// What we say of ourselves in `node_announcement` (BOLT 7): read here once, so that nothing is ever signed that others would not take.

const MOST_ALIAS_BYTES = 32
const MOST_HOSTNAME_BYTES = 255
/** Of 35 bytes. */
const ONION_V3_DIGITS = 56
const ONION_V3 = /^([a-z2-7]{56})\.onion$/i
/** In ascending order of their descriptor types, as others may ask (BOLT 7, node_announcement, sender). */
const ORDER: readonly NodeAddress['type'][] = ['ipv4', 'ipv6', 'tor_v2', 'tor_v3', 'dns', 'unknown']

/** Throws a `BookendError` (`bad_request`) for a name that is too long, a color that is none, and addresses that nobody could dial. */
export function announcedNode({ alias, color, addresses = [] }: AnnouncedNode): NonNullable<EngineContext['self']> {
  const told = addresses.map(addressOf)
  if (told.filter(({ type }) => type === 'dns').length > 1)
    throw bad('A node announces one hostname at most.', 'Leave the others out.')
  return {
    ...(alias !== undefined && { alias: aliasOf(alias) }),
    ...(color !== undefined && { rgbColor: colorOf(color) }),
    ...(told.length > 0 && { addresses: told.sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type)) }),
  }
}

function aliasOf(alias: string): string {
  const { length } = utf8Encode(alias)
  if (length > 0 && length <= MOST_ALIAS_BYTES) return alias
  throw bad(`An alias has 1 to ${MOST_ALIAS_BYTES} bytes of UTF-8, got ${length}.`, 'Take a shorter name.')
}

function colorOf(color: string): Uint8Array {
  const [, digits] = /^#?([0-9a-f]{6})$/i.exec(color) ?? []
  if (digits !== undefined) return fromHex(digits.toLowerCase())
  throw bad(`Expected a color such as #1e90ff, got '${color.slice(0, 40)}'.`, 'Name red, green and blue in hex digits.')
}

function addressOf({ host, port }: NetAddress): NodeAddress {
  if (!Number.isInteger(port) || port < 1 || port > 0xffff)
    throw bad(`Others cannot dial port ${port}.`, 'Name one from 1 to 65535.')
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(host)) {
    const numbers = host.split('.').map(Number)
    if (numbers.every(number => number <= 255)) return { type: 'ipv4', address: Uint8Array.from(numbers), port }
  } else if (host.includes(':')) {
    const address = ipv6Of(host)
    if (address !== undefined) return { type: 'ipv6', address, port }
  } else if (ONION_V3.test(host)) {
    return { type: 'tor_v3', address: base32nopad.decode(host.slice(0, ONION_V3_DIGITS).toUpperCase()), port }
  } else if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host) && host.length <= MOST_HOSTNAME_BYTES) {
    if (!/\.onion$/i.test(host)) return { type: 'dns', address: utf8Encode(host), port }
  }
  throw bad(
    `Nobody could dial '${host.slice(0, 80)}'.`,
    'Name an IP address, a hostname or an onion service of version 3.',
  )
}

/** As a browser reads it: with zeros left out, or an IPv4 address at its end. */
function ipv6Of(host: string): Uint8Array | undefined {
  if (!URL.canParse(`http://[${host}]`)) return undefined
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::')
  const groupsOf = (text: string): readonly number[] =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')]
  const zeros = Array<number>(8 - first.length - last.length).fill(0)
  return Uint8Array.from([...first, ...zeros, ...last].flatMap(group => [group >>> 8, group & 0xff]))
}

function bad(message: string, advice: string): BookendError {
  return new BookendError('bad_request', message, { advice })
}
