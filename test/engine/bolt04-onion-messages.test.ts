import { describe, expect, test } from 'vitest'
import { type ChannelId, defined, type NodeId, toHex } from '../../src/base/index.ts'
import { shortChannelIdOf } from '../../src/link/index.ts'
import {
  buildOnionMessage,
  createBlindedPath,
  type OnionMessageFields,
  openOnionMessage,
  type RecipientData,
} from '../../src/onion/index.ts'
import { localFeatures, supportedFeatures } from '../../src/peer/index.ts'
import { decodeMessage, type OnionMessage, type ShortChannelId, shortChannelId } from '../../src/wire/index.ts'
import type { Limits, Side } from './side.ts'
import { Stage } from './stage.ts'

// BOLT 4, onion messages: Alice sends one to Carol through Bob, who is a peer of both. Alice's is made by the test.

const CONTENT = { unknown: [{ type: 65_537n, value: Uint8Array.of(1, 2, 3) }] }
const SHORT = { maxOnionMessagesAtOnce: 3, onionMessagesPerSecond: 2 }

/** It offers what it would not by itself. */
function offering(side: Side, onionMessages: boolean): void {
  const features = localFeatures({ onionMessages })
  const context = side.context.bind(side)
  side.context = () => ({ ...context(), features, supported: supportedFeatures(features) })
}

class Post {
  readonly stage = new Stage()
  readonly alice: Side
  readonly bob: Side
  readonly carol: Side
  /** The onion messages that each has sent. */
  readonly sent: { readonly by: string; readonly message: OnionMessage }[] = []

  constructor({ off = [], limits = {} }: { readonly off?: readonly string[]; readonly limits?: Limits } = {}) {
    const [alice, bob, carol] = ['alice', 'bob', 'carol'].map(name => {
      const side = this.stage.side(name, limits)
      offering(side, !off.includes(name))
      return side
    })
    this.alice = defined(alice, 'she is one of them')
    this.bob = defined(bob, 'he is one of them')
    this.carol = defined(carol, 'she is one of them')
    this.stage.connect(this.alice, this.bob)
    this.stage.connect(this.bob, this.carol)
    this.stage.onSent = (from, bytes) => {
      const decoded = decodeMessage(bytes)
      if (decoded.ok && decoded.value.type === 'onion_message') {
        this.sent.push({ by: from.name, message: decoded.value })
      }
    }
  }

  /** A channel that is used. */
  channel(opener: Side, other: Side): ChannelId {
    opener.fund(2_000_000n)
    this.stage.catchUp()
    return this.stage.ready(opener, other, { capacity: 800_000n, push: 100_000n })
  }

  /** For Carol, through Bob, who is told the next one like this. */
  message(toBob: RecipientData = { nextNodeId: this.carol.id }): OnionMessageFields {
    const path = createBlindedPath({
      pathSecret: this.stage.freshBytes(),
      hops: [
        { nodeId: this.bob.id, data: toBob },
        { nodeId: this.carol.id, data: { pathId: Uint8Array.of(7) } },
      ],
    })
    if (!path.ok) throw new Error(path.error.message)
    return this.#built({ type: 'path', path: path.value })
  }

  /** That ends here. */
  messageFor(nodeId: NodeId): OnionMessageFields {
    return this.#built({ type: 'node', nodeId })
  }

  /** Bob hears it. */
  toBob(fields: OnionMessageFields, from = this.alice): void {
    this.stage.forge(from, this.bob, { type: 'onion_message', ...fields })
    this.stage.settle()
  }

  get passedOn(): number {
    return this.sent.filter(({ by }) => by === 'bob').length
  }

  #built(destination: Parameters<typeof buildOnionMessage>[0]['destination']): OnionMessageFields {
    const [sessionKey, pathSecret] = [this.stage.freshBytes(), this.stage.freshBytes()]
    const built = buildOnionMessage({ sessionKey, pathSecret, intermediateNodes: [], destination, content: CONTENT })
    if (!built.ok) throw new Error(built.error.message)
    return built.value.message
  }
}

/** Nothing was said to anybody, no line broke, and nothing was stored. */
function expectSilence(post: Post, act: () => void): void {
  const { stage, bob, alice, carol } = post
  const [said, { onSent }] = [[] as string[], stage]
  const before = toHex(new TextEncoder().encode([...bob.records].map(([key, value]) => key + toHex(value)).join()))
  stage.onSent = from => said.push(from.name)
  act()
  stage.onSent = onSent
  expect(said).toEqual([])
  expect([bob.isUp(alice.id), bob.isUp(carol.id)]).toEqual([true, true])
  const after = toHex(new TextEncoder().encode([...bob.records].map(([key, value]) => key + toHex(value)).join()))
  expect(after).toBe(before)
}

