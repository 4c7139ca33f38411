import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { channelId, feeratePerKw } from '../../src/base/index.ts'
import { localFeatures, supportedFeatures } from '../../src/peer/index.ts'
import { combineFeatures, featureBits, type Message } from '../../src/wire/index.ts'
import { messageArbitraries } from '../wire/arbitraries.ts'
import { chainHash, closes, DOWN, FEATURES_OF_OURS, initOf, One, sends } from './one.ts'

// BOLT 1, Lightning message format; the error and warning messages. BOLT 9, features: what a message belongs to.

const ALL = channelId(new Uint8Array(32))
const ONE = channelId(new Uint8Array(32).fill(1))
const data = Uint8Array.of(0x41)
const FEATURES_WITHOUT_CLOSE = localFeatures({ simpleClose: false })

describe('a message on a line that is up', () => {
  it.each<{ message: Message }>([
    { message: { type: 'error', channelId: ALL, data } },
    { message: { type: 'error', channelId: ONE, data } },
    { message: { type: 'warning', channelId: ALL, data } },
    { message: { type: 'update_fee', channelId: ONE, feeratePerKw: feeratePerKw(253) } },
    {
      message: {
        type: 'gossip_timestamp_filter',
        chainHash: chainHash,
        firstTimestamp: 0,
        timestampRange: 1,
      },
    },
  ])('of type $message.type is delivered', ({ message }) => {
    const one = new One().up()
    const before = one.state
    expect(one.receive(message)).toEqual([{ type: 'deliver', message }])
    // The common path: nothing new but the effect.
    expect(one.state).toBe(before)
  })

  it('is remembered as a sign of life, more or less', () => {
    const one = new One().up()
    const before = one.state
    one.at(999).receive({ type: 'warning', channelId: ALL, data })
    expect(one.state).toBe(before)
    one.at(1_000).receive({ type: 'warning', channelId: ALL, data })
    expect(one.state.line).toMatchObject({ heardAt: 1_000 })
  })

  it('is ignored where its type is unknown and odd', () => {
    expect(new One().up().bytes([0x99, 1, 1, 2, 3])).toEqual([])
  })

  it.each([
    { name: 'of an unknown even type', bytes: [0x99, 2] },
    { name: 'cut short', bytes: [0, 17, 0] },
    { name: 'without a type', bytes: [0] },
    { name: 'with an unknown even record', bytes: [0, 19, 0, 0, 0x70, 0] },
  ])('$name closes the connection with a warning', ({ bytes }) => {
    const one = new One().up()
    expect(one.bytes(bytes)).toEqual([sends('warning'), closes('undecodable'), DOWN])
    expect(one.state.line.type).toBe('none')
  })

  it('of another connection is dropped, be it garbage', () => {
    const one = new One().up(5)
    const before = one.state
    expect(one.receive({ type: 'error', channelId: ALL, data }, 4)).toEqual([])
    expect(one.bytes([1], 6)).toEqual([])
    expect(one.do({ type: 'ended', connection: 4 })).toEqual([])
    expect(one.state).toBe(before)
  })

  it('after the end is dropped', () => {
    const one = new One().up()
    expect(one.do({ type: 'ended', connection: 1 })).toEqual([DOWN])
    expect(one.receive({ type: 'error', channelId: ALL, data })).toEqual([])
    expect(one.do({ type: 'ended', connection: 1 })).toEqual([])
  })
})

