import { afterEach, describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/index.ts'
import {
  chacha20Poly1305Encrypt,
  installBackends,
  publicKeyFromSecret,
  pureHashes,
  pureSecp256k1,
} from '../../src/crypto/index.ts'
import { installBestBackends } from '../../src/node/crypto/installBestBackends.ts'
import { endHandshake, type NoiseFailure, startInitiator, startResponder } from '../../src/noise/index.ts'
import vectors from './bolt08-transport.vectors.json' with { type: 'json' }
import { connect, errorOf, feed, framesOf, okOf, readAll } from './fixture.ts'

type Case = (typeof vectors.cases)[number]

/** One printed value, or one operation with the values that it prints. */
interface Trace {
  readonly op?: string | undefined
  readonly handshakeHash?: string | undefined
  readonly sharedSecret?: string | undefined
  readonly remoteEphemeralPubkey?: string | undefined
  readonly remoteStaticPubkey?: string | undefined
  readonly salt?: string | undefined
  readonly ikm?: string | undefined
  readonly chainingKey?: string | undefined
  readonly tempKey?: string | undefined
  readonly key?: string | undefined
  readonly nonce?: string | undefined
  readonly associatedData?: string | undefined
  readonly plaintext?: string | undefined
  readonly ciphertext?: string | undefined
}

interface Step {
  readonly direction: string
  readonly bytes: string
  readonly trace?: readonly Trace[] | undefined
}

const handshakes = vectors.cases.filter(({ role }) => role !== 'messages')
const messageTest = vectors.cases.find(({ role }) => role === 'messages')

const CODES: Readonly<Record<string, NoiseFailure['code']>> = {
  readFailed: 'bad_length',
  badVersion: 'bad_version',
  badPubkey: 'bad_public_key',
  badCiphertext: 'bad_ciphertext',
  badTag: 'bad_tag',
}
const SECTION_OF_ACT: Readonly<Record<number, string>> = {
  1: 'BOLT 8, Act One, receiver',
  2: 'BOLT 8, Act Two, receiver',
  3: 'BOLT 8, Act Three, receiver',
}

const stepsOf = (vector: Case): readonly Step[] => vector.steps ?? []
const tracesOf = (vector: Case): readonly Trace[] => [
  ...stepsOf(vector).flatMap(({ trace }) => trace ?? []),
  ...(vector.result?.trace ?? []),
]
const bytesOf = (vector: Case, direction: string): Uint8Array =>
  concat(
    ...stepsOf(vector)
      .filter(step => step.direction === direction)
      .map(step => fromHex(step.bytes)),
  )

function start(vector: Case) {
  const localSecret = fromHex(vector.localStaticPrivateKey ?? '')
  const ephemeralSecret = fromHex(vector.ephemeralPrivateKey ?? '')
  expect(toHex(publicKeyFromSecret(localSecret))).toBe(vector.localStaticPubkey)
  expect(toHex(publicKeyFromSecret(ephemeralSecret))).toBe(vector.ephemeralPubkey)
  return vector.role === 'initiator'
    ? startInitiator({ localSecret, ephemeralSecret, remotePublicKey: fromHex(vector.remoteStaticPubkey ?? '') })
    : startResponder({ localSecret, ephemeralSecret })
}

/** Runs a vector and writes down each hash, HMAC and shared secret on the way, in the words of the trace. */
function recorded(run: () => void): readonly string[] {
  const log: string[] = []
  const pure = pureSecp256k1(pureHashes)
  installBackends({
    hashes: {
      ...pureHashes,
      sha256: data => {
        const hash = pureHashes.sha256(data)
        log.push(`hash ${toHex(hash)}`)
        return hash
      },
      hmacSha256: (key, data) => {
        const mac = pureHashes.hmacSha256(key, data)
        log.push(`hmac ${toHex(key)} ${toHex(data)} ${toHex(mac)}`)
        return mac
      },
    },
    secp256k1: {
      ...pure,
      ecdh: (publicKey, secret) => {
        const shared = pure.ecdh(publicKey, secret)
        log.push(`ecdh ${toHex(publicKey)} ${shared && toHex(shared)}`)
        return shared
      },
    },
  })
  run()
  return log
}

/** What the log has to say, in this order, for one line of the trace; for an HKDF the three HMACs of RFC 5869. */
function expectedLines(trace: Trace): readonly RegExp[] {
  const lines: RegExp[] = []
  if (trace.handshakeHash !== undefined) lines.push(new RegExp(`^hash ${trace.handshakeHash}$`))
  if (trace.sharedSecret !== undefined) lines.push(new RegExp(`^ecdh \\w+ ${trace.sharedSecret}$`))
  if (trace.op === 'hkdf') {
    const prk = toHex(pureHashes.hmacSha256(fromHex(trace.salt ?? ''), fromHex(trace.ikm ?? '')))
    lines.push(new RegExp(`^hmac ${trace.salt} ${trace.ikm} ${prk}$`))
    lines.push(new RegExp(`^hmac ${prk} 01 ${trace.chainingKey ?? '\\w{64}'}$`))
    lines.push(new RegExp(`^hmac ${prk} ${trace.chainingKey ?? '\\w{64}'}02 ${trace.tempKey ?? '\\w{64}'}$`))
  }
  return lines
}

describe('BOLT 8, appendix A: Transport Test Vectors', () => {
  afterEach(async () => {
    await installBestBackends()
  })

  test('there are five of the initiator, ten of the responder, one of messages', () => {
    const roles = vectors.cases.map(({ role }) => role)
    expect(roles.filter(role => role === 'initiator')).toHaveLength(5)
    expect(roles.filter(role => role === 'responder')).toHaveLength(10)
    expect(roles.filter(role => role === 'messages')).toHaveLength(1)
  })

  test.each(handshakes.filter(({ result }) => result !== undefined))('$name', vector => {
    const begun = start(vector)
    const { sent, done } = okOf(feed(begun.state, [bytesOf(vector, 'input')]))
    expect(toHex(concat(begun.send, sent))).toBe(toHex(bytesOf(vector, 'output')))
    if (done === undefined) throw new Error('the handshake is not done')
    expect(toHex(done.next.sending.key)).toBe(vector.result?.sendingKey)
    expect(toHex(done.next.receiving.key)).toBe(vector.result?.receivingKey)
    expect(toHex(done.next.sending.chainingKey)).toBe(messageTest?.chainingKey)
    expect(done.next.receiving.chainingKey).toEqual(done.next.sending.chainingKey)
    expect([done.next.sending.nonce, done.next.receiving.nonce]).toEqual([0, 0])
    expect(done.rest).toHaveLength(0)
  })

  test.each(handshakes.filter(({ error }) => error !== undefined))('$name', vector => {
    const begun = start(vector)
    const inputs = stepsOf(vector).filter(({ direction }) => direction === 'input')
    const earlier = okOf(
      feed(
        begun.state,
        inputs.slice(0, -1).map(({ bytes }) => fromHex(bytes)),
      ),
    )
    expect(toHex(concat(begun.send, earlier.sent))).toBe(toHex(bytesOf(vector, 'output')))
    const last = feed(earlier.state, [fromHex(inputs.at(-1)?.bytes ?? '')])
    const failure = vector.error === 'readFailed' ? endHandshake(okOf(last).state) : errorOf(last)
    expect(failure.code).toBe(CODES[vector.error ?? ''])
    expect(failure.section).toBe(SECTION_OF_ACT[vector.errorAct ?? 0])
  })

  test.each(handshakes.filter(({ result }) => result !== undefined))(
    '$name: every printed value on the way',
    vector => {
      const log = recorded(() => {
        const begun = start(vector)
        okOf(feed(begun.state, [bytesOf(vector, 'input')]))
      })
      const traces = tracesOf(vector)
      expect(traces).toHaveLength(vector.role === 'initiator' ? 17 : 18)

      let next = 0
      for (const line of traces.flatMap(expectedLines)) {
        const found = log.findIndex((entry, index) => index >= next && line.test(entry))
        expect(found, `${line} from line ${next} of\n${log.join('\n')}`).toBeGreaterThanOrEqual(next)
        next = found + 1
      }
      const keys = traces.flatMap(trace => trace.remoteEphemeralPubkey ?? trace.remoteStaticPubkey ?? [])
      expect(keys).toHaveLength(vector.role === 'initiator' ? 1 : 2)
      for (const key of keys) expect(log.some(entry => entry.startsWith(`ecdh ${key} `))).toBe(true)
    },
  )

  test.each(handshakes.filter(({ result }) => result !== undefined))('$name: every printed encryption', vector => {
    const wire = stepsOf(vector).map(({ bytes }) => bytes)
    const traces = tracesOf(vector)
    const hashes = new Set(traces.map(({ handshakeHash }) => handshakeHash))
    const tempKeys = new Set(traces.map(({ tempKey }) => tempKey))
    const encryptions = traces.filter(({ op }) => op === 'encrypt' || op === 'decrypt')
    expect(encryptions).toHaveLength(4)
    for (const { key = '', nonce = '', associatedData = '', plaintext, ciphertext = '' } of encryptions) {
      // Its key and its associated data are values of the trace, which the test above has seen in use.
      expect(tempKeys.has(key) && hashes.has(associatedData)).toBe(true)
      // A responder's trace prints no plaintext: it is nothing, or for nonce 1 the static key of the initiator.
      const plain = plaintext ?? (/^0+$/.test(nonce) ? '' : toHex(connect().responder.remotePublicKey))
      const context = { key: fromHex(key), nonce: fromHex(nonce), associatedData: fromHex(associatedData) }
      expect(toHex(chacha20Poly1305Encrypt(context, fromHex(plain)))).toBe(ciphertext)
      expect(wire.some(act => act.includes(ciphertext))).toBe(true)
    }
  })

  test('act three with a key of prefix 05 fails on the key: its tag is good', () => {
    const vector = handshakes.find(({ name }) => name === 'responder: act three key prefix 05')
    if (vector === undefined) throw new Error('no such vector')
    const failure = errorOf(feed(start(vector).state, [bytesOf(vector, 'input')]))
    expect(failure.code).toBe('bad_public_key')
    expect(failure.got).toMatch(/^05[0-9a-f]{64}$/)
  })
})

describe('BOLT 8, appendix A: Message Encryption Tests', () => {
  const hello = fromHex(messageTest?.plaintext ?? '')
  const { initiator, responder } = connect()
  const { frames } = framesOf(initiator.next, new Array(1002).fill(hello))

  test('the keys are those of the handshake', () => {
    expect(toHex(initiator.next.sending.key)).toBe(messageTest?.sendingKey)
    expect(toHex(initiator.next.receiving.key)).toBe(messageTest?.receivingKey)
    expect(toHex(initiator.next.sending.chainingKey)).toBe(messageTest?.chainingKey)
  })

  test.each(messageTest?.messages ?? [])('output $index', ({ index, ciphertext }) => {
    expect(toHex(frames[index] ?? hello)).toBe(ciphertext)
  })

  test('there are six outputs, four encryptions and two rotations', () => {
    expect(messageTest?.messages).toHaveLength(6)
    expect(messageTest?.encryptions).toHaveLength(4)
    expect(messageTest?.rotations).toHaveLength(2)
  })

  test.each(messageTest?.encryptions ?? [])('the $part with nonce $nonce', ({ plaintext, nonce, key, ciphertext }) => {
    const context = { key: fromHex(key), nonce: fromHex(nonce) }
    expect(toHex(chacha20Poly1305Encrypt(context, fromHex(plaintext)))).toBe(ciphertext)
    expect(toHex(concat(...frames.slice(0, 2)))).toContain(ciphertext)
  })

  test.each(messageTest?.rotations ?? [])('the rotation before message $beforeMessage', rotation => {
    const { beforeMessage, key, chainingKey, nextKey, nextChainingKey } = rotation
    const before = framesOf(initiator.next, new Array(beforeMessage - 1).fill(hello)).next
    expect(toHex(before.sending.key)).toBe(key)
    expect(toHex(before.sending.chainingKey)).toBe(chainingKey)
    expect(before.sending.nonce).toBe(998)
    const after = framesOf(before, [hello]).next
    expect(toHex(after.sending.key)).toBe(nextKey)
    expect(toHex(after.sending.chainingKey)).toBe(nextChainingKey)
    expect(after.sending.nonce).toBe(0)
    // Each key rotates for itself: nothing came the other way, so that one is as it was.
    expect(after.receiving).toEqual(initiator.next.receiving)
  })

  test('the responder reads all of them, over both rotations', () => {
    const { messages, next } = readAll(responder.next, frames)
    expect(messages).toHaveLength(1002)
    expect(messages.every(message => toHex(message) === messageTest?.plaintext)).toBe(true)
    expect(toHex(next.receiving.key)).toBe(messageTest?.rotations?.[1]?.nextKey)
  })
})
