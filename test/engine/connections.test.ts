import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../src/base/index.ts'
import { pmapGet } from '../../src/base/index.ts'
import { encodeMessage } from '../../src/wire/index.ts'
import type { Side } from './side.ts'
import { failureOf, Stage } from './stage.ts'

// BOLT 1, connection handling, for a whole node: each request to be connected is answered once, whatever becomes of the dial.

const NOBODY = { id: `02${'11'.repeat(32)}` as NodeId, name: 'nobody' }
const entry = (side: Side, id: NodeId) => pmapGet(side.state.peers, id)

describe('connect_peer', () => {
  test('is answered when init was exchanged, also for several requests, and at once on a line that is up', () => {
    const stage = new Stage()
    const [alice, bob] = [stage.side('alice'), stage.side('bob')]
    const requests = [stage.dial(alice, bob), stage.dial(alice, bob)]
    expect(requests.map(request => alice.replyTo(request))).toEqual([undefined, undefined])
    stage.settle()
    requests.push(stage.dial(alice, bob), stage.dial(alice, bob, []))
    for (const request of requests) expect(alice.replyTo(request)).toEqual({ type: 'done' })
    expect(stage.wires.size).toBe(1)
    expect(alice.eventsOf('peer_connected')).toEqual([{ type: 'peer_connected', peer: bob.id }])
  })

  test('a stranger that comes and goes leaves no line in the log, and nothing in the state', () => {
    const stage = new Stage()
    const [alice, bob] = [stage.side('alice'), stage.side('bob')]
    stage.connect(alice, bob)
    expect(bob.log).toEqual([])
    expect(bob.isUp(alice.id)).toBe(true)
    stage.crash(alice)
    stage.settle()
    expect(entry(bob, alice.id)).toBeUndefined()
    expect([...bob.records.keys()].filter(key => key.startsWith('peer/'))).toEqual([])
  })

  test('ourselves, somebody whose address is not known, somebody who does not answer', () => {
    const stage = new Stage()
    const alice = stage.side('alice')
    expect(failureOf(alice.replyTo(stage.dial(alice, alice)))).toBe('own_node_id')
    expect(failureOf(alice.replyTo(stage.dial(alice, NOBODY, [])))).toBe('no_address')
    expect(alice.records.size).toBe(alice.records.size)
    const request = stage.dial(alice, NOBODY)
    stage.settle()
    expect(failureOf(alice.replyTo(request))).toBe('unreachable')
    // It goes on being dialled, and a later request waits for the next dial.
    const again = stage.dial(alice, NOBODY, [])
    stage.settle()
    expect(failureOf(alice.replyTo(again))).toBe('unreachable')
  })

  test('a user who changes their mind while it is dialled: both requests are answered, and the end of the dial is no surprise', () => {
    const stage = new Stage()
    const alice = stage.side('alice')
    const request = stage.dial(alice, NOBODY)
    const off = alice.ask(number => ({ type: 'disconnect_peer', request: number, nodeId: NOBODY.id }))
    expect(alice.replyTo(off)).toEqual({ type: 'done' })
    expect(failureOf(alice.replyTo(request))).toBe('disconnected')
    stage.settle()
    expect(entry(alice, NOBODY.id)).toBeUndefined()
    expect([...alice.records.keys()].filter(key => key.startsWith('peer/'))).toEqual([])
  })

  test('a dial of the start, given up by the user before it fails', () => {
    const stage = new Stage()
    const alice = stage.side('alice')
    stage.dial(alice, NOBODY)
    stage.restart(alice)
    expect(alice.inbox).toEqual([expect.objectContaining({ type: 'dial_failed' })])
    alice.ask(number => ({ type: 'disconnect_peer', request: number, nodeId: NOBODY.id }))
    stage.settle()
    expect(entry(alice, NOBODY.id)).toBeUndefined()
  })

  test('a dial that succeeds after the user gave it up is not kept', () => {
    const stage = new Stage()
    const [alice, bob] = [stage.side('alice'), stage.side('bob')]
    const request = stage.dial(alice, bob)
    alice.ask(number => ({ type: 'disconnect_peer', request: number, nodeId: bob.id }))
    stage.settle()
    expect(failureOf(alice.replyTo(request))).toBe('disconnected')
    expect(alice.replies.get(request)).toHaveLength(1)
  })

  test('the peer hangs up before its init: the request is answered, and the peer is dialled again later', () => {
    const stage = new Stage()
    const [alice, bob] = [stage.side('alice'), stage.side('bob')]
    const request = stage.dial(alice, bob)
    stage.answer(alice)
    stage.crash(bob)
    stage.settle()
    expect(failureOf(alice.replyTo(request))).toBe('unreachable')
    bob.start()
    stage.wait(60_000)
    expect(alice.isUp(bob.id)).toBe(true)
    expect(alice.replies.get(request)).toHaveLength(1)
  })

  test('a peer whose init never comes, or is nonsense', () => {
    const stage = new Stage()
    const [alice, bob] = [stage.side('alice'), stage.side('bob')]
    const late = stage.dial(alice, bob)
    stage.answer(alice)
    stage.now += 31_000
    alice.turn({ type: 'tick' })
    expect(failureOf(alice.replyTo(late))).toBe('unreachable')
    const carol = stage.side('carol')
    const nonsense = stage.dial(alice, carol)
    stage.answer(alice)
    stage.answer(alice)
    stage.forge(carol, alice, Uint8Array.of(0x7f, 0xfe))
    expect(failureOf(alice.replyTo(nonsense))).toBe('unreachable')
  })
})

