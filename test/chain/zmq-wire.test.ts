import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { placeOf } from '../../src/chain/bitcoind/zmq/offer.ts'
import { hello, MOST_FRAME_BYTES, MOST_PARTS, subscription, ZmtpReader } from '../../src/chain/bitcoind/zmq/wire.ts'
import { command, frame, GREETING, longFrame, READY } from './zmqPublisher.ts'

// ZeroMQ RFC 23 (ZMTP 3.0), and RFC 37 (3.1) where it differs in what a publisher says.

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const all = (...pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(pieces))
const NEWS = all(frame(bytes('hashblock'), true), longFrame(new Uint8Array(32).fill(7), true), frame(new Uint8Array(4)))
const HEARD = [
  { type: 'ready' },
  { type: 'message', parts: [bytes('hashblock'), new Uint8Array(32).fill(7), new Uint8Array(4)] },
]

test('what we say, byte for byte', () => {
  const signature = 'ff00000000000000007f'
  const mechanism = Buffer.from('NULL').toString('hex').padEnd(40, '0')
  const ready = '0419055245414459' + '0b536f636b65742d54797065' + '00000003535542'
  expect(Buffer.from(hello()).toString('hex')).toBe(`${signature}0300${mechanism}${'00'.repeat(32)}${ready}`)
  expect(Buffer.from(subscription('hashblock')).toString('hex')).toBe('000a01' + '68617368626c6f636b')
})

test('a publisher is understood, in whatever pieces it speaks', () => {
  const said = all(GREETING, READY, NEWS)
  fc.assert(
    fc.property(fc.array(fc.nat(said.length), { maxLength: 20 }), cuts => {
      const reader = new ZmtpReader()
      const places = [0, ...cuts.sort((a, b) => a - b), said.length]
      const heard = places.slice(1).flatMap((end, at) => {
        const read = reader.push(said.subarray(places[at], end))
        if (!read.ok) throw new Error(read.error)
        return read.value
      })
      expect(heard).toStrictEqual(HEARD)
    }),
  )
})

test('a version 3.1 and commands of later versions are taken', () => {
  const later = Uint8Array.from(GREETING, (byte, at) => (at === 11 ? 1 : byte))
  const read = new ZmtpReader().push(all(later, READY, command('PING', Uint8Array.of(0, 1)), NEWS))
  expect(read).toStrictEqual({ ok: true, value: HEARD })
})

describe('what is no publisher of ours is left at once', () => {
  const property = (name: string, value: string): Uint8Array =>
    all(Uint8Array.of(name.length), bytes(name), Uint8Array.of(0, 0, 0, value.length), bytes(value))
  const changed = (at: number, to: number): Uint8Array => Uint8Array.from(GREETING, (byte, i) => (i === at ? to : byte))
  const huge = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, (MOST_FRAME_BYTES + 1) >> 8, (MOST_FRAME_BYTES + 1) & 0xff)

  test.each([
    ['HTTP', bytes('HTTP/1.1 400 Bad Request\r\n'), 'something else than the greeting'],
    ['its first byte', Uint8Array.of(0xfe), 'something else than the greeting'],
    ['the end of the signature', changed(9, 0x7e), 'something else than the greeting'],
    ['version 2', changed(10, 2), 'something else than the greeting'],
    ['another mechanism', changed(12, 0x43), 'something else than the greeting'],
    ['a message before READY', all(GREETING, NEWS), 'a message before READY'],
    ['another command', all(GREETING, command('ERROR', bytes('\x02no'))), 'something else than READY'],
    ['a subscriber', all(GREETING, command('READY', property('Socket-Type', 'SUB'))), 'no publisher'],
    ['no type', all(GREETING, command('READY', new Uint8Array())), 'no publisher'],
    ['half a property', all(GREETING, command('READY', property('Socket-Type', 'PUB').slice(0, -1))), 'no publisher'],
    ['READY twice', all(GREETING, READY, READY), 'READY a second time'],
    ['ERROR later', all(GREETING, READY, command('ERROR', bytes('\x02no'))), 'ERROR a second time'],
    ['reserved flags', all(GREETING, READY, Uint8Array.of(8, 0)), 'reserved'],
    ['a command within', all(GREETING, READY, frame(bytes('a'), true), READY), 'a command within'],
    ['a huge frame', all(GREETING, READY, huge), 'a frame of 1025 bytes'],
    ['a frame of 2^64 - 1', all(GREETING, Uint8Array.of(6, ...new Uint8Array(8).fill(255))), '18446744073709551615'],
    [
      'a message without end',
      all(GREETING, READY, ...Array.from({ length: MOST_PARTS + 1 }, () => frame(bytes('a'), true))),
      `more than ${MOST_PARTS} parts`,
    ],
  ])('%s', (_, said, complaint) => {
    const read = new ZmtpReader().push(said)
    expect(read).toMatchObject({ ok: false, error: expect.stringContaining(complaint) })
  })

  test('a frame and a message of the largest size are none of it', () => {
    const largest = longFrame(new Uint8Array(MOST_FRAME_BYTES))
    const parts = Array.from({ length: MOST_PARTS }, (_, at) => frame(bytes('a'), at < MOST_PARTS - 1))
    const read = new ZmtpReader().push(all(GREETING, READY, largest, ...parts))
    expect(read).toMatchObject({ ok: true, value: [{ type: 'ready' }, { type: 'message' }, { type: 'message' }] })
  })

  test('whatever comes, it does not throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), tail => {
        new ZmtpReader().push(tail)
        new ZmtpReader().push(all(GREETING, tail))
        new ZmtpReader().push(all(GREETING, READY, tail))
      }),
    )
  })
})

describe('where to connect', () => {
  test.each([
    ['tcp://127.0.0.1:28332', '127.0.0.1', { host: '127.0.0.1', port: 28332 }],
    ['tcp://0.0.0.0:28332', 'node.lan', { host: 'node.lan', port: 28332 }],
    ['tcp://*:28332', '10.0.0.7', { host: '10.0.0.7', port: 28332 }],
    ['tcp://[::]:28332', '::1', { host: '::1', port: 28332 }],
    ['tcp://10.0.0.7:28332', '127.0.0.1', { host: '10.0.0.7', port: 28332 }],
    ['tcp://[::1]:28332', 'localhost', { host: '::1', port: 28332 }],
    ['tcp://127.0.0.1:28332', '10.0.0.7', undefined],
    ['ipc:///run/blocks', '127.0.0.1', undefined],
    ['tcp://127.0.0.1:0', '127.0.0.1', undefined],
    ['tcp://127.0.0.1:65536', '127.0.0.1', undefined],
    ['tcp://127.0.0.1', '127.0.0.1', undefined],
  ])('%s, asked at %s', (address, rpcHost, place) => {
    expect(placeOf(address, rpcHost)).toStrictEqual(place)
  })
})
