import { type ChannelId, msat, type PaymentHash } from '../src/base/index.ts'
import { publicKeyFromSecret, sha256 } from '../src/crypto/index.ts'
import {
  decryptStream,
  encryptMessage,
  receive,
  startInitiator,
  startResponder,
  type Transport,
} from '../src/noise/index.ts'
import { decodeMessage, encodeMessage, type Message } from '../src/wire/index.ts'
import { cost, type Floor } from './floor.ts'
import type { Figure } from './report.ts'

// The wire: the messages of a payment as bytes and back, the handshake, and a frame there and back.

/** Figures of the codecs stand beside a copy of the bytes, those of the handshake beside its operations on the curve. */
export function benchWire(floor: Floor): readonly Figure[] {
  return [...messagesOfPayment().flatMap(benchMessage), benchHandshake(floor), ...benchFrames(floor)]
}

function messagesOfPayment(): readonly (readonly [string, Message])[] {
  const channelId = 'ab'.repeat(32) as ChannelId
  const paymentHash = 'cd'.repeat(32) as PaymentHash
  const bytes = sha256(Uint8Array.of(1))
  const signature = new Uint8Array(64).fill(0x21)
  const point = publicKeyFromSecret(bytes)
  const signed = (count: number): Message => ({
    type: 'commitment_signed',
    channelId,
    signature,
    htlcSignatures: new Array<Uint8Array>(count).fill(signature),
  })
  return [
    [
      'update_add_htlc',
      {
        type: 'update_add_htlc',
        channelId,
        id: 5,
        amountMsat: msat(1_000_000n),
        paymentHash,
        cltvExpiry: 800_000,
        onionRoutingPacket: new Uint8Array(1366),
      },
    ],
    ['commitment_signed, 1 HTLC', signed(1)],
    ['commitment_signed, 483 HTLCs', signed(483)],
    [
      'revoke_and_ack',
      { type: 'revoke_and_ack', channelId, perCommitmentSecret: bytes, nextPerCommitmentPoint: point },
    ],
    ['update_fulfill_htlc', { type: 'update_fulfill_htlc', channelId, id: 5, paymentPreimage: bytes }],
  ]
}

function benchMessage([name, message]: readonly [string, Message]): readonly Figure[] {
  const bytes = encodeMessage(message)
  const copy = cost(() => new Uint8Array(bytes))
  const common = { unit: 'us', better: 'less', limit: copy } as const
  return [
    { name: `encode ${name}`, value: cost(() => encodeMessage(message)), ...common },
    { name: `decode ${name}`, value: cost(() => decodeMessage(bytes)), ...common },
  ]
}

/** Both sides of it: six shared secrets, two keys of the moment, and the responder's own. */
function benchHandshake({ ecdh, publicKey }: Floor): Figure {
  return {
    name: 'handshake, both sides',
    value: cost(handshake),
    unit: 'us',
    better: 'less',
    limit: 6 * ecdh + 2 * publicKey,
  }
}

function benchFrames({ aeadLong, aeadShort }: Floor): readonly Figure[] {
  return [
    { length: 1450, aead: aeadLong },
    { length: 100, aead: aeadShort },
  ].map(({ length, aead }) => {
    let [sender, receiver] = handshake()
    const message = new Uint8Array(length)
    const value = cost(() => {
      const sealed = encryptMessage(sender, message)
      sender = sealed.next
      const opened = decryptStream(receiver, sealed.bytes)
      if (!opened.ok) throw new Error(opened.error.failure.code)
      receiver = opened.value.next
    })
    // The length of a message is a ciphertext of its own.
    return {
      name: `frame of ${length} bytes, both ways`,
      value,
      unit: 'us',
      better: 'less',
      limit: aead + aeadShort,
    } as const
  })
}

const SECRETS = [2, 3, 4, 5].map(seed => sha256(Uint8Array.of(seed)))

function handshake(): [Transport, Transport] {
  const [alice, bob, ephemeralA, ephemeralB] = SECRETS as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const first = startInitiator({
    localSecret: alice,
    remotePublicKey: publicKeyFromSecret(bob),
    ephemeralSecret: ephemeralA,
  })
  const second = startResponder({ localSecret: bob, ephemeralSecret: ephemeralB })
  const two = receive(second.state, first.send)
  if (!two.ok || two.value.done) throw new Error('act one was refused')
  const three = receive(first.state, two.value.send)
  if (!three.ok || !three.value.done) throw new Error('act two was refused')
  const end = receive(two.value.next, three.value.send)
  if (!end.ok || !end.value.done) throw new Error('act three was refused')
  return [three.value.next, end.value.next]
}
