import { type NetAddress, NetworkError } from '../ports/index.ts'
import { formatAddress } from './address.ts'

// What the system says about an address, in sentences that say what is wrong and what to do.

/** Why an address cannot be listened on. */
export function listenError(address: NetAddress, cause: unknown): NetworkError {
  const { host, port } = address
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new NetworkError(
        'address_in_use',
        `Port ${port} on ${host} is used by another program. Choose another one with --listen HOST:PORT, or stop it.`,
        { cause },
      )
    case 'EACCES':
      return new NetworkError(
        'address_not_usable',
        `This program may not listen on port ${port} of ${host}. Choose a port from 1024 on with --listen HOST:PORT.`,
        { cause },
      )
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new NetworkError(
        'address_not_usable',
        `${host} is no address of this machine. Choose one with --listen HOST:PORT: 127.0.0.1 for this machine alone, 0.0.0.0 for all.`,
        { cause },
      )
    case 'ERR_SOCKET_BAD_PORT':
      return badPort(port, cause)
    default:
      return new NetworkError(
        'address_not_usable',
        `${formatAddress(address)} cannot be listened on: ${messageOf(cause)}. Choose another address with --listen HOST:PORT.`,
        { cause },
      )
  }
}

/** Why an address cannot be reached. */
export function dialError(to: NetAddress, cause: unknown): NetworkError {
  const where = formatAddress(to)
  switch (codeOf(cause)) {
    case 'ECONNREFUSED':
      return new NetworkError(
        'unreachable',
        `Nothing listens on ${where}. Check that the other node runs, and the address.`,
        { cause },
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new NetworkError('unreachable', `No address was found for "${to.host}". Check its spelling and the DNS.`, {
        cause,
      })
    case 'ETIMEDOUT':
      return dialTimeout(to, cause)
    case 'ERR_SOCKET_BAD_PORT':
      return badPort(to.port, cause)
    default:
      return new NetworkError(
        'unreachable',
        `${where} cannot be reached: ${messageOf(cause)}. Check the address and the network of this machine.`,
        { cause },
      )
  }
}

export function dialTimeout(to: NetAddress, cause?: unknown): NetworkError {
  const message = `${formatAddress(to)} did not answer in time. Check the address, and whether a firewall is in the way.`
  return new NetworkError('timeout', message, { cause })
}

function badPort(port: number, cause: unknown): NetworkError {
  return new NetworkError('address_not_usable', `${port} is no port: a port is a number from 0 to 65535.`, { cause })
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