describe('a message for a peer', () => {
  test('goes on, and she reads what was written', () => {
    const post = new Post()
    post.toBob(post.message())
    expect(post.sent.map(({ by }) => by)).toEqual(['bob'])
    const { message } = defined(post.sent[0], 'it went on')
    expect(message.onionMessagePacket).toHaveLength(1366)
    const opened = openOnionMessage({ message, nodeSecret: post.carol.context().nodeSecret })
    expect(opened).toEqual({ ok: true, value: { type: 'final', content: CONTENT, pathId: Uint8Array.of(7) } })
  })

  test('goes on by the id of a channel, and by its alias', () => {
    const post = new Post()
    const channelId = post.channel(post.bob, post.carol)
    const { state, alias } = post.bob.link(channelId)
    const names = [shortChannelIdOf(state), alias].map(name => defined(name, 'it has both'))
    for (const id of names) post.toBob(post.message({ shortChannelId: id as ShortChannelId }))
    expect(post.passedOn).toBe(2)
  })

  test('goes on with the key that the path wants', () => {
    const post = new Post()
    const nextPathKeyOverride = post.message().pathKey
    post.toBob(post.message({ nextNodeId: post.carol.id, nextPathKeyOverride }))
    expect(post.sent[0]?.message.pathKey).toEqual(nextPathKeyOverride)
  })

  test('goes back to where it came from, where the path says so', () => {
    const post = new Post()
    post.toBob(post.message({ nextNodeId: post.alice.id }))
    expect(post.passedOn).toBe(1)
  })
})

describe('is dropped without a word', () => {
  test.each<[string, (post: Post) => OnionMessageFields]>([
    ['for a channel that is not there', post => post.message({ shortChannelId: nowhere })],
    ['for a node that is no peer', post => post.message({ nextNodeId: strangerOf(post) })],
    ['for Bob himself', post => post.messageFor(post.bob.id)],
    ['whose next hop is Bob himself', post => post.message({ nextNodeId: post.bob.id })],
    ['that names nobody', post => post.message({})],
    ['that was encrypted for somebody else', post => post.messageFor(post.carol.id)],
    ['with a feature that nobody knows', post => post.message(withFeature(post))],
    ['that is no onion', post => ({ ...post.message(), onionMessagePacket: new Uint8Array(1366) })],
    ['that is empty', post => ({ ...post.message(), onionMessagePacket: new Uint8Array(0) })],
    ['that is too long', post => ({ ...post.message(), onionMessagePacket: new Uint8Array(32_835) })],
  ])('one %s', (_, made) => {
    const post = new Post()
    const message = made(post)
    expectSilence(post, () => post.toBob(message))
    post.toBob(post.message())
    expect(post.passedOn).toBe(1)
  })

  test('one for a peer that went away', () => {
    const post = new Post()
    const message = post.message()
    post.stage.crash(post.carol)
    post.stage.settle()
    post.toBob(message)
    expect(post.passedOn).toBe(0)
  })

  test.each([['alice'], ['bob'], ['carol']])('each, where %s does without the feature', name => {
    const post = new Post({ off: [name] })
    const message = post.message()
    expectSilence(post, () => post.toBob(message))
  })

  test('each, by default', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const before = bob.state
    stage.forge(alice, bob, { type: 'onion_message', ...new Post().messageFor(bob.id) })
    expect(bob.state.strangersOnionMessages).toBeUndefined()
    expect(bob.state.peers).toBe(before.peers)
  })
})

const nowhere = shortChannelId({ blockHeight: 1, txIndex: 1, outputIndex: 0 })
const strangerOf = ({ stage }: Post): NodeId => stage.side('dave').id
const withFeature = (post: Post): RecipientData => ({ nextNodeId: post.carol.id, allowedFeatures: Uint8Array.of(1) })

describe('a flood', () => {
  test('of a peer without a channel goes on at the rate that is allowed, and is not even opened beyond it', () => {
    const post = new Post({ limits: { engine: SHORT } })
    for (let i = 0; i < 10; i++) post.toBob(post.message())
    expect(post.passedOn).toBe(3)
    post.stage.now += 1_000
    for (let i = 0; i < 10; i++) post.toBob(post.message())
    expect(post.passedOn).toBe(5)
    post.stage.now += 60_000
    for (let i = 0; i < 10; i++) post.toBob(post.message())
    expect(post.passedOn).toBe(8)
  })

  test('of strangers leaves those with a channel their own share, in both directions', () => {
    const post = new Post({ limits: { engine: SHORT } })
    post.channel(post.alice, post.bob)
    const dave = post.stage.side('dave', { engine: SHORT })
    offering(dave, true)
    post.stage.connect(dave, post.bob)
    for (let i = 0; i < 5; i++) post.toBob(post.message(), dave)
    expect(post.passedOn).toBe(3)
    // To Alice, who has a channel, and not to Carol, who has none.
    for (let i = 0; i < 2; i++) post.toBob(post.message(), post.alice)
    expect(post.passedOn).toBe(3)
    post.toBob(post.message({ nextNodeId: post.alice.id }), post.alice)
    expect(post.passedOn).toBe(4)
  })

  test('of messages that nobody can read takes its share as well', () => {
    const post = new Post({ limits: { engine: SHORT } })
    for (let i = 0; i < 3; i++) post.toBob(post.messageFor(post.carol.id))
    post.toBob(post.message())
    expect(post.passedOn).toBe(0)
  })

  test('goes on where a clock was set back, no faster than before', () => {
    const post = new Post({ limits: { engine: SHORT } })
    for (let i = 0; i < 5; i++) post.toBob(post.message())
    post.stage.now -= 60_000
    for (let i = 0; i < 5; i++) post.toBob(post.message())
    expect(post.passedOn).toBe(3)
    // The clock of those who send is found to be another one first, then that of those who are sent to.
    for (const passed of [3, 5]) {
      post.stage.now += 1_000
      for (let i = 0; i < 5; i++) post.toBob(post.message())
      expect(post.passedOn).toBe(passed)
    }
  })
})
