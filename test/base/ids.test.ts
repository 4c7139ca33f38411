import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  assert,
  BugError,
  blockHashFromWire,
  blockHashToWire,
  channelId,
  channelIdFromOutPoint,
  defined,
  fromHex,
  nodeId,
  outPointKey,
  paymentHash,
  toHex,
  txidFromWire,
  txidToWire,
  unreachable,
} from '../../src/base/index.ts'

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const wire = fromHex(`01${'00'.repeat(30)}ff`)
const printed = `ff${'00'.repeat(30)}01`

describe('identifiers', () => {
  it('print transactions and blocks the other way round than the wire', () => {
    expect(txidFromWire(wire)).toBe(printed)
    expect(blockHashFromWire(wire)).toBe(printed)
    fc.assert(
      fc.property(bytes32, bytes => {
        expect(txidToWire(txidFromWire(bytes))).toEqual(bytes)
        expect(blockHashToWire(blockHashFromWire(bytes))).toEqual(bytes)
      }),
    )
  })

  it('print the rest as they are', () => {
    expect(channelId(wire)).toBe(toHex(wire))
    expect(paymentHash(wire)).toBe(toHex(wire))
    expect(nodeId(fromHex(`02${toHex(wire)}`))).toBe(`02${toHex(wire)}`)
  })

  it('have one length', () => {
    for (const id of [channelId, paymentHash, nodeId, txidFromWire, blockHashFromWire]) {
      expect(() => id(new Uint8Array(31))).toThrow(BugError)
      expect(() => id(new Uint8Array(34))).toThrow(BugError)
    }
  })

  it('name an outpoint', () => expect(outPointKey({ txid: txidFromWire(wire), vout: 3 })).toBe(`${printed}:3`))
})

describe('BOLT 2, definition of channel_id', () => {
  it.each([
    { vout: 0, end: '00ff' },
    { vout: 1, end: '00fe' },
    { vout: 0x0100, end: '01ff' },
    { vout: 0xffff, end: 'ff00' },
  ])('output $vout alters the last two bytes to $end', ({ vout, end }) => {
    const id = channelIdFromOutPoint({ txid: txidFromWire(wire), vout })
    expect(id).toBe(`01${'00'.repeat(29)}${end}`)
  })
})

describe('assertions', () => {
  it('stop for what is wrong with us, and say so', () => {
    expect(() => assert(false, 'the sky fell')).toThrow('This is a bug in Bookend: the sky fell')
    expect(() => assert(true, 'fine')).not.toThrow()
    expect(defined(0, 'there')).toBe(0)
    expect(() => defined(undefined, 'missing')).toThrow(BugError)
    expect(() => unreachable('surprise' as never)).toThrow('unexpected value "surprise"')
  })
})
