import { describe, expect, it } from 'vitest'
import { BugError, concat } from '../../src/base/index.ts'
import { type CloseCode, localFeatures, supportedFeatures } from '../../src/peer/index.ts'
import { decodeMessage, encodeMessage, featureBits, type Init } from '../../src/wire/index.ts'
import { chainHash, closes, FEATURES_OF_OURS, initOf, One, otherChain, sends } from './one.ts'

// BOLT 1, the init message.

function connectedOne(context = {}): One {
  const one = new One(context)
  one.do({ type: 'connected', connection: 1, outgoing: false })
  return one
}

describe('our init', () => {
  it.each([true, false])('is the first message on a connection, outgoing: %s', outgoing => {
    const one = new One()
    const effects = one.all({ type: 'connected', connection: 7, outgoing })
    expect(effects).toEqual([
      {
        type: 'send',
        connection: 7,
        message: {
          type: 'init',
          globalfeatures: new Uint8Array(0),
          features: FEATURES_OF_OURS,
          networks: [chainHash],
        },
      },
      { type: 'wake', at: 30_000 },
    ])
    expect(one.state.line).toEqual({ type: 'handshaking', connection: 7, outgoing, since: 0 })
  })

  it('is one that the wire carries and that we would accept', () => {
    const decoded = decodeMessage(encodeMessage(initOf()))
    expect(decoded).toEqual({ ok: true, value: initOf() })
    expect(connectedOne().receive(initOf())).toHaveLength(1)
  })

  it('is said once for each connection: its number is never used again', () => {
    expect(() => connectedOne().do({ type: 'connected', connection: 1, outgoing: true })).toThrow(BugError)
  })
})

describe("the peer's init", () => {
  it('brings the line up', () => {
    const one = connectedOne().at(120)
    const negotiated = {
      upfrontShutdownScript: true,
      shutdownAnySegwit: true,
      simpleClose: true,
      largeChannels: true,
      scidAlias: true,
      zeroConf: true,
      attributionData: true,
    }
    expect(one.receive(initOf())).toEqual([{ type: 'up', connection: 1, negotiated, features: FEATURES_OF_OURS }])
    expect(one.state.line).toMatchObject({ type: 'up', since: 120, negotiated })
  })

  it('has two vectors of features, which are read as one', () => {
    const features = featureBits(12, 14)
    const [up] = connectedOne().receive(initOf({ globalfeatures: featureBits(0, 5), features }))
    expect(up).toMatchObject({
      type: 'up',
      features: featureBits(0, 5, 12, 14),
      negotiated: { upfrontShutdownScript: true },
    })
  })

  it.each([
    { name: 'unknown odd bits', init: { features: featureBits(9, 101, 65535 - 8) } },
    { name: 'no bits at all, as what all nodes have is assumed', init: { features: new Uint8Array(0) } },
    { name: 'padding', init: { features: concat(new Uint8Array(400), FEATURES_OF_OURS) } },
    { name: 'other chains too', init: { networks: [otherChain, chainHash] } },
    {
      name: 'what nodes in use require, and much that we do not offer as optional',
      init: { features: featureBits(0, 5, 7, 8, 11, 12, 14, 17, 19, 23, 25, 27, 29, 35, 39, 44, 47, 51, 63, 2023) },
    },
  ])('may have $name', ({ init }) => {
    expect(connectedOne().receive(initOf(init))).toMatchObject([{ type: 'up' }])
  })

  it('may say nothing of chains', () => {
    const { networks: _, ...init } = initOf()
    expect(connectedOne().receive(init)).toMatchObject([{ type: 'up' }])
  })

  it.each<{ name: string; init: Partial<Init>; says: RegExp; code?: CloseCode }>([
    { name: 'an unknown even bit', init: { features: featureBits(100) }, says: /bit 100/ },
    { name: 'the same in the other vector', init: { globalfeatures: featureBits(2) }, says: /bit 2/ },
    { name: 'a feature that we do not offer', init: { features: featureBits(28) }, says: /bit 28/ },
    { name: 'both bits of it', init: { features: featureBits(28, 29) }, says: /bit 28/ },
    { name: 'a missing dependency', init: { features: featureBits(61) }, says: /option_shutdown_anysegwit/ },
    { name: 'other chains only', init: { networks: [otherChain] }, says: /0606/, code: 'networks' },
    { name: 'no chain', init: { networks: [] }, says: /got 0/, code: 'networks' },
  ])('is refused with a warning for $name', ({ init, says, code }) => {
    const one = connectedOne()
    const effects = one.receive(initOf(init))
    expect(effects).toEqual([sends('warning'), closes(code ?? 'features')])
    const [warning] = effects
    if (warning?.type !== 'send' || warning.message.type !== 'warning') throw new Error('expected a warning')
    expect(warning.message.channelId).toBe('00'.repeat(32))
    expect(new TextDecoder().decode(warning.message.data)).toMatch(says)
    expect(one.state.line).toEqual({ type: 'none' })
  })

  it('has to offer what we require, where not every node has it anyway', () => {
    const features = localFeatures({ requireAnchors: true })
    const context = { features, supported: supportedFeatures(features) }
    const refused = connectedOne(context).receive(initOf({ features: featureBits(12) }))
    expect(refused).toEqual([sends('warning'), closes('features')])
    expect(connectedOne(context).receive(initOf({ features: featureBits(23) }))).toMatchObject([{ type: 'up' }])
  })

  it('comes once: a second one changes nothing', () => {
    const one = new One().up()
    const before = one.state
    expect(one.receive(initOf({ features: featureBits(100) }))).toEqual([])
    expect(one.state).toBe(before)
  })
})

describe('before the init of the peer', () => {
  it.each([
    { name: 'a ping', bytes: [0, 18, 0, 1, 0, 0], code: 'no_init' as const },
    { name: 'an error', bytes: [0, 17, ...new Array(32).fill(0), 0, 0], code: 'no_init' as const },
    { name: 'an unknown odd message', bytes: [0x99, 1], code: 'no_init' as const },
    { name: 'an unknown even message', bytes: [0x99, 2], code: 'undecodable' as const },
    { name: 'an init cut short', bytes: [0, 16, 0, 1], code: 'undecodable' as const },
    { name: 'nothing', bytes: [], code: 'undecodable' as const },
  ])('$name closes the connection, and nothing is sent', ({ bytes, code }) => {
    const one = connectedOne()
    expect(one.bytes(bytes)).toEqual([closes(code)])
    expect(one.state.line.type).toBe('none')
  })

  it('time runs out, and nothing is sent', () => {
    const one = connectedOne()
    expect(one.after(29_999)).toEqual([])
    expect(one.after(1)).toEqual([closes('init_timeout')])
    expect(one.after(60_000)).toEqual([])
  })

  it('the end of the connection is no end of a line that was up', () => {
    const one = connectedOne()
    expect(one.do({ type: 'ended', connection: 1 })).toEqual([])
    expect(one.state.line.type).toBe('none')
  })
})
