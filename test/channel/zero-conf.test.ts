import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defined, sat } from '../../src/base/index.ts'
import { acceptChannel } from '../../src/channel/handlers/acceptChannel.ts'
import { channelTypeOf, variantOf } from '../../src/channel/handlers/channelType.ts'
import { openChannel } from '../../src/channel/handlers/openChannel.ts'
import { featureBits, listFeatures, type ShortChannelId } from '../../src/wire/index.ts'
import {
  ALL_FEATURES,
  answered,
  confirm,
  connect,
  contextOf,
  type Duo,
  deliver,
  disconnect,
  durableOf,
  effectsOf,
  fundChannelEffect,
  fundedOf,
  input,
  type Name,
  type OpeningOptions,
  opened,
  proposed,
  received,
  requestOf,
  rewired,
  START_HEIGHT,
  sentBy,
  signed,
  walletTx,
} from './harness.ts'
import { pay, settle } from './payments.ts'

// BOLT 2, defined channel types: option_scid_alias and option_zeroconf; and the channel that is used before it is confirmed.

const NAMES: readonly Name[] = ['alice', 'bob']
const ALIAS: Readonly<Record<Name, ShortChannelId>> = {
  alice: '16000000x1x1' as ShortChannelId,
  bob: '16000000x2x2' as ShortChannelId,
}
const TRUSTED: OpeningOptions = { variations: { zeroConf: true }, trustZeroConf: true }

/** Both have signed for it, and have names for it. */
function signedFor(options: OpeningOptions): Duo {
  const duo = signed(options)
  for (const name of NAMES) duo[name].context = { ...duo[name].context, scidAlias: ALIAS[name] }
  return duo
}

/** In use, without a block. */
function used(options: OpeningOptions = TRUSTED): Duo {
  const duo = signedFor(options)
  settle(duo)
  return duo
}

const statesOf = (duo: Duo) => NAMES.map(name => duo[name].channel.state)

function atHeight(duo: Duo, name: Name, height: number) {
  duo[name].context = { ...duo[name].context, height }
  return input(duo, name, { type: 'block' })
}

describe('channel types', () => {
  const variant = fc.record({
    format: fc.constantFrom('static_remotekey', 'anchors_zero_fee_htlc'),
    scidAlias: fc.boolean(),
    zeroConf: fc.boolean(),
  })

  it('are the basic ones with any of the two variations, and each means what it says', () => {
    fc.assert(
      fc.property(variant, each => {
        expect(variantOf(channelTypeOf(each))).toEqual(each)
        expect(listFeatures(channelTypeOf(each))).toEqual([
          12,
          ...(each.format === 'anchors_zero_fee_htlc' ? [22] : []),
          ...(each.scidAlias ? [46] : []),
          ...(each.zeroConf ? [50] : []),
        ])
      }),
    )
  })

  it.each([[12, 47], [12, 22, 51], [22], [50], [12, 22, 44], []])('%j is none of them', (...bits) => {
    expect(variantOf(featureBits(...bits))).toBeUndefined()
  })
})

describe('a stranger gets nothing without confirmations', () => {
  const bits = fc.subarray([46, 50])
  it('whatever it offers and asks for: our minimum_depth is never 0, and no channel of that type comes to be', () => {
    fc.assert(
      fc.property(
        bits,
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 0, max: 3 }),
        (some, scidAlias, zeroConf, depth) => {
          const { message } = proposed()
          const asked = { ...message, channelType: featureBits(12, 22, ...some) }
          const negotiated = { ...ALL_FEATURES, scidAlias, zeroConf }
          const request = { message: rewired(asked), channelKeyIndex: 0, negotiated, trustZeroConf: false }
          const { next, effects, failure } = acceptChannel(request, contextOf('bob', { minimumDepth: depth }))
          if (some.includes(50)) {
            expect(next.state).toBe('aborted')
            expect(failure?.severity).toBe('fail_channel')
          }
          for (const said of sentBy({ effects })) {
            if (said.type === 'accept_channel') expect(said.minimumDepth).toBeGreaterThan(0)
          }
        },
      ),
    )
  })

  it('and is told why', () => {
    const { bob } = answered({ variations: { zeroConf: true } })
    expect(bob.channel).toMatchObject({ state: 'aborted', reason: expect.stringContaining('named as one to trust') })
    expect(sentBy(bob)).toMatchObject([{ type: 'error' }])
  })
})

