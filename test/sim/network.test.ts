import { beforeAll, describe, expect, test } from 'vitest'
import { type NodeId, nodeId } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { installBestBackends } from '../../src/node/index.ts'
import { Clock } from '../../src/sim/clock.ts'
import { type NetworkEnd, SimNetwork } from '../../src/sim/network.ts'
import { randomOf } from '../../src/sim/random.ts'

// The network of a world as nodes meet it: with whole messages, and with BOLT 8 over bytes.

type Mode = 'fast' | 'real'
const MODES = ['fast', 'real'] as const

const secretOf = (name: string) => randomOf(name).bytes(32)
const names = new Map<NodeId, string>()

/** An end that writes down what it hears. */
class End implements NetworkEnd {
  readonly name: string
  readonly secret: Uint8Array
  readonly id: NodeId
  isListening = true
  readonly heard: string[] = []
  lines: number[] = []

  constructor(name: string) {
    this.name = name
    this.secret = secretOf(name)
    this.id = nodeId(publicKeyFromSecret(this.secret))
    names.set(this.id, name)
  }

  connected(connection: number, peer: NodeId, outgoing: boolean): void {
    this.lines.push(connection)
    this.heard.push(`${outgoing ? 'reached' : 'reached by'} ${names.get(peer)}`)
  }

  received(_connection: number, peer: NodeId, bytes: Uint8Array): void {
    this.heard.push(names.has(peer) ? numberIn(bytes) : 'something of nobody')
  }

  ended(_connection: number, peer: NodeId): void {
    this.heard.push(`lost ${names.get(peer)}`)
  }

  dialFailed(peer: NodeId): void {
    this.heard.push(`no ${names.get(peer)}`)
  }

  get line(): number {
    return this.lines.at(-1) ?? 0
  }

  /** The numbers that it has heard. */
  get numbers(): readonly string[] {
    return this.heard.filter(what => /^\d+$/.test(what))
  }
}

/** A message of a length of its own, so that frames have all sorts of them. */
const messageOf = (value: number) => new Uint8Array(2 + ((value * 7) % 90)).fill(value & 0xff).fill(value >> 8, 0, 1)
const numberIn = (bytes: Uint8Array) => String((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0))
const upTo = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1))

function stage(mode: Mode, seed: string | number = 'network') {
  const clock = new Clock(0)
  const network = new SimNetwork({ clock, random: randomOf(String(seed)), latencyMs: [1, 40], mode })
  const [a, b, c] = [new End('a'), new End('b'), new End('c')]
  for (const end of [a, b, c]) network.join(end, end.secret)
  const wait = (ms: number) => {
    const until = clock.now + ms
    while (clock.step(until));
  }
  const send = (from: End, ...values: readonly number[]) => {
    for (const value of values) network.send(from.line, from, messageOf(value))
  }
  /** Connected, with nothing on the way. */
  const connect = () => {
    network.connect(a, b)
    wait(500)
    expect([a.heard, b.heard]).toEqual([['reached b'], ['reached by a']])
  }
  return { clock, network, a, b, c, wait, send, connect }
}

beforeAll(async () => {
  await installBestBackends()
})

