import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError, fromHex, nodeId, toHex } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, type NodeAddress, type NodeAnnouncement } from '../../src/wire/index.ts'
import { fill, hex, pointHex, pointOf } from './layouts.ts'

const announcing = (addresses: readonly NodeAddress[]): NodeAnnouncement => ({
  type: 'node_announcement',
  signature: fill(1, 64),
  features: new Uint8Array(0),
  timestamp: 2,
  nodeId: nodeId(pointOf(3)),
  rgbColor: fill(4, 3),
  alias: fill(5, 32),
  addresses,
  unknownFields: new Uint8Array(0),
})
const bytesWith = (addresses: string): Uint8Array => {
  const length = (addresses.length / 2).toString(16).padStart(4, '0')
  return fromHex(
    ['0101', hex(1, 64), '0000', '00000002', pointHex(3), hex(4, 3), hex(5, 32), length, addresses].join(''),
  )
}
const read = (addresses: string) => decodeMessage(bytesWith(addresses))

const LOCALHOST: NodeAddress = { type: 'ipv4', address: fromHex('7f000001'), port: 9735 }

describe('BOLT 7, address descriptors', () => {
  it.each<{ what: string; bytes: string; addresses: readonly NodeAddress[] }>([
    { what: 'none', bytes: '', addresses: [] },
    {
      what: 'one type twice, and not in ascending order',
      bytes: `05036162632607${'017f0000012607'.repeat(2)}`,
      addresses: [{ type: 'dns', address: fromHex('616263'), port: 9735 }, LOCALHOST, LOCALHOST],
    },
    {
      what: 'a hostname without a letter, and one that is not ASCII',
      bytes: '0500000105' + '02c3a92607',
      addresses: [
        { type: 'dns', address: new Uint8Array(0), port: 1 },
        { type: 'dns', address: fromHex('c3a9'), port: 9735 },
      ],
    },
    {
      what: 'a zero-typed one, which ends what can be read',
      bytes: '017f000001260700017f0000012607',
      addresses: [LOCALHOST, { type: 'unknown', descriptorType: 0, data: fromHex('017f0000012607') }],
    },
    {
      what: 'an unknown one without data',
      bytes: 'ff',
      addresses: [{ type: 'unknown', descriptorType: 255, data: new Uint8Array(0) }],
    },
  ])('may be $what', ({ bytes, addresses }) => {
    expect(read(bytes)).toEqual({ ok: true, value: announcing(addresses) })
    expect(encodeMessage(announcing(addresses))).toEqual(bytesWith(bytes))
  })

  it.each([
    { what: 'IPv4', bytes: '017f00000126' },
    { what: 'IPv6', bytes: `02${hex(1, 17)}` },
    { what: 'Tor v2', bytes: `03${hex(1, 11)}` },
    { what: 'Tor v3', bytes: `04${hex(1, 36)}` },
    { what: 'hostname', bytes: '050461626326' },
  ])('too short for $what is a failure', ({ bytes }) => {
    expect(read(bytes)).toMatchObject({ ok: false, error: { code: 'truncated' } })
    expect(read(`017f0000012607${bytes}`)).toMatchObject({ ok: false, error: { code: 'truncated' } })
  })

  it('end where their length says', () => {
    const decoded = decodeMessage(fromHex(`${toHex(bytesWith('017f0000012607'))}017f0000012607`))
    const value = { ...announcing([LOCALHOST]), unknownFields: fromHex('017f0000012607') }
    expect(decoded).toEqual({ ok: true, value })
  })

  it('of any bytes are written back as they were read', () => {
    const anyBytes = fc.uint8Array({ maxLength: 120 }).map(toHex)
    fc.assert(
      fc.property(anyBytes, bytes => {
        const decoded = read(bytes)
        if (!decoded.ok) expect(decoded.error.code).toBe('truncated')
        else expect(decoded.value.type !== 'unknown' && encodeMessage(decoded.value)).toEqual(bytesWith(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  it('as many as fit are read in one pass', () => {
    // The shortest descriptor, a hostname without a letter, as often as a message holds it.
    const decoded = read('05000001'.repeat(16_340))
    expect(decoded.ok && decoded.value.type === 'node_announcement' && decoded.value.addresses.length).toBe(16_340)
  })

  it('never have one that cannot be read back', () => {
    const unknown: NodeAddress = { type: 'unknown', descriptorType: 9, data: fromHex('00') }
    expect(() => encodeMessage(announcing([unknown, LOCALHOST]))).toThrow(BugError)
    expect(() => encodeMessage(announcing([{ ...unknown, descriptorType: 1 }]))).toThrow(BugError)
    expect(() => encodeMessage(announcing([{ ...LOCALHOST, address: fill(1, 5) }]))).toThrow(BugError)
    expect(() => encodeMessage(announcing([{ type: 'dns', address: fill(0x61, 256), port: 1 }]))).toThrow(BugError)
  })
})
