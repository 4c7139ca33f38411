import { describe, expect, it } from 'vitest'
import { newPeer, type PeerEffect, type PeerInput, type PeerState, peerStep } from '../../src/peer/index.ts'
import { encodeMessage } from '../../src/wire/index.ts'
import { CONTEXT, closes, DOWN, idOf, initOf, One, sends } from './one.ts'

// BOLT 1, connection handling: a single connection per peer, and both ends have to keep the same one.

describe('a second connection', () => {
  // Our id is 1, so of two that were dialled by different nodes ours stays when the peer's id is 2.
  it.each([
    { first: false, second: false, ours: 'lesser', stays: 'second' },
    { first: true, second: true, ours: 'lesser', stays: 'second' },
    { first: true, second: false, ours: 'lesser', stays: 'first' },
    { first: false, second: true, ours: 'lesser', stays: 'second' },
    { first: false, second: false, ours: 'greater', stays: 'second' },
    { first: true, second: true, ours: 'greater', stays: 'second' },
    { first: true, second: false, ours: 'greater', stays: 'second' },
    { first: false, second: true, ours: 'greater', stays: 'first' },
  ])(
    'outgoing: $second, after one outgoing: $first, our id the $ours: the $stays stays',
    ({ first, second, ours, stays }) => {
      const localNodeId = idOf(ours === 'lesser' ? 1 : 3)
      for (const isUp of [false, true]) {
        const one = new One({ localNodeId })
        one.do({ type: 'connected', connection: 1, outgoing: first })
        if (isUp) one.receive(initOf())
        const effects = one.do({ type: 'connected', connection: 2, outgoing: second })
        if (stays === 'second') {
          expect(effects).toEqual([closes('duplicate', 1), ...(isUp ? [DOWN] : []), sends('init', 2)])
          expect(one.receive(initOf(), 1)).toEqual([])
          expect(one.do({ type: 'ended', connection: 1 })).toEqual([])
          expect(one.receive(initOf(), 2)).toMatchObject([{ type: 'up' }])
        } else {
          expect(effects).toEqual([closes('duplicate', 2), ...(isUp ? [sends('ping', 1)] : [])])
          expect(one.receive(initOf(), 2)).toEqual([])
          expect(one.do({ type: 'ended', connection: 2 })).toEqual([])
          expect(one.state.line).toMatchObject({ connection: 1 })
        }
      }
    },
  )
})

describe('a line that stays although the peer dialled anew', () => {
  const doubted = (): One => {
    const one = new One()
    one.do({ type: 'connected', connection: 1, outgoing: true })
    one.receive(initOf())
    return one
  }
  const dialled = { type: 'connected', connection: 2, outgoing: false } as const

  it('is asked for a sign of life, and given up soon', () => {
    const one = doubted()
    expect(one.all(dialled)).toEqual([closes('duplicate', 2), sends('ping'), { type: 'wake', at: 5_000 }])
    expect(one.after(4_999)).toEqual([])
    expect(one.after(1)).toEqual([closes('ping_timeout'), DOWN])
    // Then the next dial of the peer finds it free.
    expect(one.do({ ...dialled, connection: 3 })).toEqual([sends('init', 3)])
  })

  it('lives when it answers', () => {
    const one = doubted()
    one.do(dialled)
    one.at(3_000).receive({ type: 'pong', ignored: new Uint8Array(0) })
    expect(one.after(20_000)).toEqual([])
    expect(one.state.line.type).toBe('up')
  })

  it('is given less time where a ping waits already, but not asked twice', () => {
    const one = doubted()
    expect(one.after(30_000)).toEqual([sends('ping')])
    one.at(32_000)
    expect(one.all(dialled)).toEqual([closes('duplicate', 2), { type: 'wake', at: 35_000 }])
    expect(one.do({ ...dialled, connection: 3 })).toEqual([closes('duplicate', 3)])
    expect(one.after(3_000)).toEqual([closes('ping_timeout'), DOWN])
  })
})

it('a line that lasted and is replaced leaves no failures behind, a young one does', () => {
  for (const [age, attempts] of [
    [60_000, 0],
    [59_999, 1],
  ] as const) {
    const one = new One()
    one.do({ type: 'wanted', wanted: true, addresses: [{ host: 'there', port: 9735 }] })
    one.do({ type: 'dial_failed' })
    one.up().at(age)
    one.do({ type: 'connected', connection: 2, outgoing: false })
    expect(one.state.dial.attempts).toBe(attempts)
  }
})

/** What is on its way to one end of one connection, oldest first. */
interface Wire {
  readonly to: 0 | 1
  readonly items: readonly PeerInput[]
}

/** Both ends and all that is on its way: everything that the future depends on. */
interface World {
  readonly ends: readonly [PeerState, PeerState]
  /** By `${connection}>${to}`. */
  readonly wires: Readonly<Record<string, Wire>>
}

const otherEnd = (end: 0 | 1): 0 | 1 => (end === 0 ? 1 : 0)

