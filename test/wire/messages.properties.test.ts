import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, MAX_MESSAGE_LENGTH, type Message } from '../../src/wire/index.ts'
import { arbitraryMessage, messageArbitraries } from './arbitraries.ts'
import { u16 } from './arbitraryFields.ts'

describe('any message', () => {
  // The table as a list loses which arbitrary belongs to which type, which no property here asks.
  const entries = Object.entries(messageArbitraries) as [string, fc.Arbitrary<Message>][]

  it.each(entries)('%s: decode(encode(x)) = x', (_, messages) => {
    fc.assert(
      fc.property(messages, message => {
        expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, value: message })
      }),
    )
  })
})

describe('any bytes', () => {
  // BOLT 1, 2, 4 and 7: every type that is known.
  const known = [
    ...[1, 2, 7, 9, 16, 17, 18, 19, 32, 33, 34, 35, 36, 38, 39, 40, 41, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74],
    ...[77, 80, 81, 127, 128, 130, 131, 132, 133, 134, 135, 136, 256, 257, 258, 259, 261, 262, 263, 264, 265, 513],
  ]
  const knownType = fc.constantFrom(...known)

  it('are of a known type exactly where one is named here', () => {
    const isKnown = (type: number): boolean => {
      const decoded = decodeMessage(packetOf([type, new Uint8Array(0)]))
      return decoded.ok ? decoded.value.type !== 'unknown' : decoded.error.code !== 'unknown_even_type'
    }
    expect(Array.from({ length: 0x10000 }, (_, type) => type).filter(isKnown)).toEqual(known)
    expect(Object.keys(messageArbitraries)).toHaveLength(known.length)
  })

  it('decode or fail, in a message as long as one may be', () => {
    // One byte over and over is the worst that a count or a length can meet.
    for (const type of known) {
      for (const byte of [0, 1, 2, 3, 5, 0x7f, 0xfd, 0xff]) {
        isJudged(packetOf([type, new Uint8Array(MAX_MESSAGE_LENGTH - 2).fill(byte)]))
      }
    }
  })

  it('decode or fail, under the type of each message', () => {
    const packets = fc.tuple(knownType, fc.uint8Array({ maxLength: 600 })).map(packetOf)
    fc.assert(fc.property(packets, isJudged), { numRuns: 5000 })
  })

  it('decode or fail, under any type', () => {
    const packets = fc.tuple(u16, fc.uint8Array({ maxLength: 40 })).map(packetOf)
    fc.assert(fc.property(packets, isJudged), { numRuns: 2000 })
  })

  it('decode or fail, for a message with bytes changed, cut out and put in', () => {
    const edits = fc.array(fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) }), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(arbitraryMessage, edits, (message, changes) => {
        let packet = encodeMessage(message)
        for (const { at, remove, insert } of changes) {
          const start = at % (packet.length + 1)
          packet = concat(packet.slice(0, start), insert, packet.slice(start + remove))
        }
        isJudged(packet)
      }),
      { numRuns: 5000 },
    )
  })

  it('decode or fail, for a message cut anywhere', () => {
    fc.assert(
      fc.property(arbitraryMessage, fc.nat(), (message, at) => {
        const packet = encodeMessage(message)
        const cut = packet.slice(0, at % packet.length)
        const decoded = decodeMessage(cut)
        if (decoded.ok && decoded.value.type !== 'unknown') expect(encodeMessage(decoded.value)).toEqual(cut)
        else expect(decoded).toMatchObject({ ok: false, error: { code: 'truncated' } })
      }),
      { numRuns: 2000 },
    )
  })
})

/** Messages whose signatures cover all that follows them (BOLT 7). */
const SIGNED = ['channel_announcement', 'node_announcement', 'channel_update'] as const
const isSigned = (message: Message): boolean => (SIGNED as readonly string[]).includes(message.type)

describe('any gossip message that is signed as a whole', () => {
  it.each(SIGNED)('%s is written back byte for byte, whatever follows its fields', type => {
    const anyMessage: fc.Arbitrary<Message> = messageArbitraries[type]
    fc.assert(
      fc.property(anyMessage, fc.uint8Array({ maxLength: 50 }), (message, tail) => {
        const packet = concat(encodeMessage(message), tail)
        const decoded = decodeMessage(packet)
        expect(decoded.ok && decoded.value.type === type && encodeMessage(decoded.value)).toEqual(packet)
      }),
    )
  })
})

/** Bytes give a failure with a sentence, or a value that we would write no longer and read back the same. */
function isJudged(packet: Uint8Array): void {
  const decoded = decodeMessage(packet)
  if (!decoded.ok) {
    expect(decoded.error.message.length).toBeGreaterThan(10)
    return
  }
  if (decoded.value.type === 'unknown') return
  const written = encodeMessage(decoded.value)
  expect(written.length).toBeLessThanOrEqual(packet.length)
  expect(decodeMessage(written)).toEqual(decoded)
  if (isSigned(decoded.value)) expect(written).toEqual(packet)
}

function packetOf([type, body]: readonly [number, Uint8Array]): Uint8Array {
  return concat(Uint8Array.of(type >> 8, type & 0xff), body)
}
