import { expect, test } from 'vitest'
import type { NodeId } from '../../src/base/index.ts'
import { Clock } from '../../src/sim/clock.ts'
import { type NetworkEnd, SimNetwork } from '../../src/sim/network.ts'
import { randomOf } from '../../src/sim/random.ts'

/** An end that writes down what it hears. */
class End implements NetworkEnd {
  readonly name: string
  readonly id: NodeId
  isListening = true
  readonly heard: string[] = []
  lines: number[] = []

  constructor(name: string) {
    this.name = name
    // Ids are compared here, never used as keys.
    this.id = name as NodeId
  }

  connected(connection: number, peer: NodeId, outgoing: boolean): void {
    this.lines.push(connection)
    this.heard.push(`${outgoing ? 'reached' : 'reached by'} ${peer}`)
  }

  received(_connection: number, _peer: NodeId, bytes: Uint8Array): void {
    this.heard.push(String(bytes[0]))
  }

  ended(_connection: number, peer: NodeId): void {
    this.heard.push(`lost ${peer}`)
  }

  dialFailed(peer: NodeId): void {
    this.heard.push(`no ${peer}`)
  }

  get line(): number {
    return this.lines.at(-1) ?? 0
  }
}

function pair(seed = 'network') {
  const clock = new Clock(0)
  const network = new SimNetwork({ clock, random: randomOf(seed), latencyMs: [1, 40] })
  const [a, b] = [new End('a'), new End('b')]
  network.join(a)
  network.join(b)
  const wait = (ms: number) => {
    const until = clock.now + ms
    while (clock.step(until));
  }
  const send = (from: End, ...values: readonly number[]) => {
    for (const value of values) network.send(from.line, from, Uint8Array.of(value))
  }
  return { clock, network, a, b, wait, send }
}

test('whoever dials reaches who listens, and is told where nobody does', () => {
  const { network, a, b, wait } = pair()
  network.dial(a, b.id)
  wait(100)
  expect(a.heard).toEqual(['reached b'])
  expect(b.heard).toEqual(['reached by a'])
  b.isListening = false
  network.dial(a, b.id)
  wait(100)
  expect(a.heard).toEqual(['reached b', 'no b'])
})

test('a stream keeps its order, whatever the latency of each message', () => {
  for (let seed = 0; seed < 50; seed++) {
    const { network, a, b, wait, send } = pair(String(seed))
    network.connect(a, b)
    send(a, 1, 2, 3, 4, 5, 6, 7, 8)
    wait(1_000)
    expect(b.heard.slice(1)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
  }
})

test('what was sent before a close arrives, and then the end', () => {
  const { network, a, b, wait, send } = pair()
  network.connect(a, b)
  send(a, 1, 2)
  network.close(a.line, a)
  send(a, 3)
  wait(1_000)
  expect(b.heard.slice(1)).toEqual(['1', '2', 'lost a'])
  expect(a.heard.slice(1)).toEqual(['lost b'])
})

test('a cut loses what is on its way, and both hear of it at once', () => {
  const { network, a, b, wait, send } = pair()
  network.connect(a, b)
  send(a, 1)
  send(b, 2)
  network.cut(a, b)
  expect(a.heard.slice(1)).toEqual(['lost b'])
  expect(b.heard.slice(1)).toEqual(['lost a'])
  wait(1_000)
  expect(a.heard).toHaveLength(2)
  expect(b.heard).toHaveLength(2)
})

test('a stalled connection loses nothing', () => {
  const { network, a, b, wait, send } = pair()
  network.connect(a, b)
  network.stall(a, b, 5_000)
  send(a, 1, 2)
  wait(4_000)
  expect(b.heard.slice(1)).toEqual([])
  wait(2_000)
  expect(b.heard.slice(1)).toEqual(['1', '2'])
})

test('a half-open connection loses one direction without a sign, until it ends', () => {
  const { network, a, b, wait, send } = pair()
  network.connect(a, b)
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
  const { network, a, b, wait, send } = pair()
  network.connect(a, b)
  send(b, 1)
  network.leave(a)
  wait(1_000)
  expect(a.heard).toHaveLength(1)
  expect(b.heard.slice(1)).toEqual(['lost a'])
})
