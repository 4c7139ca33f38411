import { describe, expect, it } from 'vitest'
import { fromHex, msat, paymentHash, toHex } from '../../src/base/index.ts'
import { p2pkhScript, p2shScript, p2trScript, p2wshScript, witnessProgramScript } from '../../src/bitcoin/index.ts'
import type { FundedChannel, NegotiatedFeatures } from '../../src/channel/types.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { ONION_ROUTING_PACKET_LENGTH, type Shutdown } from '../../src/wire/index.ts'
import {
  agreedClose,
  attempt,
  expectRefused,
  expectRefusedMessage,
  NAMES,
  onTheWayAs,
  paidTo,
  reconnect,
} from './closingFixtures.ts'
import {
  ALL_FEATURES,
  connect,
  type Duo,
  deliver,
  deliverNext,
  depthInput,
  disconnect,
  durableOf,
  fundedOf,
  input,
  type Name,
  NO_FEATURES,
  opened,
  proposed,
  sentBy,
  signed,
  walletScript,
} from './harness.ts'

// BOLT 2, closing initiation: shutdown.

const PREIMAGE = new Uint8Array(32).fill(9)
const HASH = paymentHash(sha256(PREIMAGE))

function offer(duo: Duo, name: Name, amountMsat = 10_000_000n): void {
  const result = input(duo, name, {
    type: 'add_htlc',
    amountMsat: msat(amountMsat),
    paymentHash: HASH,
    cltvExpiry: duo[name].context.height + 100,
    onionRoutingPacket: new Uint8Array(ONION_ROUTING_PACKET_LENGTH),
  })
  expect(result.failure).toBeUndefined()
}

/** Turns, each ended by a commit, until both sides are silent. */
function turns(duo: Duo): void {
  for (let quiet = false; !quiet; ) {
    deliver(duo)
    for (const name of NAMES) input(duo, name, { type: 'commit' })
    quiet = NAMES.every(name => duo[name].outbox.length === 0)
  }
}

function shutdownsOf(duo: Duo, name: Name): readonly Shutdown[] {
  return sentBy(duo[name]).filter(message => message.type === 'shutdown')
}

function shutdown(duo: Duo, name: Name, script?: Uint8Array): void {
  expect(input(duo, name, { type: 'shutdown', ...(script && { script }) }).failure).toBeUndefined()
}