describe('a message of a feature', () => {
  // The table as a list loses which arbitrary belongs to which type, which does not matter here.
  const samples = (Object.values(messageArbitraries) as fc.Arbitrary<Message>[]).flatMap(messages =>
    fc.sample(messages, { numRuns: 1, seed: 1 }),
  )
  const typesDelivered = (bits: readonly number[]) => {
    const features = combineFeatures(FEATURES_WITHOUT_CLOSE, featureBits(...bits))
    const delivered = samples.flatMap(message => {
      const one = new One({ features, supported: supportedFeatures(features) }).up(1, initOf({ features }))
      return one.receive(message).flatMap(effect => (effect.type === 'deliver' ? [effect.message.type] : []))
    })
    return new Set<string>(delivered)
  }
  const interactiveTx = ['add_input', 'add_output', 'remove_input', 'remove_output', 'complete', 'signatures']
  const transactions = [...interactiveTx, 'init_rbf', 'ack_rbf', 'abort'].map(name => `tx_${name}`)
  const splices = ['splice_init', 'splice_ack', 'splice_locked', 'start_batch']

  it.each([
    { feature: 'option_simple_close', bits: [61], types: ['closing_complete', 'closing_sig'] },
    { feature: 'option_dual_fund', bits: [29], types: ['open_channel2', 'accept_channel2', ...transactions] },
    { feature: 'option_quiesce', bits: [35], types: ['stfu'] },
    { feature: 'option_splice', bits: [63], types: ['stfu', ...splices, ...transactions] },
    { feature: 'option_provide_storage', bits: [43], types: ['peer_storage', 'peer_storage_retrieval'] },
    { feature: 'option_onion_messages', bits: [39], types: ['onion_message'] },
  ])('is delivered where $feature is negotiated', ({ bits, types }) => {
    const [without, withIt] = [typesDelivered([]), typesDelivered(bits)]
    expect([...withIt].filter(type => !without.has(type)).toSorted()).toEqual(types.toSorted())
    expect([...without].filter(type => !withIt.has(type))).toEqual([])
  })

  it.each(['peer_storage', 'peer_storage_retrieval'] as const)('%s is delivered where one of the two keeps', type => {
    const message = { type, blob: data }
    const [without, keeping] = [FEATURES_WITHOUT_CLOSE, combineFeatures(FEATURES_WITHOUT_CLOSE, featureBits(43))]
    const heard = (local: Uint8Array, remote: Uint8Array) => {
      const one = new One({ features: local, supported: supportedFeatures(local) }).up(1, initOf({ features: remote }))
      return one.receive(message).some(effect => effect.type === 'deliver')
    }
    expect([heard(keeping, without), heard(without, keeping), heard(without, without)]).toEqual([true, true, false])
  })

  it('needs no feature where it belongs to none', () => {
    // All but the twenty-one above, and init, ping and pong, which are answered here.
    expect(typesDelivered([]).size).toBe(samples.length - 21 - 3)
  })

  const even: readonly Message[] = [
    { type: 'stfu', channelId: ONE, initiator: true },
    { type: 'tx_complete', channelId: ONE },
  ]
  const odd: readonly Message[] = [
    { type: 'onion_message', pathKey: new Uint8Array(33).fill(2), onionMessagePacket: data },
    { type: 'tx_remove_output', channelId: ONE, serialId: 1n },
  ]

  it.each(even)('that is not negotiated is unknown: $type is even and closes the connection', message => {
    expect(new One().up().receive(message)).toEqual([sends('warning'), closes('not_negotiated'), DOWN])
  })

  it.each([...odd, { type: 'peer_storage', blob: data } as const])(
    'that is not negotiated is unknown: $type is odd and ignored',
    message => {
      expect(new One().up().receive(message)).toEqual([])
    },
  )

  it.each([...even, ...odd])('that is negotiated is delivered: $type', message => {
    const features = combineFeatures(FEATURES_OF_OURS, featureBits(29, 35, 39, 43))
    const one = new One({ features, supported: supportedFeatures(features) })
    expect(one.up(1, initOf({ features })).receive(message)).toEqual([{ type: 'deliver', message }])
    // One side alone negotiates nothing.
    const alone = new One({ features, supported: supportedFeatures(features) })
    expect(alone.up().receive(message)).not.toContainEqual({ type: 'deliver', message })
  })
})

describe('hanging up', () => {
  it('closes a line that is up, and says so', () => {
    const one = new One().up(3)
    expect(one.do({ type: 'hang_up', reason: 'channel warning' })).toEqual([
      { type: 'close', connection: 3, reason: { code: 'hang_up', message: 'channel warning' } },
      DOWN,
    ])
  })

  it('closes one that is not up yet', () => {
    const one = new One()
    one.do({ type: 'connected', connection: 3, outgoing: true })
    expect(one.do({ type: 'hang_up', reason: 'shutting down' })).toEqual([closes('hang_up', 3)])
  })

  it('without a line does nothing', () => {
    const one = new One()
    const before = one.state
    expect(one.do({ type: 'hang_up', reason: 'shutting down' })).toEqual([])
    expect(one.state).toBe(before)
  })
})
