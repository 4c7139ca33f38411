import { describe, expect, it } from 'vitest'
import { blockHashFromWire, channelId, fromHex, toHex, txidFromWire } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/wire/index.ts'

// Messages written out by hand, field by field in the order of their tables, every field with a value of its own: what a
// property cannot see (two fields changed places) shows here.

export const fill = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte)
export const hex = (byte: number, length: number): string => toHex(fill(byte, length))
export const pointOf = (byte: number): Uint8Array => Uint8Array.of(2, ...fill(byte, 32))
export const pointHex = (byte: number): string => `02${hex(byte, 32)}`
export const id = channelId(fill(0xc1, 32))
export const idHex = hex(0xc1, 32)
export const txidHex = `ab${'00'.repeat(30)}cd`
export const txid = txidFromWire(fromHex(txidHex))
export const genesisHex = '06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f'
export const chainHash = blockHashFromWire(fromHex(genesisHex))

export const keys = {
  fundingPubkey: pointOf(1),
  revocationBasepoint: pointOf(2),
  paymentBasepoint: pointOf(3),
  delayedPaymentBasepoint: pointOf(4),
  htlcBasepoint: pointOf(5),
  firstPerCommitmentPoint: pointOf(6),
}
export const keysHex = [1, 2, 3, 4, 5, 6].map(pointHex)

/** Each message of a union with its bytes, every record there. */
export type Layouts<M extends Message> = {
  readonly [K in M['type']]: { message: Extract<M, { type: K }>; bytes: readonly string[] }
}
type Layout = { readonly message: Message; readonly bytes: readonly string[] }

const rows = (layouts: Readonly<Record<string, Layout>>) =>
  Object.entries(layouts).map(([type, { message, bytes }]) => ({ type, message, bytes: bytes.join('') }))

/** The layout is what is written and what is read, and a part of it is never taken for the whole. */
export function describeLayouts(document: string, layouts: Readonly<Record<string, Layout>>): void {
  describe(`${document}: the layout of each message`, () => {
    it.each(rows(layouts))('$type is written as its table says', ({ message, bytes }) => {
      expect(toHex(encodeMessage(message))).toBe(bytes)
    })

    it.each(rows(layouts))('$type is read as its table says', ({ message, bytes }) => {
      expect(decodeMessage(fromHex(bytes))).toEqual({ ok: true, value: message })
    })

    it.each(rows(layouts))(
      '$type cut at any byte is a failure, or the message without its last records',
      ({ message, bytes }) => {
        const whole = fromHex(bytes)
        for (let length = 0; length < whole.length; length++) {
          const cut = whole.slice(0, length)
          const decoded = decodeMessage(cut)
          if (!decoded.ok) {
            expect(decoded.error.code).toBe('truncated')
            continue
          }
          expect(decoded.value.type).toBe(message.type)
          if (decoded.value.type !== 'unknown') expect(encodeMessage(decoded.value)).toEqual(cut)
          expect(Object.keys(decoded.value).length).toBeLessThan(Object.keys(message).length)
        }
      },
    )
  })
}

/** The rule for the records behind a message, where no signature covers them (BOLT 1, type-length-value format). */
export function describeUnknownRecords(document: string, layouts: Readonly<Record<string, Layout>>): void {
  describe(`${document}: records that we do not know`, () => {
    it.each(rows(layouts))('$type may carry unknown odd ones, and no even one', ({ message, bytes }) => {
      expect(decodeMessage(fromHex(`${bytes}c9012a`))).toEqual({ ok: true, value: message })
      expect(decodeMessage(fromHex(`${bytes}ca012a`))).toMatchObject({
        ok: false,
        error: { code: 'unknown_even_type' },
      })
    })
  })
}
