import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/wire/index.ts'
import { arbitraryMessage, messageArbitraries, u16 } from './arbitraries.ts'

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
  it('decode or fail, under the type of each message', () => {
    const types = fc.constantFrom(...[1, 16, 17, 18, 19, 32, 33, 34, 35, 36, 38, 39, 40, 41], ...range(127, 137))
    const packets = fc
      .tuple(types, fc.uint8Array({ maxLength: 400 }))
      .map(([type, body]) => concat(Uint8Array.of(0, type), body))
    fc.assert(fc.property(packets, isJudged), { numRuns: 5000 })
  })

  it('decode or fail, under any type', () => {
    const packets = fc
      .tuple(u16, fc.uint8Array({ maxLength: 40 }))
      .map(([type, body]) => concat(Uint8Array.of(type >> 8, type & 0xff), body))
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
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}
