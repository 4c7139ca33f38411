import { describe, expect, it } from 'vitest'
import { BugError, channelId, concat, fromHex, toHex } from '../../src/base/index.ts'
import {
  decodeMessage,
  encodeMessage,
  isChannelMessage,
  MAX_MESSAGE_LENGTH,
  type Message,
} from '../../src/wire/index.ts'
import vectors from './bolt01-init-extension.vectors.json' with { type: 'json' }

const CODES: Readonly<Record<string, string>> = {
  lengthMissing: 'truncated',
  unknownEvenType: 'unknown_even_type',
  duplicateType: 'not_increasing',
}
const none = new Uint8Array(0)

describe('BOLT 1 appendix C: message extension', () => {
  it('has all the cases of the document', () => expect(vectors.cases).toHaveLength(5))

  it.each(vectors.cases)('$name', ({ message, valid, error }) => {
    const decoded = decodeMessage(fromHex(message))
    if (valid) expect(decoded).toEqual({ ok: true, value: { type: 'init', globalfeatures: none, features: none } })
    else expect(decoded).toMatchObject({ ok: false, error: { code: CODES[error ?? ''] } })
  })
})

describe('BOLT 1, Lightning message format', () => {
  it('ignores an unknown odd type', () => {
    expect(decodeMessage(fromHex('ffff0102'))).toEqual({
      ok: true,
      value: { type: 'unknown', messageType: 65535, payload: Uint8Array.of(1, 2) },
    })
  })

  it('fails on an unknown even type', () => {
    const decoded = decodeMessage(fromHex('fffe0102'))
    expect(decoded).toMatchObject({ ok: false, error: { code: 'unknown_even_type' } })
    expect(!decoded.ok && decoded.error.message).toContain('65534')
  })

  it('fails on a gossip message of an even type that is none', () => {
    expect(decodeMessage(fromHex('010a00'))).toMatchObject({ ok: false, error: { code: 'unknown_even_type' } })
  })

  it.each(['', '00'])('fails without a whole type: "%s"', bytes => {
    expect(decodeMessage(fromHex(bytes))).toMatchObject({ ok: false, error: { code: 'truncated' } })
  })

  it('says which message and which field failed', () => {
    expect(decodeMessage(fromHex('001200'))).toEqual({
      ok: false,
      error: { code: 'truncated', message: 'ping: numPongBytes: expected 2 more bytes, got 1' },
    })
  })

  it('reads a message of 65535 bytes and no larger one', () => {
    const largest = concat(fromHex('ffff'), new Uint8Array(MAX_MESSAGE_LENGTH - 2))
    expect(decodeMessage(largest).ok).toBe(true)
    const larger = concat(largest, Uint8Array.of(0))
    expect(decodeMessage(larger)).toMatchObject({ ok: false, error: { code: 'too_long' } })
  })

  it('writes a message of 65535 bytes and no larger one', () => {
    const pong = (length: number): Message => ({ type: 'pong', ignored: new Uint8Array(length) })
    // Type and length take 4 bytes: the figure that BOLT 1 gives in its rationale of ping.
    expect(encodeMessage(pong(65531))).toHaveLength(MAX_MESSAGE_LENGTH)
    expect(() => encodeMessage(pong(65532))).toThrow(BugError)
  })

  it.each(['peer_storage', 'peer_storage_retrieval'] as const)('a blob of %s has up to 65531 bytes', type => {
    expect(encodeMessage({ type, blob: new Uint8Array(65531) })).toHaveLength(MAX_MESSAGE_LENGTH)
    expect(() => encodeMessage({ type, blob: new Uint8Array(65532) })).toThrow(BugError)
  })

  it('tells the messages of a channel from the others', () => {
    const id = channelId(new Uint8Array(32))
    expect(isChannelMessage({ type: 'shutdown', channelId: id, scriptpubkey: none })).toBe(true)
    expect(isChannelMessage({ type: 'tx_complete', channelId: id })).toBe(false)
    expect(isChannelMessage({ type: 'warning', channelId: id, data: none })).toBe(false)
  })

  it('never writes a message that it does not know', () => {
    const unknown = { type: 'unknown', messageType: 7, payload: none }
    expect(() => encodeMessage(unknown as unknown as Message)).toThrow(BugError)
  })

  it('keeps nothing of the packet that a message came in', () => {
    const packet = Buffer.from(`0011${'07'.repeat(32)}0003616263`, 'hex')
    const decoded = decodeMessage(packet)
    packet.fill(0xee)
    expect(decoded).toEqual({
      ok: true,
      value: { type: 'error', channelId: channelId(new Uint8Array(32).fill(7)), data: fromHex('616263') },
    })
    const data = decoded.ok && decoded.value.type === 'error' ? decoded.value.data : undefined
    expect(data?.constructor).toBe(Uint8Array)
    expect(data && toHex(data)).toBe('616263')
  })
})
