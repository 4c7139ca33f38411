import { isIP } from 'node:net'

/**
 * Whether a request came under a name of ours. A page of a stranger that lets its own name resolve to 127.0.0.1 (DNS rebinding)
 * comes under that name. Where we listen on all interfaces, every address is ours: an address cannot be rebound, a name can.
 */
export function isOwnHost(header: string | undefined, listenHost: string): boolean {
  const name = header === undefined ? undefined : nameOf(header)
  if (name === undefined) return false
  const listens = listenHost.toLowerCase()
  if (name === listens || name === 'localhost') return true
  const kind = isIP(name)
  if (kind === 0) return false
  return isLoopback(name) || WILDCARDS.has(listens)
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const isLoopback = (address: string): boolean => address === '::1' || /^127\./.test(address)

/** The header without its port and brackets. */
function nameOf(header: string): string | undefined {
  const [, bracketed, plain] =
    /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,255}))(?::[0-9]{1,5})?$/.exec(header) ?? []
  return (bracketed ?? plain)?.toLowerCase()
}
