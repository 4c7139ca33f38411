import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { networkReason } from '../words.ts'
import type { ElectrumAddress } from './address.ts'

/** What is heard of a connection. `onEnd` once, and nothing after it. */
export interface SocketEvents {
  /** What was asked for may be sent: the other side is the one that was meant. */
  readonly onOpen: () => void
  readonly onBytes: (bytes: Uint8Array) => void
  readonly onEnd: (reason: string) => void
}

/** Opens a connection, and looks at the certificate before a byte is sent. */
export function openSocket(address: ElectrumAddress, { onOpen, onBytes, onEnd }: SocketEvents): Socket {
  const { host, port, secure } = address
  let hasEnded = false
  const end = (reason: string) => {
    if (hasEnded) return
    hasEnded = true
    socket.destroy()
    onEnd(reason)
  }
  const socket = secure ? openTls(address, onOpen, end) : connect({ host, port }, onOpen)
  socket.on('data', (bytes: Uint8Array) => {
    if (!hasEnded) onBytes(bytes)
  })
  socket.on('error', error => end(networkReason(error)))
  socket.on('close', () => end('connection cut'))
  return socket
}

/** A pinned certificate needs nobody's signature and no name: it is known itself. */
function openTls(
  { host, port, pinned }: ElectrumAddress,
  onOpen: () => void,
  end: (reason: string) => void,
): TLSSocket {
  const socket = connectTls({ host, port, servername: nameOf(host), rejectUnauthorized: pinned === undefined }, () => {
    const found = socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase()
    if (pinned !== undefined && pinned !== found) return end(`its certificate is not the pinned one but ${found}`)
    return onOpen()
  })
  return socket
}

/** Addresses have no place in the name that a TLS client asks for (RFC 6066, section 3). */
const nameOf = (host: string): string => (/^[\d.]+$|:/.test(host) ? '' : host)
