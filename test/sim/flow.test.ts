import { expect, test } from 'vitest'
import { concat } from '../../src/base/index.ts'
import { Clock } from '../../src/sim/clock.ts'
import { type Carries, Flow } from '../../src/sim/flow.ts'
import { randomOf } from '../../src/sim/random.ts'

// One direction of a connection, of messages and of bytes.

function flowOf(carries: Carries, seed: string | number = 'flow', { apartMs = 0 } = {}) {
  const clock = new Clock(0)
  const random = randomOf(String(seed))
  const heard: { readonly at: number; readonly bytes: Uint8Array | undefined; readonly isSpoilt: boolean }[] = []
  const latency = random.split('latency')
  const flow = new Flow({
    clock,
    carries,
    random,
    latencyMs: () => latency.between(1, 40),
    apartMs: () => apartMs,
    arrived: (bytes, isSpoilt) => heard.push({ at: clock.now, bytes, isSpoilt }),
    ended: () => heard.push({ at: clock.now, bytes: undefined, isSpoilt: false }),
  })
  const wait = (ms: number) => {
    const until = clock.now + ms
    while (clock.step(until));
  }
  return {
    flow,
    heard,
    wait,
    bytes: () => concat(...heard.flatMap(({ bytes }) => bytes ?? [])),
    hasEnded: () => heard.at(-1)?.bytes === undefined && heard.length > 0,
  }
}

const SENT = [5, 1, 60, 3, 200].map((length, index) => new Uint8Array(length).fill(index + 1))
const ALL = concat(...SENT)
const CARRIES = ['messages', 'bytes'] as const
const SEEDS = Array.from({ length: 400 }, (_, seed) => seed)

test.each(CARRIES)('%s: all arrives in its order, and then the end', carries => {
  for (const seed of SEEDS) {
    const { flow, bytes, wait, hasEnded, heard } = flowOf(carries, seed)
    for (const each of SENT) flow.send(each)
    flow.end()
    flow.send(Uint8Array.of(99))
    wait(1_000)
    expect(bytes()).toEqual(ALL)
    expect(hasEnded()).toBe(true)
    expect(heard.filter(piece => piece.bytes === undefined)).toHaveLength(1)
  }
})

test('messages arrive as they were sent; bytes in pieces of other sizes, down to single ones', () => {
  const messages = flowOf('messages')
  for (const each of SENT) messages.flow.send(each)
  messages.wait(1_000)
  expect(messages.heard.map(({ bytes }) => bytes)).toEqual(SENT)
  const sizes = new Set<number>()
  for (const seed of SEEDS) {
    const { flow, heard, wait } = flowOf('bytes', seed)
    for (const each of SENT) flow.send(each)
    wait(1_000)
    for (const { bytes } of heard) sizes.add(bytes?.length ?? 0)
  }
  expect(sizes).toContain(1)
  expect(sizes).toContain(SENT.at(-1)?.length)
  expect(sizes).toContain(ALL.length)
  expect(sizes.size).toBeGreaterThan(100)
})

test('a cut falls between any two messages, and between any two bytes', () => {
  const lengths = { messages: new Set<number>(), bytes: new Set<number>() }
  for (const carries of CARRIES) {
    for (let seed = 0; seed < 3_000; seed++) {
      const { flow, bytes, wait, hasEnded } = flowOf(carries, seed)
      for (const each of SENT) flow.send(each)
      flow.cut()
      flow.send(Uint8Array.of(99))
      wait(1_000)
      const { length } = bytes()
      expect(bytes()).toEqual(ALL.subarray(0, length))
      expect(hasEnded()).toBe(true)
      lengths[carries].add(length)
    }
  }
  expect([...lengths.messages].sort((a, b) => a - b)).toEqual([0, 5, 6, 66, 69, 269])
  expect(lengths.bytes.size).toBe(ALL.length + 1)
})

test.each(CARRIES)('%s: what has arrived before a cut is not lost by it', carries => {
  for (const seed of SEEDS) {
    const { flow, bytes, wait } = flowOf(carries, seed)
    for (const each of SENT) flow.send(each)
    wait(seed % 40)
    const before = bytes().length
    flow.cut()
    wait(1_000)
    expect(bytes().length).toBeGreaterThanOrEqual(before)
    expect(bytes()).toEqual(ALL.subarray(0, bytes().length))
  }
})

test.each(CARRIES)('%s: what is lost without a sign has no end', carries => {
  for (const seed of SEEDS) {
    const { flow, bytes, heard, wait } = flowOf(carries, seed)
    for (const each of SENT) flow.send(each)
    flow.lose()
    flow.send(Uint8Array.of(99))
    wait(1_000)
    expect(bytes()).toEqual(ALL.subarray(0, bytes().length))
    expect(heard.every(piece => piece.bytes !== undefined)).toBe(true)
  }
})

test.each(CARRIES)('%s: a stall holds what is on its way and what is sent after it, and loses nothing', carries => {
  for (const seed of SEEDS) {
    const { flow, bytes, heard, wait } = flowOf(carries, seed)
    flow.send(SENT[0] ?? ALL)
    flow.stall(5_000)
    for (const each of SENT.slice(1)) flow.send(each)
    wait(4_999)
    expect(heard).toEqual([])
    wait(1_000)
    expect(bytes()).toEqual(ALL)
  }
})

test.each(CARRIES)('%s: one bit changes, of what is on its way or of what is sent next', carries => {
  for (const isEarly of [true, false]) {
    for (const seed of SEEDS) {
      const { flow, bytes, heard, wait } = flowOf(carries, seed)
      if (isEarly) flow.spoil()
      for (const each of SENT) flow.send(each)
      if (!isEarly) flow.spoil()
      wait(1_000)
      const arrived = bytes()
      const wrong = [...ALL].flatMap((byte, index) => (byte === arrived[index] ? [] : [byte ^ (arrived[index] ?? 0)]))
      expect(arrived).toHaveLength(ALL.length)
      expect(wrong).toHaveLength(1)
      expect(Math.log2(wrong[0] ?? 0) % 1).toBe(0)
      expect(heard.some(({ isSpoilt }) => isSpoilt)).toBe(true)
    }
  }
})

test.each(CARRIES)('%s: no bit changes where nothing was spoilt, or where faults have stopped since', carries => {
  for (const isHealed of [true, false]) {
    const { flow, bytes, heard, wait } = flowOf(carries)
    if (isHealed) {
      flow.spoil()
      flow.heal()
    }
    for (const each of SENT) flow.send(each)
    wait(1_000)
    expect(bytes()).toEqual(ALL)
    expect(heard.some(({ isSpoilt }) => isSpoilt)).toBe(false)
  }
})

test('messages may be kept apart', () => {
  const together = flowOf('messages', 1)
  const apart = flowOf('messages', 1, { apartMs: 50 })
  for (const { flow, wait } of [together, apart]) {
    for (const each of SENT) flow.send(each)
    wait(1_000)
  }
  const gaps = ({ heard }: typeof apart) => heard.slice(1).map(({ at }, index) => at - (heard[index]?.at ?? 0))
  expect(Math.min(...gaps(apart))).toBeGreaterThanOrEqual(50)
  expect(Math.min(...gaps(together))).toBeLessThan(50)
})
