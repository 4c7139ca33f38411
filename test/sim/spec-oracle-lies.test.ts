import { describe, expect, test } from 'vitest'
import type { ChannelId } from '../../src/base/index.ts'
import type { Side } from '../engine/side.ts'
import { Stage } from '../engine/stage.ts'
import { Overseer } from './oracleStage.ts'

// An oracle that never complains would be worth nothing: each of these is a lie of the world or of a store.

interface Scene {
  readonly stage: Stage
  readonly alice: Side
  readonly bob: Side
  readonly overseer: Overseer
  readonly channel: ChannelId
}

function scene(): Scene {
  const stage = new Stage()
  const overseer = new Overseer()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  for (const side of [alice, bob]) {
    side.compares = false
    overseer.watch(side)
  }
  const channel = stage.ready(alice, bob, { push: 90_000n })
  stage.keysend(alice, bob, 2_000n)
  stage.settle()
  expect(overseer.complaints).toEqual([])
  return { stage, alice, bob, overseer, channel }
}

const queueOf = ({ stage, alice, bob }: Scene, to: Side) => stage.wires.get(stage.wireOf(alice, bob))?.on.get(to) ?? []

function finish({ stage, overseer }: Scene): string {
  stage.settle()
  return overseer.complaints[0] ?? ''
}

describe('the oracle complains', () => {
  test('not, where nothing is wrong', () => {
    const world = scene()
    world.stage.keysend(world.bob, world.alice, 3_000n)
    world.stage.restart(world.alice)
    world.stage.wait(30_000)
    expect(finish(world)).toBe('')
    expect(world.overseer.oracle.steps).toBeGreaterThan(15)
  })

  test('of a message that was lost on its way', () => {
    const world = scene()
    world.stage.keysend(world.alice, world.bob, 3_000n)
    expect(queueOf(world, world.bob).shift()).toBeDefined()
    expect(finish(world)).toMatch(/^bob, channel \w{8}: it got sign, where add was next on its way$/)
  })

  test('of a message that comes twice', () => {
    const world = scene()
    world.stage.keysend(world.alice, world.bob, 3_000n)
    const queue = queueOf(world, world.bob)
    const last = queue.at(-1)
    if (last !== undefined) queue.push(last)
    expect(finish(world)).toMatch(/^bob, channel \w{8}: it got sign, which was not on its way$/)
  })

  test('of a store that has forgotten the last turn', () => {
    const world = scene()
    world.stage.keysend(world.alice, world.bob, 3_000n)
    const old = new Map(world.bob.records)
    world.stage.settle()
    world.stage.crash(world.bob)
    world.bob.records = old
    world.bob.start()
    expect(finish(world)).toMatch(/^bob, channel \w{8}: the store has forgotten what was durable: commitment number/)
  })

  test('of a turn whose message was kept back', () => {
    const world = scene()
    const { alice, bob, stage, overseer } = world
    stage.keysend(alice, bob, 3_000n)
    const turned = overseer.oracle.turned.bind(overseer.oracle)
    overseer.oracle.turned = (name, turn) =>
      turned(name, {
        ...turn,
        effects: turn.effects.filter(effect => effect.type !== 'send' || effect.bytes[1] !== 133),
      })
    expect(finish(world)).toMatch(/^bob, channel \w{8}: it owes revoke and has not sent it$/)
  })

  test('of a message that nothing allows', () => {
    const world = scene()
    const { alice, bob, stage, overseer, channel } = world
    const turned = overseer.oracle.turned.bind(overseer.oracle)
    const connection = stage.wireOf(alice, bob)
    const revoke = new Uint8Array(2 + 32 + 32 + 33)
    revoke.set([0, 133])
    for (let i = 0; i < 32; i++) revoke[2 + i] = Number.parseInt(channel.slice(2 * i, 2 * i + 2), 16)
    const complaint = turned('alice', {
      inputs: [],
      after: alice.state,
      effects: [{ type: 'send', connection, bytes: revoke }],
    })
    expect(complaint).toMatch(
      /^alice, channel \w{8}: it sent revoke, which the specification does not let it send here$/,
    )
  })

  test('not of a last turn that the store has kept, though the process ended before it knew', () => {
    const world = scene()
    const { alice, bob, stage, overseer } = world
    stage.keysend(alice, bob, 3_000n)
    stage.deliver(stage.wireOf(alice, bob), bob)
    const { oracle } = overseer
    const turned = oracle.turned.bind(oracle)
    oracle.turned = (name, turn) => {
      if (name !== 'bob') return turned(name, turn)
      oracle.stepped(name, turn)
      return undefined
    }
    const before = bob.channels()[0]?.durable.localCommit.number ?? 0
    stage.deliver(stage.wireOf(alice, bob), bob)
    expect(bob.channels()[0]?.durable.localCommit.number).toBe(before + 1)
    // Nothing of that turn has left.
    queueOf(world, alice).length = 0
    stage.crash(bob)
    oracle.turned = turned
    bob.start()
    expect(overseer.complaints).toEqual([])
    stage.wait(30_000)
    expect(finish(world)).toBe('')
  })

  test('no more of a node that is known to have an old copy', () => {
    const world = scene()
    world.stage.keysend(world.alice, world.bob, 3_000n)
    const old = new Map(world.bob.records)
    world.stage.settle()
    world.stage.crash(world.bob)
    world.bob.records = old
    world.overseer.oracle.forget('bob')
    world.bob.start()
    expect(finish(world)).toBe('')
  })
})
