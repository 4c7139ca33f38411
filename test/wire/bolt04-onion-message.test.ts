import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, type OnionMessage } from '../../src/wire/index.ts'
import vectors from './bolt04-onion-message.vectors.json' with { type: 'json' }
import { describeLayouts, describeUnknownRecords, type Layouts, pointHex, pointOf } from './layouts.ts'

const LAYOUTS: Layouts<OnionMessage> = {
  onion_message: {
    message: { type: 'onion_message', pathKey: pointOf(1), onionMessagePacket: fromHex('00aabb') },
    bytes: ['0201', pointHex(1), '0003', '00aabb'],
  },
}

describe('BOLT 4, onion messages', () => {
  it('has a case for each of the four hops', () => expect(vectors.cases).toHaveLength(4))

  it.each(vectors.cases)('$name', ({ message, pathKey }) => {
    const decoded = decodeMessage(fromHex(message))
    const value: OnionMessage = {
      type: 'onion_message',
      pathKey: fromHex(pathKey),
      // 1300 bytes of payloads and the 66 bytes around them.
      onionMessagePacket: fromHex(message.slice(-2 * 1366)),
    }
    expect(decoded).toEqual({ ok: true, value })
    expect(toHex(encodeMessage(value))).toBe(message)
  })
})

describeLayouts('BOLT 4', LAYOUTS)
describeUnknownRecords('BOLT 4', LAYOUTS)
