import { assert, type Codec, fixedBytes, lengthPrefixed, remainder, struct, u8, u16 } from '../../base/index.ts'

/**
 * Where a node can be reached (BOLT 7, the address descriptors of `node_announcement`). Others wrote it: a port may be 0,
 * a hostname may be any bytes.
 */
export type NodeAddress =
  | { readonly type: 'ipv4'; readonly address: Uint8Array; readonly port: number }
  | { readonly type: 'ipv6'; readonly address: Uint8Array; readonly port: number }
  /** Deprecated, and to be ignored. */
  | { readonly type: 'tor_v2'; readonly address: Uint8Array; readonly port: number }
  | { readonly type: 'tor_v3'; readonly address: Uint8Array; readonly port: number }
  | { readonly type: 'dns'; readonly address: Uint8Array; readonly port: number }
  /** The first descriptor of an unknown type. Its length is unknown too, so `data` is all that follows, to the end. */
  | { readonly type: 'unknown'; readonly descriptorType: number; readonly data: Uint8Array }

type KnownType = Exclude<NodeAddress['type'], 'unknown'>
type AddressFields = { readonly address: Uint8Array; readonly port: number }

const DESCRIPTORS: { readonly [K in KnownType]: readonly [descriptorType: number, codec: Codec<AddressFields>] } = {
  ipv4: [1, struct({ address: fixedBytes(4), port: u16 })],
  ipv6: [2, struct({ address: fixedBytes(16), port: u16 })],
  tor_v2: [3, struct({ address: fixedBytes(10), port: u16 })],
  tor_v3: [4, struct({ address: fixedBytes(35), port: u16 })],
  dns: [5, struct({ address: lengthPrefixed(u8), port: u16 })],
}

const byDescriptorType = new Map(
  // The keys are those of the table.
  (Object.keys(DESCRIPTORS) as KnownType[]).map(type => [DESCRIPTORS[type][0], type]),
)

/** All the descriptors, to the end of the bytes. What was read is written back byte for byte, since it is signed. */
export const nodeAddresses: Codec<readonly NodeAddress[]> = {
  write(writer, addresses) {
    for (const [at, address] of addresses.entries()) {
      if (address.type === 'unknown') {
        const { descriptorType, data } = address
        assert(at === addresses.length - 1, 'an address descriptor of unknown type reaches to the end')
        assert(!byDescriptorType.has(descriptorType), () => `address descriptor type ${descriptorType} is known`)
        u8.write(writer, descriptorType)
        remainder.write(writer, data)
      } else {
        const [descriptorType, codec] = DESCRIPTORS[address.type]
        u8.write(writer, descriptorType)
        codec.write(writer, address)
      }
    }
  },
  read(reader) {
    const addresses: NodeAddress[] = []
    while (reader.remaining > 0) {
      const descriptorType = reader.u8()
      const type = byDescriptorType.get(descriptorType)
      if (type === undefined) addresses.push({ type: 'unknown', descriptorType, data: remainder.read(reader) })
      else addresses.push({ type, ...DESCRIPTORS[type][1].read(reader) })
    }
    return addresses
  },
}
