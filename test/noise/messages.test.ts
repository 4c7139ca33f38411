import { createCipheriv, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, concat, toHex } from '../../src/base/index.ts'
import {
  decryptStream,
  encryptMessage,
  endStream,
  MAX_FRAME_BYTES,
  MAX_MESSAGE_BYTES,
  type Transport,
} from '../../src/noise/index.ts'
import { connect, cut, errorOf, framesOf, NOTHING, okOf, readAll, spoil } from './fixture.ts'

const { initiator, responder } = connect()
const sender: Transport = initiator.next
const receiver: Transport = responder.next
const message = (length: number, fill = 0x5a): Uint8Array => new Uint8Array(length).fill(fill)

/** Frame number `index` of a direction, by Node's own cipher and HKDF, straight from the text of BOLT 8. */
function judgesFrame(transport: Transport, index: number, body: Uint8Array): Uint8Array {
  let { key, chainingKey } = transport.sending
  for (let rotation = 0; rotation < Math.floor(index / 500); rotation++) {
    const pair = new Uint8Array(hkdfSync('sha256', key, chainingKey, NOTHING, 64))
    chainingKey = pair.slice(0, 32)
    key = pair.slice(32)
  }
  const nonce = 2 * (index % 500)
  const seal = (n: number, plaintext: Uint8Array): Uint8Array => {
    const iv = Uint8Array.of(0, 0, 0, 0, n % 256, Math.floor(n / 256), 0, 0, 0, 0, 0, 0)
    const cipher = createCipheriv('chacha20-poly1305', key, iv, { authTagLength: 16 })
    return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  }
  return concat(seal(nonce, Uint8Array.of(Math.floor(body.length / 256), body.length % 256)), seal(nonce + 1, body))
}

describe('BOLT 8, Encrypting and Sending Messages', () => {
  test('a frame has 34 bytes more than its message', () => {
    for (const length of [0, 1, 255, 256, 257, 65534, MAX_MESSAGE_BYTES]) {
      const { bytes } = encryptMessage(sender, message(length))
      expect(bytes).toHaveLength(length + 34)
      expect(readAll(receiver, [bytes]).messages).toEqual([message(length)])
    }
    expect([MAX_MESSAGE_BYTES, MAX_FRAME_BYTES]).toEqual([65535, 65569])
  })

  test('a message of 65536 bytes is a bug of whoever wrote it', () => {
    expect(() => encryptMessage(sender, message(65536))).toThrow(BugError)
    expect(() => encryptMessage(sender, message(65536))).toThrow('at most 65535 bytes, got 65536')
  })

  test('the frames are those of another implementation, over three rotations', () => {
    const bodies = Array.from({ length: 1503 }, (_, i) => message((i * 7) % 300, i % 256))
    const { frames } = framesOf(sender, bodies)
    for (const [index, body] of bodies.entries()) {
      expect(toHex(frames[index] ?? NOTHING), `frame ${index}`).toBe(toHex(judgesFrame(sender, index, body)))
    }
  })

  test('encrypting leaves the state as it was, and the message too', () => {
    const before = structuredClone(sender)
    const body = message(5)
    encryptMessage(sender, body)
    expect(sender).toEqual(before)
    expect(body).toEqual(message(5))
  })
})

describe('BOLT 8, Lightning Message Key Rotation', () => {
  const size = fc.oneof(
    { weight: 300, arbitrary: fc.nat(40) },
    { weight: 30, arbitrary: fc.nat(1500) },
    { weight: 1, arbitrary: fc.constantFrom(0, 65534, 65535) },
  )
  const sizes = fc.array(size, { minLength: 1501, maxLength: 1600, size: 'max' })
  const cuts = fc.array(fc.nat(5000), { minLength: 1, maxLength: 30 })

  test('messages of any size come through in both directions, cut anyhow, over three rotations', () => {
    fc.assert(
      fc.property(sizes, sizes, cuts, (there, back, lengths) => {
        for (const [from, to, list] of [
          [sender, receiver, there],
          [receiver, sender, back],
        ] as const) {
          const bodies = list.map((length, i) => message(length, i % 256))
          const sent = framesOf(from, bodies)
          const read = readAll(to, cut(concat(...sent.frames), lengths))
          expect(read.messages.length).toBe(bodies.length)
          expect(toHex(concat(...read.messages)) === toHex(concat(...bodies))).toBe(true)
          expect(read.messages.map(body => body.length)).toEqual(list)
          expect(read.next.receiving).toEqual(sent.next.sending)
          expect(read.next.receiving.nonce).toBe((2 * list.length) % 1000)
          expect(read.next.sending).toEqual(to.sending)
          expect(endStream(read.next)).toBeUndefined()
        }
      }),
      { numRuns: 4 },
    )
  })

  test('the two directions rotate each for itself when they take turns', () => {
    let [a, b] = [sender, receiver]
    for (let i = 0; i < 1200; i++) {
      const there = encryptMessage(a, message(3))
      const read = okOf(decryptStream(b, there.bytes))
      ;[a, b] = [there.next, read.next]
      if (i % 3 !== 0) continue
      const back = encryptMessage(b, message(4))
      const heard = okOf(decryptStream(a, back.bytes))
      ;[a, b] = [heard.next, back.next]
    }
    expect([a.sending.nonce, a.receiving.nonce]).toEqual([400, 800])
    expect([b.receiving, b.sending]).toEqual([a.sending, a.receiving])
    expect(b.sending.key).toEqual(receiver.sending.key)
    expect(b.receiving.key).not.toEqual(receiver.receiving.key)
  })
})