describe('what may be asked for', () => {
  it.each([
    ['scid_alias_not_negotiated', { scidAlias: true }, false],
    ['zeroconf_not_negotiated', { zeroConf: true }, false],
    ['scid_alias_of_announced_channel', { scidAlias: true }, true],
  ] as const)('%s is refused to our own user and to the peer', (code, variations, announce) => {
    const negotiated = announce ? ALL_FEATURES : { ...ALL_FEATURES, scidAlias: false, zeroConf: false }
    const request = { ...requestOf({ negotiated, announce }), ...variations }
    expect(openChannel(request, contextOf('alice')).failure).toMatchObject({ code, severity: 'reject' })
    const { message } = proposed({ variations })
    const open = { ...message, channelFlags: announce ? 1 : 0 }
    const answer = { message: open, channelKeyIndex: 0, negotiated, trustZeroConf: true }
    expect(acceptChannel(answer, contextOf('bob')).failure).toMatchObject({ code, severity: 'fail_channel' })
  })

  it('an alias alone changes nothing but the name: it still waits for its blocks', () => {
    const duo = signedFor({ variations: { scidAlias: true }, trustZeroConf: false })
    settle(duo)
    expect(statesOf(duo)).toEqual(['wait_for_funding_confirmed', 'wait_for_funding_confirmed'])
    confirm(duo)
    deliver(duo)
    expect(statesOf(duo)).toEqual(['normal', 'normal'])
    expect(listFeatures(durableOf(duo.bob).params.channelType)).toEqual([12, 22, 46])
  })

  it('a peer that agrees to the type and wants blocks all the same has broken it', () => {
    const duo = answered(TRUSTED)
    const accept = received(defined(duo.bob.outbox.shift(), 'accept_channel was sent'))
    const { failure } = input(duo, 'alice', {
      type: 'message',
      message: rewired({ ...accept, minimumDepth: 1 } as never),
    })
    expect(failure).toMatchObject({ code: 'minimum_depth_not_zero', severity: 'fail_channel' })
  })
})