describe('two connections with one peer', () => {
  test('one stays, channels live on over it, and both ends agree on which', () => {
    for (const dialsAgain of ['alice', 'bob'] as const) {
      const stage = new Stage()
      const [alice, bob] = stage.sidesOf(['alice', 'bob'])
      const id = stage.ready(alice, bob, { push: 50_000n })
      if (dialsAgain === 'alice') stage.join(alice, bob)
      else stage.join(bob, alice)
      stage.settle()
      const open = [...stage.wires.values()].filter(({ left }) => left.size === 0)
      expect(open).toHaveLength(1)
      const request = stage.keysend(bob, alice, 1_000n)
      stage.settle()
      expect(bob.replyTo(request)).toMatchObject({ payment: { status: 'succeeded' } })
      expect(alice.link(id).state.channel?.state).toBe('normal')
    }
  })

  test('what still comes over the one that went means nothing', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    stage.ready(alice, bob)
    const first = stage.wireOf(alice, bob)
    stage.join(alice, bob)
    stage.settle()
    const before = bob.state
    const bytes = encodeMessage({ type: 'error', channelId: '00'.repeat(32) as never, data: new Uint8Array(0) })
    bob.turn({ type: 'received', connection: first, nodeId: alice.id, bytes })
    bob.turn({ type: 'ended', connection: first, nodeId: alice.id })
    expect(bob.state).toBe(before)
  })
})

describe('disconnect_peer', () => {
  test('with a channel it is a pause: the peer is dialled again', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    stage.ready(alice, bob)
    const off = alice.ask(number => ({ type: 'disconnect_peer', request: number, nodeId: bob.id }))
    expect(alice.replyTo(off)).toEqual({ type: 'done' })
    stage.settle()
    expect(alice.isUp(bob.id)).toBe(false)
    stage.wait(60_000)
    expect(alice.isUp(bob.id)).toBe(true)
    stage.restart(alice)
    stage.settle()
    expect(alice.isUp(bob.id)).toBe(true)
  })

  test('without one it is the end, and a start does not dial either', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    alice.ask(number => ({ type: 'disconnect_peer', request: number, nodeId: bob.id }))
    stage.settle()
    stage.wait(600_000)
    stage.restart(alice)
    stage.settle()
    stage.wait(600_000)
    expect(alice.isUp(bob.id)).toBe(false)
    expect(alice.state.peers.size).toBe(0)
    expect(bob.state.peers.size).toBe(0)
  })

  test('somebody we never heard of: nothing is kept of them', () => {
    const stage = new Stage()
    const alice = stage.side('alice')
    const records = alice.records.size
    expect(
      alice.replyTo(alice.ask(number => ({ type: 'disconnect_peer', request: number, nodeId: NOBODY.id }))),
    ).toEqual({
      type: 'done',
    })
    expect(alice.records.size).toBe(records)
    expect(alice.state.peers.size).toBe(0)
  })

  test('a peer with closed channels alone is not dialled after a start', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob)
    stage.close(alice, id)
    stage.mine(8)
    expect(alice.channelStates()).toEqual(['closed'])
    alice.ask(number => ({ type: 'disconnect_peer', request: number, nodeId: bob.id }))
    stage.settle()
    stage.wait(600_000)
    stage.restart(alice)
    stage.settle()
    expect(alice.isUp(bob.id)).toBe(false)
  })
})

describe('maxConnections', () => {
  test('strangers are turned away, peers with channels and those whom the user wants are not', () => {
    const stage = new Stage()
    const bob = stage.side('bob', { engine: { maxConnections: 2 } })
    bob.fund(2_000_000n)
    const [alice, carol, dave, eve] = ['alice', 'carol', 'dave', 'eve'].map(name => stage.side(name)) as [
      Side,
      Side,
      Side,
      Side,
    ]
    stage.catchUp()
    stage.connect(alice, bob)
    stage.ready(bob, alice)
    stage.connect(carol, bob)
    const refused = stage.dial(dave, bob)
    stage.settle()
    expect(bob.isUp(dave.id)).toBe(false)
    expect(failureOf(dave.replyTo(refused))).toBe('unreachable')
    // A second line of one that has a line is no more than a change of lines.
    stage.join(carol, bob)
    stage.settle()
    expect(bob.isUp(carol.id)).toBe(true)
    // Who has a channel is let in.
    stage.cut(alice, bob)
    stage.connect(eve, bob)
    stage.wait(60_000)
    expect(bob.isUp(alice.id)).toBe(true)
    // And whom we dial ourselves.
    const wanted = stage.dial(bob, dave)
    stage.settle()
    expect(bob.replyTo(wanted)).toEqual({ type: 'done' })
  })
})
