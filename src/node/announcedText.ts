import { base32nopad } from '@scure/base'
import { byteAt } from '../base/index.ts'
import type { NodeAddress } from '../wire/index.ts'

// What strangers say of themselves, as text that is safe to print.

/** An alias is any 32 bytes: what is no text is shown as such, and what would move a cursor is not shown. */
export function aliasText(alias: Uint8Array): string {
  const end = alias.indexOf(0)
  const bytes = end < 0 ? alias : alias.subarray(0, end)
  return new TextDecoder().decode(bytes).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}

/** `host:port`; none for a kind that nobody can dial any more, or that we do not know. */
export function addressText(address: NodeAddress): string | undefined {
  switch (address.type) {
    case 'ipv4':
      return `${[...address.address].join('.')}:${address.port}`
    case 'ipv6':
      return `[${ipv6Text(address.address)}]:${address.port}`
    case 'tor_v3':
      return `${base32nopad.encode(address.address).toLowerCase()}.onion:${address.port}`
    case 'dns':
      return `${aliasText(address.address)}:${address.port}`
    default:
      return undefined
  }
}

function ipv6Text(bytes: Uint8Array): string {
  const groups: string[] = []
  for (let at = 0; at < bytes.length; at += 2)
    groups.push((byteAt(bytes, at) * 256 + byteAt(bytes, at + 1)).toString(16))
  // As people write them: the longest row of zeros is left out.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