describe('BOLT 8, Receiving and Decrypting Messages', () => {
  const bodies = [message(5, 1), message(0), message(300, 3)]
  const { frames } = framesOf(sender, bodies)
  const [first = NOTHING, second = NOTHING, third = NOTHING] = frames
  const stream = concat(...frames)

  test('every cut of a stream in two gives the same messages and the same state', () => {
    const whole = readAll(receiver, [stream])
    expect(whole.messages).toEqual(bodies)
    for (let at = 0; at <= stream.length; at++) {
      expect(readAll(receiver, [stream.slice(0, at), stream.slice(at)])).toEqual(whole)
    }
    expect(readAll(receiver, cut(stream, [1]))).toEqual(whole)
  })

  test('each byte of a frame counts', () => {
    for (let index = 0; index < first.length; index++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const broken = errorOf(decryptStream(receiver, spoil(first, index, mask)))
        expect(broken.messages).toEqual([])
        expect(broken.failure.code).toBe('bad_tag')
        expect(broken.failure.expected).toContain(index < 18 ? 'an encrypted length' : 'an encrypted message')
        expect(broken.failure.section).toBe('BOLT 8, Receiving and Decrypting Messages')
      }
    }
  })

  test('a frame that is sent again, left out or moved up is refused', () => {
    for (const [wrong, good] of [
      [concat(first, first), 1],
      [concat(first, third), 1],
      [second, 0],
      [concat(second, first), 0],
      [concat(first, second, first), 2],
    ] as const) {
      const broken = errorOf(decryptStream(receiver, wrong))
      expect(broken.failure.code).toBe('bad_tag')
      expect(broken.messages).toEqual(bodies.slice(0, good))
    }
  })

  test('a frame that lacks bytes anywhere is refused when others follow, and waits when none do', () => {
    for (let at = 0; at < first.length; at++) {
      const shortened = concat(first.slice(0, at), first.slice(at + 1))
      expect(errorOf(decryptStream(receiver, concat(shortened, second, third))).messages).toEqual([])
      const waiting = okOf(decryptStream(receiver, first.slice(0, at)))
      expect(waiting.messages).toEqual([])
      expect(endStream(waiting.next)?.code).toBe(at === 0 ? undefined : 'bad_length')
    }
  })

  test('the end of a stream inside a frame says what is missing', () => {
    const inLength = okOf(decryptStream(receiver, first.slice(0, 7))).next
    expect(endStream(inLength)).toEqual({
      code: 'bad_length',
      expected: '18 bytes of an encrypted length',
      got: 'the end of the stream after 7 bytes',
      section: 'BOLT 8, Receiving and Decrypting Messages',
    })
    // The length has been read here and nothing is kept: the message is missing all the same.
    const afterLength = okOf(decryptStream(receiver, first.slice(0, 18))).next
    expect(endStream(afterLength)?.expected).toBe('21 bytes of an encrypted message')
    expect(endStream(afterLength)?.got).toBe('the end of the stream after 0 bytes')
  })

  test('what was good before a failure is not lost, however the stream was cut', () => {
    const spoiled = concat(first, second, spoil(third, 100))
    for (let at = 0; at < spoiled.length; at++) {
      const head = decryptStream(receiver, spoiled.slice(0, at))
      const before = okOf(head)
      const broken = errorOf(decryptStream(before.next, spoiled.slice(at)))
      expect([...before.messages, ...broken.messages]).toEqual(bodies.slice(0, 2))
      expect(broken.failure.code).toBe('bad_tag')
    }
  })

  test('our own frames sent back to us are refused, and so are those of another connection', () => {
    expect(errorOf(decryptStream(sender, first)).failure.code).toBe('bad_tag')
    const other = connect(undefined, {
      localSecret: new Uint8Array(32).fill(0x21),
      ephemeralSecret: new Uint8Array(32).fill(0x24),
    })
    expect(errorOf(decryptStream(other.responder.next, first)).failure.code).toBe('bad_tag')
  })

  test('a frame after the rotation is refused by the key before it', () => {
    const { next } = framesOf(sender, new Array(500).fill(NOTHING))
    const { bytes } = encryptMessage(next, bodies[0] ?? NOTHING)
    expect(next.sending.nonce).toBe(receiver.receiving.nonce)
    expect(errorOf(decryptStream(receiver, bytes)).failure.code).toBe('bad_tag')
  })

  test('any garbage is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 18, maxLength: 200 }), garbage => {
        expect(errorOf(decryptStream(receiver, garbage)).failure.code).toBe('bad_tag')
      }),
      { numRuns: 200 },
    )
  })

  test('no failure tells a key or what was decrypted', () => {
    const secretBody = message(20, 0xab)
    const { frames: two } = framesOf(sender, [secretBody, secretBody])
    const broken = errorOf(decryptStream(receiver, spoil(concat(...two), 60)))
    const half = okOf(decryptStream(receiver, (two[0] ?? NOTHING).slice(0, 40))).next
    const texts = JSON.stringify([broken.failure, endStream(half)])
    for (const secret of [receiver.receiving.key, receiver.receiving.chainingKey, receiver.sending.key, secretBody]) {
      expect(texts).not.toContain(toHex(secret))
    }
  })
})

