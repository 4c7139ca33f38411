import { describe, expect, it } from 'vitest'
import type { Ping, Pong } from '../../src/wire/index.ts'
import { closes, DOWN, One, sends } from './one.ts'

// BOLT 1, the ping and pong messages.

const ping = (numPongBytes: number, padding = 0): Ping => ({
  type: 'ping',
  numPongBytes,
  ignored: new Uint8Array(padding),
})
const pong = (length: number): Pong => ({ type: 'pong', ignored: new Uint8Array(length) })
const pongEffect = (length: number) => ({ type: 'send', connection: 1, message: pong(length) })
const pingEffect = (numPongBytes: number) => ({ type: 'send', connection: 1, message: ping(numPongBytes) })

describe("the peer's ping", () => {
  it.each([0, 1, 300, 65531])('for %i bytes gets a pong of as many zeros', length => {
    expect(new One().up().receive(ping(length, 9))).toEqual([pongEffect(length)])
  })

  it.each([65532, 65533, 65535])('for %i bytes gets no pong', length => {
    const one = new One().up()
    // Not even where there are too many of them: they cost no more than any message that is ignored.
    for (let count = 0; count < 100; count++) expect(one.receive(ping(length))).toEqual([])
  })

  it('is answered as often as the bound allows, then the connection is closed', () => {
    const one = new One().up().at(10)
    for (let count = 0; count < 60; count++) expect(one.receive(ping(2))).toEqual([pongEffect(2)])
    expect(one.at(59_999).receive(ping(2))).toEqual([sends('warning'), closes('ping_flood'), DOWN])
  })

  it('is answered again when the interval is over', () => {
    const one = new One().up()
    for (let count = 0; count < 60; count++) one.receive(ping(2))
    for (const now of [60_000, 120_000]) {
      one.at(now)
      for (let count = 0; count < 60; count++) expect(one.receive(ping(2))).toEqual([pongEffect(2)])
    }
  })
})

describe('our ping', () => {
  /** Quiet for long enough, and asked for 64 bytes. */
  const asked = (): One => {
    const one = new One({ entropy: 0.5 }).up()
    expect(one.after(30_000)).toEqual([pingEffect(64)])
    return one
  }

  it('goes out when the line was quiet', () => {
    const one = new One().up()
    expect(one.after(29_999)).toEqual([])
    expect(one.after(1)).toEqual([pingEffect(0)])
  })

  it('waits as long as there is traffic', () => {
    const one = new One().up()
    for (let count = 0; count < 10; count++) {
      one.at(one.context.now + 20_000).bytes([0x99, 1])
      expect(one.do({ type: 'tick' })).toEqual([])
    }
    expect(one.after(30_000)).toEqual([sends('ping')])
  })

  it('is not repeated while it waits, and is answered by a pong of its length', () => {
    const one = asked()
    expect(one.after(10_000)).toEqual([])
    expect(one.receive(pong(64))).toEqual([])
    expect(one.after(29_999)).toEqual([])
    expect(one.after(1)).toEqual([sends('ping')])
  })

  it('without an answer ends in a close, and no warning: nobody is there', () => {
    const one = asked()
    expect(one.after(19_999)).toEqual([])
    expect(one.after(1)).toEqual([closes('ping_timeout'), DOWN])
  })

  it('is outlived by a line on which anything is heard, until that falls silent', () => {
    const one = asked()
    one.after(19_000)
    one.bytes([0x99, 1])
    expect(one.after(1_000)).toEqual([])
    one.at(one.context.now + 1).bytes([0x99, 1])
    expect(one.after(19_999)).toEqual([])
    expect(one.after(1)).toEqual([closes('ping_timeout'), DOWN])
  })

  it('that waits has every message counted to the millisecond', () => {
    const one = asked()
    one.at(one.context.now + 5_000).bytes([0x99, 1])
    one.at(one.context.now + 400).bytes([0x99, 1])
    expect(one.after(19_999)).toEqual([])
    expect(one.after(1)).toEqual([closes('ping_timeout'), DOWN])
  })

  it.each([63, 65, 0])('answered by a pong of %i bytes instead of 64 ends the connection', length => {
    expect(asked().receive(pong(length))).toEqual([sends('warning'), closes('wrong_pong'), DOWN])
  })

  it('asks for less than 128 bytes', () => {
    const one = new One({ entropy: 1 - Number.EPSILON }).up()
    expect(one.after(30_000)).toEqual([pingEffect(127)])
  })
})

it('a ping of the peer is a sign of life', () => {
  const one = new One().up().at(20_000)
  one.receive(ping(0))
  expect(one.after(29_999)).toEqual([])
  expect(one.after(1)).toEqual([sends('ping')])
})

it('a pong that nobody asked for is a sign of life and no more', () => {
  const one = new One().up().at(20_000)
  expect(one.receive(pong(5))).toEqual([])
  expect(one.after(29_000)).toEqual([])
  expect(one.after(1_000)).toEqual([sends('ping')])
})

describe('the wake', () => {
  it('is asked for once while traffic moves the deadline', () => {
    const one = new One()
    const wakes: number[] = []
    const run = (input: Parameters<One['all']>[0]): void => {
      for (const effect of one.all(input)) if (effect.type === 'wake') wakes.push(effect.at)
    }
    one.up()
    expect(one.state.wakeAt).toBe(30_000)
    for (let now = 0; now < 30_000; now += 500) {
      one.at(now)
      run({ type: 'received', connection: 1, bytes: Uint8Array.of(0x99, 1) })
    }
    expect(wakes).toEqual([])
    one.at(30_000)
    run({ type: 'tick' })
    // The last that was kept of what was heard is at 29,000.
    expect(wakes).toEqual([59_000])
  })

  it('is earlier for an earlier deadline', () => {
    const one = new One()
    one.do({ type: 'connected', connection: 1, outgoing: true })
    expect(one.state.wakeAt).toBe(30_000)
    one.do({ type: 'wanted', wanted: true, addresses: [{ host: 'there', port: 9735 }] })
    expect(one.all({ type: 'ended', connection: 1 })).toEqual([{ type: 'wake', at: 1_000 }])
  })
})