describe.each(MODES)('%s', mode => {
  test('whoever dials reaches who listens, and is told where nobody does', () => {
    const { network, a, b, wait } = stage(mode)
    network.dial(a, b.id)
    wait(500)
    expect(a.heard).toEqual(['reached b'])
    expect(b.heard).toEqual(['reached by a'])
    b.isListening = false
    network.dial(a, b.id)
    wait(500)
    expect(a.heard).toEqual(['reached b', 'no b'])
  })

  test('a stream keeps its order, whatever the latency of each message', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { a, b, wait, send, connect } = stage(mode, seed)
      connect()
      send(a, 1, 2, 3, 4, 5, 6, 7, 8)
      send(b, 1, 2, 3)
      wait(1_000)
      expect(b.numbers).toEqual(upTo(8))
      expect(a.numbers).toEqual(upTo(3))
    }
  })

  test('over two connections anything may come first', () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const { network, a, b, wait, connect } = stage(mode, seed)
      connect()
      network.connect(a, b)
      wait(500)
      const [first = 0, second = 0] = a.lines
      expect(b.lines).toEqual([first, second])
      network.send(first, a, messageOf(1))
      network.send(second, a, messageOf(2))
      wait(1_000)
      orders.add(b.numbers.join())
    }
    expect([...orders].sort()).toEqual(['1,2', '2,1'])
  })

  test('what was sent before a close arrives, and then the end', () => {
    const { network, a, b, wait, send, connect } = stage(mode)
    connect()
    send(a, 1, 2)
    network.close(a.line, a)
    send(a, 3)
    wait(1_000)
    expect(b.heard.slice(1)).toEqual(['1', '2', 'lost a'])
    expect(a.heard.slice(1)).toEqual(['lost b'])
  })

  test('a cut falls between any two messages on their way, and each end hears of it after those that still arrive', () => {
    const lengths = new Set<number>()
    let differ = 0
    for (let seed = 0; seed < 100; seed++) {
      const { network, a, b, wait, send, connect } = stage(mode, seed)
      connect()
      send(a, 1, 2, 3)
      send(b, 1, 2, 3)
      network.cut(a, b)
      send(a, 4)
      wait(1_000)
      for (const end of [a, b]) {
        const other = end === a ? 'b' : 'a'
        expect(end.heard.slice(1)).toEqual([...upTo(end.numbers.length), `lost ${other}`])
        lengths.add(end.numbers.length)
      }
      if (a.numbers.length !== b.numbers.length) differ++
    }
    expect([...lengths].sort()).toEqual([0, 1, 2, 3])
    expect(differ).toBeGreaterThan(0)
  })

  test('whom a cut finds with nothing on the way hears of it at once', () => {
    const { network, a, b, wait, connect } = stage(mode)
    connect()
    network.cutOff(a)
    wait(0)
    expect(a.heard.slice(1)).toEqual(['lost b'])
    expect(b.heard.slice(1)).toEqual(['lost a'])
  })

  test('a cut after so many messages lets these through, and tells one end at once', () => {
    const { network, a, b, wait, send, connect } = stage(mode)
    connect()
    network.cutAfter(a, b, 2)
    send(a, 1, 2, 3)
    expect(a.heard.slice(1)).toEqual(['lost b'])
    wait(1_000)
    expect(b.heard.slice(1)).toEqual(['1', '2', 'lost a'])
  })

  test('one end may lose the connection first: the other hears all that was on its way to it, and then the end', () => {
    const { network, a, b, wait, send, connect } = stage(mode)
    connect()
    send(a, 1, 2)
    send(b, 3)
    network.lose(a, b)
    expect(a.heard.slice(1)).toEqual(['lost b'])
    send(a, 4)
    wait(1_000)
    expect(b.heard.slice(1)).toEqual(['1', '2', 'lost a'])
    expect(a.heard.slice(1)).toEqual(['lost b'])
  })

  test('messages that are kept apart come so long after each other', () => {
    const { clock, network, a, b, wait, send, connect } = stage(mode)
    connect()
    const times: number[] = []
    b.received = () => {
      times.push(clock.now)
    }
    const values = Array.from({ length: 20 }, (_, index) => index + 1)
    const leastPause = () => Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)))
    send(a, ...values)
    wait(1_000)
    expect(times).toHaveLength(20)
    // In a stream some of what is sent at once is read at once.
    expect(leastPause()).toBe(0)
    times.length = 0
    network.apartMs = 70
    send(a, ...values)
    wait(5_000)
    expect(times).toHaveLength(20)
    expect(leastPause()).toBeGreaterThanOrEqual(70)
  })

  test('a stalled connection loses nothing', () => {
    const { network, a, b, wait, send, connect } = stage(mode)
    connect()
    send(a, 1)
    network.stall(a, b, 5_000)
    send(a, 2, 3)
    wait(4_000)
    expect(b.heard.slice(1)).toEqual([])
    wait(2_000)
    expect(b.heard.slice(1)).toEqual(['1', '2', '3'])
  })

  test('a half-open connection loses one direction without a sign, until it ends', () => {
    const { network, a, b, wait, send, connect } = stage(mode)
    connect()
    network.halfOpen(a, b, 3_000)
    send(a, 1)
    send(b, 2)
    wait(1_000)
    expect(b.heard.slice(1)).toEqual([])
    expect(a.heard.slice(1)).toEqual(['2'])
    wait(3_000)
    expect(a.heard.at(-1)).toBe('lost b')
    expect(b.heard.at(-1)).toBe('lost a')
  })

  test('a process that is gone hears nothing more, and the other end hears of it', () => {
    const { network, a, b, wait, send, connect } = stage(mode)
    connect()
    send(b, 1)
    network.leave(a)
    wait(1_000)
    expect(a.heard).toHaveLength(1)
    expect(b.heard.slice(1)).toEqual(['lost a'])
  })

  test('who has died and lives again hears nothing of what was dialled before, neither that it is reached nor that it is not', () => {
    for (const isThere of [true, false]) {
      const { network, a, b, wait } = stage(mode)
      b.isListening = isThere
      network.dial(a, b.id)
      network.leave(a)
      wait(500)
      expect([a.heard, b.heard]).toEqual([[], []])
      network.dial(a, b.id)
      wait(500)
      expect(a.heard).toEqual([isThere ? 'reached b' : 'no b'])
    }
  })

  test('a bit that changes on the way ends the connection for both, and nothing of its message or after it is heard', () => {
    const lengths = new Set<number>()
    for (let seed = 0; seed < 100; seed++) {
      const { network, a, b, wait, send, connect } = stage(mode, seed)
      connect()
      send(a, 1, 2, 3, 4)
      network.spoil(a, b)
      wait(1_000)
      expect(b.heard.slice(1)).toEqual([...upTo(b.numbers.length), 'lost a'])
      expect(a.heard.slice(1)).toEqual(['lost b'])
      lengths.add(b.numbers.length)
    }
    expect([...lengths].sort()).toEqual([0, 1, 2, 3])
  })

  test('of a bit that was to change nothing is left when the faults stop', () => {
    for (const isHealed of [false, true]) {
      const { network, a, b, wait, send, connect } = stage(mode)
      connect()
      network.spoil(a, b)
      network.healed = isHealed
      send(a, 1)
      wait(1_000)
      expect(b.heard.slice(1)).toEqual([isHealed ? '1' : 'lost a'])
    }
  })

  test('whoever answers without the key of whom was dialled is nobody; who has it is reached again', () => {
    const { network, a, b, c, wait } = stage(mode)
    network.mislead(b, c, 1_000)
    network.dial(a, b.id)
    wait(500)
    expect(a.heard).toEqual(['no b'])
    expect([b.heard, c.heard]).toEqual([[], []])
    wait(600)
    network.dial(a, b.id)
    wait(500)
    expect(a.heard).toEqual(['no b', 'reached b'])
    expect(c.heard).toEqual([])
  })

  test('what the network holds arrives when it is let through, a message at a time', () => {
    const { network, a, b, wait, connect } = stage(mode)
    connect()
    network.holds = true
    const ofChannel = (value: number) => Uint8Array.of(0, 128 + value)
    for (const value of [0, 1]) network.send(a.line, a, ofChannel(value))
    network.dial(a, b.id)
    wait(1_000)
    expect(a.heard.at(-1)).toBe('no b')
    expect(b.numbers).toEqual([])
    network.deliver(a, b)
    wait(1_000)
    expect(b.numbers).toEqual(['128'])
    network.healed = true
    wait(1_000)
    expect(b.numbers).toEqual(['128', '129'])
  })
})