function push(world: World, connection: number, to: 0 | 1, item: PeerInput): World {
  const key = `${connection}>${to}`
  const items = [...(world.wires[key]?.items ?? []), item]
  return { ...world, wires: { ...world.wires, [key]: { to, items } } }
}

/** One end takes what came first on one wire; what it does about it is on its way then. */
function take(world: World, key: string): World {
  const { to, items } = world.wires[key] as Wire
  const [item, ...rest] = items as readonly [PeerInput, ...PeerInput[]]
  const context = { ...CONTEXT, localNodeId: idOf(to + 1) }
  const { next, effects } = peerStep(world.ends[to], item, context)
  const ends = to === 0 ? ([next, world.ends[1]] as const) : ([world.ends[0], next] as const)
  let after: World = { ends, wires: { ...world.wires, [key]: { to, items: rest } } }
  // The end that dialled is done with the handshake of BOLT 8 first: its last act is on the way to the other one.
  if (item.type === 'connected' && item.outgoing) {
    after = push(after, item.connection, otherEnd(to), { ...item, outgoing: false })
  }
  for (const effect of effects) after = carry(after, to, effect)
  return after
}

function carry(world: World, from: 0 | 1, effect: PeerEffect): World {
  switch (effect.type) {
    case 'send': {
      const { connection, message } = effect
      return push(world, connection, otherEnd(from), { type: 'received', connection, bytes: encodeMessage(message) })
    }
    case 'close': {
      // Both ends hear of it, each after what was under way to it.
      const ended = { type: 'ended', connection: effect.connection } as const
      return push(push(world, effect.connection, otherEnd(from), ended), effect.connection, from, ended)
    }
    case 'dial':
      throw new Error('nobody dials anew')
    default:
      return world
  }
}

/** Goes through all orders in which what is on its way can arrive; gives the worlds in which nothing is left. */
function allEndings(first: World): { readonly endings: readonly World[]; readonly worlds: number } {
  const seen = new Set<string>()
  const endings: World[] = []
  const open = [first]
  for (let world = open.pop(); world !== undefined; world = open.pop()) {
    const name = JSON.stringify(world)
    if (seen.has(name)) continue
    seen.add(name)
    // The loop ends before the closure would see another world.
    const here: World = world
    const keys = Object.keys(here.wires).filter(key => (here.wires[key]?.items.length ?? 0) > 0)
    if (keys.length === 0) endings.push(here)
    for (const key of keys) open.push(take(here, key))
  }
  return { endings, worlds: seen.size }
}

describe('two nodes that dial each other at once', () => {
  const address = { host: 'there', port: 9735 }
  const dialling = (end: 0 | 1): PeerState =>
    peerStep(newPeer(idOf(2 - end)), { type: 'wanted', wanted: true, addresses: [address] }, CONTEXT).next
  const connected = (connection: number) => ({ type: 'connected', connection, outgoing: true, address }) as const

  it('keep the one of the lesser node id, in whatever order anything arrives, and dial no third', () => {
    let world: World = { ends: [dialling(0), dialling(1)], wires: {} }
    world = push(push(world, 10, 0, connected(10)), 20, 1, connected(20))
    const { endings, worlds } = allEndings(world)
    expect(worlds).toBeGreaterThan(100)
    expect(endings.length).toBeGreaterThan(0)
    for (const { ends } of endings) {
      for (const { line, dial } of ends) {
        expect(line).toMatchObject({ type: 'up', connection: 10 })
        expect(dial.phase).toEqual({ type: 'idle' })
      }
    }
  })

  it.each([0, 1] as const)('keep the one that there is, where only end %i dials', end => {
    let world: World = {
      ends: [end === 0 ? dialling(0) : newPeer(idOf(2)), end === 1 ? dialling(1) : newPeer(idOf(1))],
      wires: {},
    }
    world = push(world, 10, end, connected(10))
    for (const { ends } of allEndings(world).endings) {
      for (const { line } of ends) expect(line).toMatchObject({ type: 'up', connection: 10 })
    }
  })

  // The line that one end still believes in is connection 5; the other end lost it and dials.
  it.each([
    { loser: 0 as const, dialledBy: 0 as const },
    { loser: 1 as const, dialledBy: 1 as const },
    { loser: 0 as const, dialledBy: 1 as const },
  ])('replace a line that end $loser lost and end $dialledBy had dialled', ({ loser, dialledBy }) => {
    const keeper = otherEnd(loser)
    const stale = new One({ localNodeId: idOf(keeper + 1) })
    stale.state = newPeer(idOf(loser + 1))
    stale.do({ type: 'connected', connection: 5, outgoing: dialledBy === keeper })
    stale.receive(initOf(), 5)
    const ends = loser === 0 ? ([dialling(0), stale.state] as const) : ([stale.state, dialling(1)] as const)
    const { endings } = allEndings(push({ ends, wires: {} }, 10, loser, connected(10)))
    expect(endings.length).toBeGreaterThan(0)
    for (const world of endings) {
      for (const { line } of world.ends) expect(line).toMatchObject({ type: 'up', connection: 10 })
    }
  })
})
