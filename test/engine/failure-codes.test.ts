import { describe, expect, test } from 'vitest'
import { defined, fromHex, msat, type PaymentHash } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  buildFailure,
  type FailureMessage,
  type FailureName,
  failureCode,
  failureName,
  peelOnion,
} from '../../src/onion/index.ts'
import { decodeMessage, encodeMessage, type Message, shortChannelId } from '../../src/wire/index.ts'
import { Line, type Offered, type Wish } from './line.ts'
import type { Limits } from './side.ts'

// Every failure code of BOLT 4, failure messages, as Alice reads it who pays Carol through Bob: three engines in a line. Where nodes like
// ours have no reason to say it, Bob is one who does; where it takes a node that spoils what it passes on, he is that.

const AMOUNT = 50_000_000n

/** Bob changes what he sends. */
function tampering(line: Line, change: (message: Message) => Message): void {
  const { bob } = line
  const { onSend } = bob
  bob.onSend = (connection, bytes) => {
    const decoded = decodeMessage(bytes)
    const isKnown = decoded.ok && decoded.value.type !== 'unknown'
    onSend(connection, isKnown ? encodeMessage(change(decoded.value)) : bytes)
  }
}

/** What Carol gets is not what Alice has made. */
function spoiling(line: Line, change: (packet: Uint8Array) => void): void {
  tampering(line, message => {
    if (message.type !== 'update_add_htlc') return message
    const onionRoutingPacket = message.onionRoutingPacket.slice()
    change(onionRoutingPacket)
    return { ...message, onionRoutingPacket }
  })
}

/** Bob refuses in words of his own, and does not look at what he was asked. */
function saying(line: Line, failure: FailureMessage): void {
  const secrets = new Map<bigint | number, Uint8Array>()
  const { stage, bob, alice } = line
  const heard = stage.onSent
  stage.onSent = (from, bytes) => {
    heard(from, bytes)
    const decoded = decodeMessage(bytes)
    if (from !== alice || !decoded.ok || decoded.value.type !== 'update_add_htlc') return
    const { id, onionRoutingPacket, paymentHash } = decoded.value
    const peeled = peelOnion({
      packet: onionRoutingPacket,
      associatedData: fromHex(paymentHash),
      nodeSecret: bob.context().nodeSecret,
    })
    if (peeled.ok) secrets.set(id, peeled.value.sharedSecret)
  }
  tampering(line, message => {
    if (message.type !== 'update_fail_htlc') return message
    const sharedSecret = defined(secrets.get(message.id), 'Bob has opened it')
    return { ...message, reason: buildFailure({ sharedSecret, failure }).reason }
  })
}

interface Row {
  readonly name: FailureName
  /** Who says so. */
  readonly by: 'bob' | 'carol'
  readonly limits?: Limits
  readonly provoke: (line: Line) => Offered
}

const send = (line: Line, wish: Partial<Wish> = {}): Offered =>
  line.send({ ...line.invoice(AMOUNT), amount: AMOUNT, ...wish })
const unknown = (line: Line): Pick<Wish, 'hash'> => ({ hash: line.unknownHash() as PaymentHash })
const withPolicy = (change: object) => (line: Line) => {
  const { bob, downstream: channelId } = line
  bob.ask(request => ({ type: 'payment', input: { type: 'set_policy', request, channelId, ...change } }))
  return send(line)
}
const said = (failure: FailureMessage) => (line: Line) => {
  saying(line, failure)
  return send(line, { scid: shortChannelId({ blockHeight: 1, txIndex: 1, outputIndex: 0 }) })
}
const spoilt = (change: (packet: Uint8Array) => void) => (line: Line) => {
  spoiling(line, change)
  return send(line)
}