describe('BOLT 8 over bytes', () => {
  test('keys rotate: as many messages as they may have, three times over, in both directions', () => {
    const { a, b, wait, send, connect } = stage('real')
    connect()
    const values = Array.from({ length: 1_600 }, (_, index) => index + 1)
    send(a, ...values)
    send(b, ...values)
    wait(60_000)
    expect(b.numbers).toEqual(upTo(1_600))
    expect(a.numbers).toEqual(upTo(1_600))
  })

  test('after a rotation a changed bit is noticed as before it', () => {
    const { network, a, b, wait, send, connect } = stage('real')
    connect()
    send(a, ...Array.from({ length: 700 }, (_, index) => index + 1))
    wait(60_000)
    network.spoil(a, b)
    send(a, 701)
    wait(1_000)
    expect(b.heard.slice(1)).toEqual([...upTo(700), 'lost a'])
  })

  test('a cut may fall into the handshake: whoever dialled hears that nobody is there, or of a connection that ends', () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 300; seed++) {
      const { network, a, b, wait } = stage('real', seed)
      network.dial(a, b.id)
      wait(20 + (seed % 60))
      network.cut(a, b)
      wait(20_000)
      outcomes.add(`${a.heard.join()}; ${b.heard.join()}`)
    }
    expect([...outcomes].sort()).toEqual(['no b; ', 'reached b,lost b; ', 'reached b,lost b; reached by a,lost a'])
  })

  test('a process may go in the middle of a handshake, on either side', () => {
    for (const isDialler of [true, false]) {
      const outcomes = new Set<string>()
      for (let seed = 0; seed < 100; seed++) {
        const { network, a, b, wait } = stage('real', seed)
        network.dial(a, b.id)
        wait(20 + (seed % 60))
        const gone = isDialler ? a : b
        const before = gone.heard.length
        network.leave(gone)
        wait(20_000)
        expect(gone.heard).toHaveLength(before)
        outcomes.add((isDialler ? b : a).heard.join())
      }
      const expected = isDialler ? ['', 'reached by a,lost a'] : ['no b', 'reached b,lost b']
      expect([...outcomes].sort()).toEqual(expected)
    }
  })

  test('a changed bit in the handshake ends it', () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const { network, a, b, wait } = stage('real', seed)
      network.dial(a, b.id)
      wait(20 + (seed % 60))
      network.spoil(...(seed % 2 === 0 ? ([a, b] as const) : ([b, a] as const)))
      wait(20_000)
      outcomes.add(`${a.heard.join()}; ${b.heard.join()}`)
    }
    // The last of them: all acts had arrived, and the bit waits for the first message.
    expect([...outcomes].sort()).toEqual(['no b; ', 'reached b,lost b; ', 'reached b; reached by a'])
  })

  test('a handshake that nobody answers is given up after its time, and not before', () => {
    const { network, a, b, wait } = stage('real')
    network.connect(a, b)
    network.halfOpen(a, b, 60_000)
    wait(9_900)
    expect(a.heard).toEqual([])
    wait(200)
    // Nobody had asked for this connection.
    expect(a.heard).toEqual([])
    network.dial(a, b.id)
    wait(20)
    network.halfOpen(a, b, 60_000)
    wait(9_900)
    expect([a.heard, b.heard].flat().filter(what => what.startsWith('no '))).toEqual([])
    wait(200)
    expect(a.heard).toEqual(['no b'])
  })

  test('an id whose secret somebody else has is not reached', () => {
    const { network, a, b, wait } = stage('real')
    network.join(b, secretOf('not b'))
    network.dial(a, b.id)
    wait(1_000)
    expect(a.heard).toEqual(['no b'])
    expect(b.heard).toEqual([])
    network.join(b, b.secret)
    network.dial(a, b.id)
    wait(1_000)
    expect(a.heard).toEqual(['no b', 'reached b'])
  })

  test('an end without a secret shakes no hands', () => {
    const { network, a, b } = stage('real')
    network.join(b)
    expect(() => network.connect(a, b)).toThrow('has a secret')
    expect(a.heard).toEqual([])
  })
})