describe('BOLT 2, shutdown, sender', () => {
  it('sends it at once when nothing is unsigned, to the script of the wallet', () => {
    const duo = opened()
    shutdown(duo, 'bob')
    expect(shutdownsOf(duo, 'bob').map(({ scriptpubkey }) => scriptpubkey)).toEqual([duo.bob.context.shutdownScript])
    expect(duo.bob.channel.state).toBe('shutting_down')
    expect(durableOf(duo.bob).shutdown).toEqual({ local: duo.bob.context.shutdownScript })
  })

  it('is not possible before the funding is signed for', () => {
    const { alice } = proposed()
    const { failure } = attempt(alice, { type: 'shutdown' })
    expect(failure?.severity).toBe('reject')
  })

  it('is not possible twice, nor once the end on chain has begun', () => {
    const duo = opened()
    shutdown(duo, 'alice')
    expectRefused(duo.alice, { type: 'shutdown' }, 'reject', 'shutdown_already_requested')
    deliver(duo)
    expectRefused(duo.bob, { type: 'shutdown' }, 'reject', 'shutdown_already_requested')
    const other = opened()
    input(other, 'alice', { type: 'force_close', reason: 'a test' })
    expectRefused(other.alice, { type: 'shutdown' }, 'reject', 'channel_is_closing')
  })

  it('waits for the signature over our updates, and adds none meanwhile', () => {
    const duo = opened()
    offer(duo, 'alice')
    shutdown(duo, 'alice')
    expect(shutdownsOf(duo, 'alice')).toEqual([])
    expect(duo.alice.channel.state).toBe('shutting_down')
    expect(durableOf(duo.alice).shutdown).toEqual({ requested: duo.alice.context.shutdownScript })
    expectRefused(duo.alice, { type: 'shutdown' }, 'reject', 'shutdown_already_requested')
    input(duo, 'alice', { type: 'commit' })
    expect(
      sentBy(duo.alice)
        .slice(-3)
        .map(({ type }) => type),
    ).toEqual(['update_add_htlc', 'commitment_signed', 'shutdown'])
    expect(durableOf(duo.alice).shutdown).toEqual({ local: duo.alice.context.shutdownScript })
  })

  it('keeps the wish while the peer is away, and sends it after the reestablishment', () => {
    const duo = opened()
    disconnect(duo)
    shutdown(duo, 'alice')
    expect(shutdownsOf(duo, 'alice')).toEqual([])
    connect(duo)
    expect(shutdownsOf(duo, 'alice')).toEqual([])
    deliver(duo)
    expect(shutdownsOf(duo, 'alice')).toHaveLength(1)
    agreedClose(duo)
  })

  it('keeps the wish while the funding is unconfirmed', () => {
    const duo = signed()
    shutdown(duo, 'alice')
    deliver(duo)
    expect(duo.alice.channel.state).toBe('wait_for_funding_confirmed')
    expect(shutdownsOf(duo, 'alice')).toEqual([])
    input(duo, 'alice', depthInput(duo.alice, 3))
    expect(
      sentBy(duo.alice)
        .slice(-2)
        .map(({ type }) => type),
    ).toEqual(['channel_ready', 'shutdown'])
    deliver(duo)
    // Bob has not sent his channel_ready, so his reply can wait.
    expect(duo.bob.channel.state).toBe('wait_for_funding_confirmed')
    expect(shutdownsOf(duo, 'bob')).toEqual([])
    input(duo, 'bob', depthInput(duo.bob, 3))
    deliver(duo)
    agreedClose(duo)
  })

  it('closes a channel in which the channel_ready of the peer has not come', () => {
    const duo = signed()
    input(duo, 'alice', depthInput(duo.alice, 3))
    expect(duo.alice.channel.state).toBe('wait_for_channel_ready')
    shutdown(duo, 'alice')
    expect(duo.alice.channel.state).toBe('shutting_down')
    deliver(duo)
    input(duo, 'bob', depthInput(duo.bob, 3))
    deliver(duo)
    agreedClose(duo)
  })

  it.each([
    ['P2WSH', p2wshScript(new Uint8Array(1)), ALL_FEATURES],
    ['P2TR', p2trScript(new Uint8Array(32)), ALL_FEATURES],
    ['version 16', witnessProgramScript({ version: 16, program: new Uint8Array(40) }), ALL_FEATURES],
    ['OP_RETURN', fromHex('6a06000000000000'), ALL_FEATURES],
    ['P2WSH, no features', p2wshScript(new Uint8Array(1)), NO_FEATURES],
  ])('pays to %s where that is negotiated', (_name, script, negotiated) => {
    const duo = opened({ negotiated })
    shutdown(duo, 'alice', script)
    deliver(duo)
    expect(durableOf(duo.bob).shutdown.remote).toEqual(script)
    expect(paidTo(agreedClose(duo), script)).toBeDefined()
  })

  it.each([
    ['P2TR', p2trScript(new Uint8Array(32))],
    ['OP_RETURN', fromHex('6a06000000000000')],
    ['P2PKH', p2pkhScript(new Uint8Array(20))],
  ])('refuses to pay to %s without features, and P2SH always', (_name, script) => {
    const duo = opened({ negotiated: NO_FEATURES })
    expectRefused(duo.alice, { type: 'shutdown', script }, 'reject', 'shutdown_script_not_allowed')
    const p2sh = p2shScript(new Uint8Array(20))
    expectRefused(opened().alice, { type: 'shutdown', script: p2sh }, 'reject', 'shutdown_script_not_allowed')
  })

  it('is bound by an upfront script, in a wish and in a reply', () => {
    const upfront = { alice: walletScript(40), bob: walletScript(41) }
    const duo = opened({ upfront })
    const script = walletScript(42)
    expectRefused(duo.alice, { type: 'shutdown', script }, 'reject', 'upfront_shutdown_script_mismatch')
    shutdown(duo, 'alice')
    deliver(duo)
    expect(shutdownsOf(duo, 'alice')[0]?.scriptpubkey).toEqual(upfront.alice)
    expect(shutdownsOf(duo, 'bob')[0]?.scriptpubkey).toEqual(upfront.bob)
  })

  it('is not bound by an upfront script of length zero', () => {
    const duo = opened({ upfront: { alice: new Uint8Array(0) } })
    shutdown(duo, 'alice', walletScript(42))
    deliver(duo)
    expect(paidTo(agreedClose(duo), walletScript(42))).toBeDefined()
  })
})

