import type { NetAddress } from '../ports/index.ts'

/** `host:port`, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: NetAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const MAPPED_PREFIX = '::ffff:'

/** An IP address as people write it: an IPv4 address that a socket for both kinds shows as IPv6 is one of IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith(MAPPED_PREFIX) && address.includes('.') ? address.slice(MAPPED_PREFIX.length) : address
}

/**
 * Who counts as one stranger: an IPv4 address, or the network of an IPv6 address, its first 64 bits. One machine has all the
 * addresses of such a network.
 */
export function sourceOf(address: string): string {
  const plain = plainAddress(address)
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  // What `::` stands for is zeros, as many as are missing to eight groups.
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  while (groups.length + after.length < 8) groups.push('0')
  return `${[...groups, ...after].slice(0, 4).join(':')}::/64`
}