describe('what a peer can make us keep', () => {
  const { bytes } = encryptMessage(sender, message(MAX_MESSAGE_BYTES))

  test('the largest frame in single bytes: less than one frame, in at most 16 parts of halving lengths', () => {
    let state = receiver
    let most = 0
    let messages = 0
    for (let i = 0; i < bytes.length; i++) {
      const read = okOf(decryptStream(state, bytes.subarray(i, i + 1)))
      state = read.next
      messages += read.messages.length
      const parts = state.kept.parts.map(({ length }) => length)
      most = Math.max(most, parts.length)
      if (parts.some((length, at) => length < 2 * (parts[at + 1] ?? 0))) throw new Error(`parts ${parts}`)
      if (parts.reduce((sum, length) => sum + length, 0) !== state.kept.length) throw new Error('a wrong sum')
      if (state.kept.length >= MAX_FRAME_BYTES) throw new Error(`keeps ${state.kept.length}`)
    }
    expect(messages).toBe(1)
    expect(state.kept.parts).toEqual([])
    expect(most).toBeLessThanOrEqual(16)
    expect(most).toBeGreaterThan(8)
  })

  test('parts of shrinking lengths are joined as well', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 }), lengths => {
        let state = receiver
        let offset = 0
        for (const length of lengths.toSorted((a, b) => b - a)) {
          state = okOf(decryptStream(state, bytes.subarray(offset, offset + length))).next
          offset = Math.min(bytes.length, offset + length)
          const parts = state.kept.parts.map(part => part.length)
          expect(parts.every((part, at) => part >= 2 * (parts[at + 1] ?? 0))).toBe(true)
        }
        // Kept is exactly what came, but for the length that has been read.
        const kept = concat(...state.kept.parts)
        const expected = bytes.slice(state.incomingLength === undefined ? 0 : 18, offset)
        if (offset < bytes.length) expect(toHex(kept)).toBe(toHex(expected))
      }),
      { numRuns: 30 },
    )
  })

  test('a chunk may be reused by its owner', () => {
    const chunk = bytes.slice(0, 30_000)
    const half = okOf(decryptStream(receiver, chunk)).next
    chunk.fill(0xee)
    expect(okOf(decryptStream(half, bytes.slice(30_000))).messages).toEqual([message(MAX_MESSAGE_BYTES)])
  })

  test('more than a frame is a bug of ours, not something to keep', () => {
    const impossible: Transport = { ...receiver, incomingLength: 70_000 }
    expect(() => decryptStream(impossible, new Uint8Array(MAX_FRAME_BYTES))).toThrow('at most one frame is kept')
  })
})