describe('BOLT 2, shutdown, receiver', () => {
  function first(options?: Parameters<typeof opened>[0]): { readonly duo: Duo; readonly message: Shutdown } {
    const duo = opened(options)
    shutdown(duo, 'alice')
    return { duo, message: onTheWayAs(duo, 'bob', 'shutdown') }
  }

  it('replies once our own updates are signed', () => {
    const { duo } = first()
    offer(duo, 'bob')
    deliverNext(duo, 'bob')
    expect(shutdownsOf(duo, 'bob')).toEqual([])
    expect(duo.bob.channel.state).toBe('shutting_down')
    input(duo, 'bob', { type: 'commit' })
    expect(
      sentBy(duo.bob)
        .slice(-2)
        .map(({ type }) => type),
    ).toEqual(['commitment_signed', 'shutdown'])
  })

  it('lets the user choose the script of a reply that is still due', () => {
    const { duo } = first()
    offer(duo, 'bob')
    deliverNext(duo, 'bob')
    shutdown(duo, 'bob', walletScript(43))
    input(duo, 'bob', { type: 'commit' })
    expect(shutdownsOf(duo, 'bob').map(({ scriptpubkey }) => toHex(scriptpubkey))).toEqual([toHex(walletScript(43))])
  })

  it.each([
    ['P2PKH', p2pkhScript(new Uint8Array(20)), ALL_FEATURES],
    ['P2SH', p2shScript(new Uint8Array(20)), ALL_FEATURES],
    ['nothing', new Uint8Array(0), ALL_FEATURES],
    ['a P2TR that is not negotiated', p2trScript(new Uint8Array(32)), NO_FEATURES],
    ['an OP_RETURN of 5 bytes', fromHex('6a050000000000'), ALL_FEATURES],
    ['an OP_RETURN of 81 bytes', fromHex(`6a4c51${'00'.repeat(81)}`), ALL_FEATURES],
    ['an OP_RETURN with a needless OP_PUSHDATA1', fromHex(`6a4c4b${'00'.repeat(75)}`), ALL_FEATURES],
    ['an OP_RETURN with two pushes', fromHex('6a0600000000000006000000000000'), ALL_FEATURES],
  ] as const)('warns of a script that is %s', (_name, scriptpubkey, negotiated: NegotiatedFeatures) => {
    const { duo, message } = first({ negotiated })
    expectRefusedMessage(duo.bob, { ...message, scriptpubkey }, 'warn', 'shutdown_script_not_allowed')
  })

  it('fails the connection for another script than the upfront one', () => {
    const { duo, message } = first({ upfront: { alice: walletScript(40) } })
    const other = { ...message, scriptpubkey: walletScript(42) }
    expectRefusedMessage(duo.bob, other, 'close_connection', 'upfront_shutdown_script_mismatch')
  })

  it('refuses one that comes before the signature over additions of the peer', () => {
    const { message } = first()
    const duo = opened()
    offer(duo, 'alice')
    deliver(duo)
    expectRefusedMessage(duo.bob, message, 'close_connection', 'shutdown_with_unsigned_updates')
  })

  it('refuses one that comes before the signature over a fee change', () => {
    const { message } = first()
    const duo = opened()
    input(duo, 'alice', { type: 'update_fee', feeratePerKw: duo.alice.context.feerates.commitment })
    deliver(duo)
    expectRefusedMessage(duo.bob, message, 'close_connection', 'shutdown_with_unsigned_updates')
  })

  it('bears additions that crossed it on the way, and no later ones', () => {
    const duo = opened()
    shutdown(duo, 'alice')
    offer(duo, 'bob')
    input(duo, 'bob', { type: 'commit' })
    const late = onTheWayAs(duo, 'alice', 'update_add_htlc')
    turns(duo)
    expect(durableOf(duo.alice).htlcs).toHaveLength(1)
    expectRefusedMessage(duo.alice, { ...late, id: 1 }, 'close_connection', 'shutdown_in_progress')
    const command = { type: 'add_htlc', amountMsat: msat(1_000_000n), paymentHash: HASH, cltvExpiry: 200 } as const
    const onionRoutingPacket = new Uint8Array(ONION_ROUTING_PACKET_LENGTH)
    expect(attempt(duo.bob, { ...command, onionRoutingPacket }).failure?.severity).toBe('reject')
  })

  it.each(['alice', 'bob'] as const)(
    'negotiates only when the last HTLC is gone from both commitments (of %s)',
    name => {
      const duo = opened()
      offer(duo, name)
      turns(duo)
      shutdown(duo, 'bob')
      turns(duo)
      for (const side of NAMES) expect(duo[side].channel.state).toBe('shutting_down')
      const receiver = name === 'alice' ? 'bob' : 'alice'
      input(duo, receiver, {
        type: 'resolve_htlc',
        id: 0,
        resolution: { type: 'fulfill', paymentPreimage: PREIMAGE },
      })
      deliver(duo)
      for (const side of NAMES) expect(duo[side].channel.state).toBe('shutting_down')
      turns(duo)
      for (const side of NAMES) expect(duo[side].channel.state).toBe('negotiating')
      const bobMsat = name === 'alice' ? 110_000n : 90_000n
      expect(durableOf(duo.bob).settled.localMsat).toBe(bobMsat * 1000n)
      agreedClose(duo)
    },
  )

  it('goes on after a reconnection in the middle, both saying shutdown again', () => {
    const duo = opened()
    offer(duo, 'alice')
    turns(duo)
    shutdown(duo, 'alice')
    deliver(duo)
    reconnect(duo)
    for (const name of NAMES) {
      expect(duo[name].channel.state).toBe('shutting_down')
      expect(shutdownsOf(duo, name)).toHaveLength(2)
    }
    const resolution = { type: 'fail', reason: new Uint8Array(292) } as const
    input(duo, 'bob', { type: 'resolve_htlc', id: 0, resolution })
    turns(duo)
    agreedClose(duo)
  })

  it('takes the same script again, and another one only with option_simple_close', () => {
    const { duo, message } = first({ negotiated: { ...ALL_FEATURES, simpleClose: false } })
    offer(duo, 'bob')
    deliverNext(duo, 'bob')
    expect(attempt(duo.bob, { type: 'message', message }).failure).toBeUndefined()
    const other = { ...message, scriptpubkey: walletScript(44) }
    expectRefusedMessage(duo.bob, other, 'close_connection', 'shutdown_script_changed')
    const channel = fundedOf(duo.bob)
    const simple: FundedChannel = { ...channel, session: { ...channel.session, negotiated: ALL_FEATURES } }
    const { next, failure } = attempt({ ...duo.bob, channel: simple }, { type: 'message', message: other })
    expect(failure).toBeUndefined()
    expect('durable' in next && next.durable.shutdown.remote).toEqual(walletScript(44))
  })

  it('is kept while our funding is unconfirmed, and answered with our channel_ready', () => {
    const duo = signed()
    const { message } = first()
    input(duo, 'bob', { type: 'message', message })
    expect(duo.bob.channel.state).toBe('wait_for_funding_confirmed')
    expect(shutdownsOf(duo, 'bob')).toEqual([])
    input(duo, 'bob', depthInput(duo.bob, 3))
    expect(
      sentBy(duo.bob)
        .slice(-3)
        .map(({ type }) => type),
    ).toEqual(['channel_ready', 'shutdown', 'closing_complete'])
  })

  it('does not negotiate to a script that the peer of a new connection no longer knows', () => {
    const duo = opened()
    shutdown(duo, 'alice', fromHex('6a06000000000000'))
    deliver(duo)
    agreedClose(duo)
    disconnect(duo)
    connect(duo, { ...ALL_FEATURES, simpleClose: false })
    deliver(duo)
    expect(fundedOf(duo.alice).session.closing).toEqual({ type: 'shutdown_received' })
    expect(fundedOf(duo.bob).session.closing).toBeUndefined()
    expect(sentBy(duo.bob).at(-1)?.type).toBe('warning')
    reconnect(duo)
    agreedClose(duo)
  })

  it('allows no update of the empty channel any more', () => {
    const duo = opened()
    shutdown(duo, 'alice')
    deliver(duo)
    const command = { type: 'update_fee', feeratePerKw: duo.alice.context.feerates.commitment } as const
    expect(attempt(duo.alice, command).failure?.severity).toBe('reject')
    const message = { ...command, channelId: durableOf(duo.alice).params.channelId }
    expectRefusedMessage(duo.bob, message, 'close_connection', 'unexpected_message')
  })
})