describe('a channel that is used at once', () => {
  it('is ready at the end of the turn that has signed for it, with the names for payments', () => {
    const duo = signedFor(TRUSTED)
    expect(durableOf(duo.bob).params.minimumDepth).toBe(0)
    for (const name of NAMES) {
      const { effects } = input(duo, name, { type: 'commit' })
      expect(sentBy({ effects })).toMatchObject([{ type: 'channel_ready', shortChannelId: ALIAS[name] }])
    }
    deliver(duo)
    expect(statesOf(duo)).toEqual(['normal', 'normal'])
    expect([durableOf(duo.alice).remoteAlias, durableOf(duo.bob).remoteAlias]).toEqual([ALIAS.bob, ALIAS.alice])
  })

  it('is paid over, both ways, before any block', () => {
    const duo = used()
    pay(duo, 'alice', { amountMsat: 50_000_000n, secret: 1 })
    pay(duo, 'bob', { amountMsat: 20_000_000n, secret: 2 })
    expect(durableOf(duo.bob).settled.localMsat).toBe(130_000_000n)
    expect(durableOf(duo.bob).unconfirmed).toEqual({ sinceHeight: START_HEIGHT })
  })

  it('may be offered by a trusted peer without the type: its accepter is ready, its opener when it likes', () => {
    const duo = signedFor({ trustZeroConf: true })
    settle(duo)
    expect(statesOf(duo)).toEqual(['wait_for_funding_confirmed', 'wait_for_channel_ready'])
    input(duo, 'alice', { type: 'funding_depth', depth: 1, output: fundChannelEffect(duo).output, coinbase: false })
    deliver(duo)
    expect(statesOf(duo)).toEqual(['normal', 'normal'])
  })

  it('says it on the next connection where this one ends before', () => {
    const duo = signedFor(TRUSTED)
    disconnect(duo)
    settle(duo)
    expect(statesOf(duo)).toEqual(['wait_for_funding_confirmed', 'wait_for_funding_confirmed'])
    connect(duo)
    deliver(duo)
    settle(duo)
    expect(statesOf(duo)).toEqual(['normal', 'normal'])
    // And again after another cut, as long as no commitment was exchanged.
    disconnect(duo)
    connect(duo)
    deliver(duo)
    expect(statesOf(duo)).toEqual(['normal', 'normal'])
    pay(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
  })

  it('keeps the name that came first, and takes one that comes later where there was none', () => {
    const duo = used()
    const ready = { type: 'channel_ready', channelId: durableOf(duo.bob).params.channelId } as const
    const secondPerCommitmentPoint = defined(durableOf(duo.bob).remoteCommit.nextPoint, 'the peer is ready')
    const message = { ...ready, secondPerCommitmentPoint, shortChannelId: ALIAS.bob }
    expect(input(duo, 'bob', { type: 'message', message }).writes).toEqual([])
    expect(durableOf(duo.bob).remoteAlias).toBe(ALIAS.alice)
    const old = opened()
    expect(durableOf(old.bob).remoteAlias).toBeUndefined()
    const channelId = durableOf(old.bob).params.channelId
    input(old, 'bob', { type: 'message', message: { ...message, channelId } })
    expect(durableOf(old.bob).remoteAlias).toBe(ALIAS.bob)
  })
})

describe('until the funding is confirmed', () => {
  it('the opener publishes it on each connection, and stops when it is deep', () => {
    const duo = used()
    const tx = walletTx(fundChannelEffect(duo).output)
    expect(durableOf(duo.alice).unconfirmed).toEqual({ fundingTx: tx, sinceHeight: START_HEIGHT })
    const published = () => effectsOf(duo.alice, 'publish').length
    const before = published()
    disconnect(duo)
    connect(duo)
    deliver(duo)
    expect(published()).toBe(before + 1)
    confirm(duo, 2)
    expect(durableOf(duo.alice).unconfirmed).toBeDefined()
    // A reorganisation takes it back: nothing is said, and it is awaited as before.
    confirm(duo, 0)
    expect(durableOf(duo.alice).unconfirmed).toBeDefined()
    confirm(duo, 3)
    expect(NAMES.map(name => durableOf(duo[name]).unconfirmed)).toEqual([undefined, undefined])
    expect([...duo.alice.records.keys()]).not.toContain('unconfirmed')
    disconnect(duo)
    connect(duo)
    expect(published()).toBe(before + 1)
  })

  it('another output under its name ends the channel', () => {
    const duo = used()
    const output = { ...fundChannelEffect(duo).output, amountSat: sat(999_999) }
    const { failure, next } = input(duo, 'bob', { type: 'funding_depth', depth: 1, output, coinbase: false })
    expect(failure?.code).toBe('wrong_funding_output')
    expect(next.state).toBe('closing')
    // What is over is not judged once more.
    expect(input(duo, 'bob', { type: 'funding_depth', depth: 2, output, coinbase: false }).failure).toBeUndefined()
  })

  it('the accepter gives it 2016 blocks, and fails it then; the opener, whose money it is, waits on', () => {
    const duo = used()
    pay(duo, 'alice', { amountMsat: 50_000_000n, secret: 1 })
    expect(atHeight(duo, 'bob', START_HEIGHT + 2015).next.state).toBe('normal')
    const { next, effects } = atHeight(duo, 'bob', START_HEIGHT + 2016)
    expect(next).toMatchObject({ state: 'closing', durable: { phase: { cause: { kind: 'deadline' } } } })
    expect(sentBy({ effects })).toMatchObject([{ type: 'error' }])
    // In case it comes after all.
    expect(effects).toContainEqual(expect.objectContaining({ type: 'publish', role: 'commitment' }))
    expect(atHeight(duo, 'alice', 1_000_000).next).toBe(fundedOf(duo.alice))
  })
})