/** In the order of their numbers. */
const ROWS: readonly Row[] = [
  {
    name: 'temporary_node_failure',
    by: 'bob',
    // No block has come for so long that he cannot tell the height.
    provoke: line => {
      line.stage.wait(line.bob.context().limits.engine.maxTipAgeMs + 1)
      return send(line)
    },
  },
  { name: 'permanent_node_failure', by: 'bob', provoke: said({ type: 'permanent_node_failure' }) },
  { name: 'required_node_feature_missing', by: 'bob', provoke: said({ type: 'required_node_feature_missing' }) },
  { name: 'invalid_onion_version', by: 'bob', provoke: spoilt(packet => packet.set([1], 0)) },
  { name: 'invalid_onion_hmac', by: 'bob', provoke: line => send(line, { spoilt: true }) },
  { name: 'invalid_onion_key', by: 'bob', provoke: spoilt(packet => packet.fill(0xff, 2, 34)) },
  {
    name: 'temporary_channel_failure',
    by: 'bob',
    provoke: line => send(line, { ...unknown(line), amount: 790_000_000n, fee: 100_000n }),
  },
  {
    name: 'permanent_channel_failure',
    by: 'bob',
    provoke: line => {
      line.stage.close(line.bob, line.downstream)
      return send(line, unknown(line))
    },
  },
  { name: 'required_channel_feature_missing', by: 'bob', provoke: said({ type: 'required_channel_feature_missing' }) },
  {
    name: 'unknown_next_peer',
    by: 'bob',
    provoke: line => send(line, { scid: shortChannelId({ blockHeight: 1, txIndex: 1, outputIndex: 0 }) }),
  },
  { name: 'amount_below_minimum', by: 'bob', provoke: withPolicy({ htlcMinimumMsat: msat(AMOUNT + 1n) }) },
  { name: 'fee_insufficient', by: 'bob', provoke: line => send(line, { fee: 5_999n }) },
  { name: 'incorrect_cltv_expiry', by: 'bob', provoke: line => send(line, { delta: 79 }) },
  { name: 'expiry_too_soon', by: 'bob', provoke: line => send(line, { finalBlocks: 3 }) },
  { name: 'incorrect_or_unknown_payment_details', by: 'carol', provoke: line => send(line, unknown(line)) },
  {
    name: 'final_incorrect_cltv_expiry',
    by: 'carol',
    provoke: line => send(line, { final: { outgoingCltvValue: line.stage.chain.height + 46 } }),
  },
  {
    name: 'final_incorrect_htlc_amount',
    by: 'carol',
    provoke: line => send(line, { final: { amtToForward: msat(AMOUNT + 1n) } }),
  },
  { name: 'channel_disabled', by: 'bob', provoke: withPolicy({ disabled: true }) },
  {
    name: 'expiry_too_far',
    by: 'bob',
    limits: { payment: { maxCltvExpiryDelta: 1_000 } },
    provoke: line => send(line, { finalBlocks: 921 }),
  },
  {
    name: 'invalid_onion_payload',
    by: 'carol',
    // An even record that she does not know.
    provoke: line => send(line, { final: { unknown: [{ type: 1_000_000n, value: Uint8Array.of(1) }] } }),
  },
  {
    name: 'mpp_timeout',
    by: 'carol',
    provoke: line => {
      const part = line.send({ ...line.invoice(2n * AMOUNT), amount: AMOUNT, total: 2n * AMOUNT })
      line.stage.wait(60_000)
      return part
    },
  },
  {
    name: 'invalid_onion_blinding',
    by: 'bob',
    // Carol is told that she is on a blinded path, and her onion knows of none.
    provoke: line => {
      const pathKey = publicKeyFromSecret(line.stage.freshBytes())
      tampering(line, message => (message.type === 'update_add_htlc' ? { ...message, pathKey } : message))
      return send(line)
    },
  },
]

describe('a payment over three nodes hears', () => {
  test.each(ROWS)('$name of $by', ({ name, by, provoke, limits }) => {
    const line = new Line(limits)
    const before = line.balances()
    const offered = provoke(line)
    expect(line.answer(offered)).toMatchObject({ type: name })
    expect(line.hopOf(offered)).toBe(by === 'bob' ? 0 : 1)
    expect(line.balances()).toEqual(before)
    expect([line.bob.state.payments.forwards.size, line.carol.state.payments.parts.size]).toEqual([0, 0])
    expect(line.alice.channelStates()).toEqual(['normal'])
  })

  test('all codes that BOLT 4 has', () => {
    const all = Array.from({ length: 0x10000 }, (_, code) => failureName(code)).filter(name => name !== undefined)
    expect(ROWS.map(({ name }) => name).toSorted()).toEqual(all.toSorted())
    expect(new Set(ROWS.map(({ name }) => failureCode(name))).size).toBe(ROWS.length)
  })
})
