import { badAddress } from '../checked/errors.ts'
import { quoted } from '../words.ts'

/** Where a server is, and how it shows that it is the one. */
export interface ElectrumAddress {
  readonly host: string
  readonly port: number
  /** `host:port`, for people. */
  readonly where: string
  readonly secure: boolean
  /** The SHA-256 of its certificate, which then needs nobody's signature: 64 lowercase hexadecimal digits. */
  readonly pinned?: string
}

/** Where Electrum servers listen, unless they are told otherwise. */
const PORTS = { tls: 50002, tcp: 50001 } as const

/** `host:port`, `tls://host:port` or `tcp://host:port`; behind `#` the SHA-256 of a certificate to pin, with or without colons. */
export function readAddress(text: string): ElectrumAddress {
  const [, scheme = 'tls', place = '', fragment] = /^(?:([a-z]+):\/\/)?([^/#?@]+)(?:#(.*))?$/i.exec(text) ?? []
  const url = URL.parse(`http://${place}`)
  if ((scheme !== 'tls' && scheme !== 'tcp') || url === null || place === '') throw noAddress(text)
  // A URL of HTTP does not show port 80, so it is looked at in the text.
  const port = Number(/:(\d+)$/.exec(place)?.[1] ?? PORTS[scheme])
  if (port === 0 || port > 65_535) throw noAddress(text)
  const where = `${url.hostname}:${port}`
  // Brackets set an IPv6 address off from the port, and are no part of it.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (fragment === undefined) return { host, port, where, secure: scheme === 'tls' }
  const pinned = fragment.replaceAll(':', '').toLowerCase()
  if (scheme !== 'tls' || !/^[0-9a-f]{64}$/.test(pinned)) throw noAddress(text)
  return { host, port, where, secure: true, pinned }
}

/** A password before an @ is not repeated. */
const noAddress = (text: string) =>
  badAddress(
    'Electrum',
    quoted(text.replace(/^.*@/, '')),
    'tls://host:port or tcp://host:port, with #SHA256 behind it to pin the certificate',
  )
