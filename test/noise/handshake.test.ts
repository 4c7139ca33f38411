import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, concat, toHex } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  decryptStream,
  endHandshake,
  type Handshake,
  type NoiseFailure,
  startInitiator,
  startResponder,
} from '../../src/noise/index.ts'
import { connect, cut, errorOf, feed, framesOf, initiatorKeys, NOTHING, okOf, responderKeys, spoil } from './fixture.ts'

const { acts, initiator, responder } = connect()
const [actOne, actTwo, actThree] = acts
const initiatorState = startInitiator(initiatorKeys).state
const responderState = startResponder(responderKeys).state

/** Each act with the state that reads it and the state's expectations of each byte. */
const readers: readonly {
  readonly name: string
  readonly act: Uint8Array
  readonly state: Handshake
  readonly codeAt: (index: number) => readonly NoiseFailure['code'][]
}[] = [
  { name: 'act one', act: actOne, state: responderState, codeAt: ephemeralCode },
  { name: 'act two', act: actTwo, state: initiatorState, codeAt: ephemeralCode },
  {
    name: 'act three',
    act: actThree,
    state: okOf(feed(responderState, [actOne])).state,
    codeAt: index => [index === 0 ? 'bad_version' : index < 50 ? 'bad_ciphertext' : 'bad_tag'],
  },
]

function ephemeralCode(index: number): readonly NoiseFailure['code'][] {
  if (index === 0) return ['bad_version']
  // About half of all x coordinates are on the curve, and then it is the tag that notices.
  return index < 34 ? ['bad_public_key', 'bad_tag'] : ['bad_tag']
}

const secretBytes = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .filter(bytes => bytes[0] !== 0xff && bytes.some(byte => byte !== 0))
const lengths = fc.array(fc.nat(70), { minLength: 1, maxLength: 12 })

describe('BOLT 8, Handshake Exchange', () => {
  test('the acts have 50, 50 and 66 bytes, and the responder says nothing first', () => {
    expect(acts.map(({ length }) => length)).toEqual([50, 50, 66])
    expect(startResponder(responderKeys).send).toHaveLength(0)
  })

  test('any two parties come to the same keys, crosswise, and know each other, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.tuple(secretBytes, secretBytes, secretBytes, secretBytes), lengths, (secrets, cuts) => {
        const [ours, ourEphemeral, theirs, theirEphemeral] = secrets
        const begun = startInitiator({
          localSecret: ours,
          ephemeralSecret: ourEphemeral,
          remotePublicKey: publicKeyFromSecret(theirs),
        })
        const listening = startResponder({ localSecret: theirs, ephemeralSecret: theirEphemeral })
        const answered = okOf(feed(listening.state, cut(begun.send, cuts)))
        const a = okOf(feed(begun.state, cut(answered.sent, cuts)))
        const b = okOf(feed(answered.state, cut(a.sent, cuts)))
        expect(a.done?.next.sending).toEqual(b.done?.next.receiving)
        expect(a.done?.next.receiving).toEqual(b.done?.next.sending)
        expect(a.done?.next.sending.key).not.toEqual(a.done?.next.receiving.key)
        expect(a.done?.remotePublicKey).toEqual(publicKeyFromSecret(theirs))
        expect(b.done?.remotePublicKey).toEqual(publicKeyFromSecret(ours))
      }),
      { numRuns: 60 },
    )
  })

  test.each(readers)('each byte of $name counts', ({ act, state, codeAt }) => {
    for (let index = 0; index < act.length; index++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const failure = errorOf(feed(state, [spoil(act, index, mask)]))
        expect(codeAt(index), `byte ${index} changed by ${mask}`).toContain(failure.code)
      }
    }
    expect(feed(state, [act]).ok).toBe(true)
  })

  test.each(readers)('$name waits for its last byte, and an end before it is a failure with the count', reader => {
    for (let length = 0; length < reader.act.length; length++) {
      const { state, sent, done } = okOf(feed(reader.state, [reader.act.slice(0, length)]))
      expect(done).toBeUndefined()
      expect(sent).toHaveLength(0)
      const failure = endHandshake(state)
      expect(failure.code).toBe('bad_length')
      expect(failure.expected).toContain(`exactly ${reader.act.length} bytes`)
      expect(failure.got).toContain(`after ${length} bytes`)
    }
  })

  test('who calls another node id than ours is refused by act one, and gets no answer', () => {
    const stranger = { ...initiatorKeys, remotePublicKey: publicKeyFromSecret(new Uint8Array(32).fill(9)) }
    const failure = errorOf(feed(responderState, [startInitiator(stranger).send]))
    expect(failure).toEqual({
      code: 'bad_tag',
      expected: 'an initiator who knows our public key',
      got: 'a tag that does not fit',
      section: 'BOLT 8, Act One, receiver',
    })
  })

  test('acts of another connection are refused: the ephemeral keys differ', () => {
    const other = connect(
      { ...initiatorKeys, ephemeralSecret: new Uint8Array(32).fill(0x13) },
      { ...responderKeys, ephemeralSecret: new Uint8Array(32).fill(0x23) },
    )
    expect(errorOf(feed(initiatorState, [other.acts[1]])).code).toBe('bad_tag')
    expect(errorOf(feed(responderState, [actOne, other.acts[2]])).code).toBe('bad_ciphertext')
    // Replaying act one is possible and gains nothing: without its secret there is no act three.
    expect(errorOf(feed(responderState, [actOne, concat(actOne, actTwo)])).code).toBe('bad_ciphertext')
  })

  test('a peer without the static secret that it claims is refused by the last tag', () => {
    // Everything is right but the claimed key: another public key, encrypted in its place with the right key of act two.
    const liar = startInitiator(initiatorKeys).state
    if (liar.awaits !== 'act_two') throw new Error('an initiator awaits act two')
    const other = okOf(feed({ ...liar, localSecret: new Uint8Array(32).fill(0x31) }, [actTwo])).sent
    const mixed = concat(other.slice(0, 50), actThree.slice(50))
    const failure = errorOf(feed(responderState, [actOne, mixed]))
    expect(failure.code).toBe('bad_tag')
    expect(failure.section).toBe('BOLT 8, Act Three, receiver')
  })

  test('what follows the last act is handed on, the first message in the same chunk as act three', () => {
    const { frames } = framesOf(initiator.next, [Uint8Array.of(1, 2, 3)])
    const { done } = okOf(feed(responderState, [actOne, concat(actThree, ...frames)]))
    if (done === undefined) throw new Error('the handshake is not done')
    expect(done.rest).toEqual(frames[0])
    expect(okOf(decryptStream(done.next, done.rest)).messages).toEqual([Uint8Array.of(1, 2, 3)])
  })

  test('what follows act two is handed on as well, and fails there: nobody could have written it', () => {
    const { done } = okOf(feed(initiatorState, [concat(actTwo, new Uint8Array(40))]))
    if (done === undefined) throw new Error('the handshake is not done')
    expect(done.rest).toHaveLength(40)
    expect(errorOf(decryptStream(done.next, done.rest)).failure.code).toBe('bad_tag')
  })

  test('what follows act one is judged as act three', () => {
    const { state, sent } = okOf(feed(responderState, [concat(actOne, new Uint8Array(65))]))
    expect(sent).toEqual(actTwo)
    expect(state.kept.length).toBe(65)
    expect(errorOf(feed(state, [Uint8Array.of(0)])).code).toBe('bad_ciphertext')
    expect(errorOf(feed(responderState, [concat(actOne, new Uint8Array(1_000_000))])).code).toBe('bad_ciphertext')
  })

  test('a chunk may be reused by its owner', () => {
    const head = actOne.slice(0, 20)
    const half = okOf(feed(responderState, [head])).state
    head.fill(0xee)
    expect(okOf(feed(half, [actOne.slice(20)])).sent).toEqual(actTwo)
    const chunk = concat(actTwo, Uint8Array.of(7))
    const { done } = okOf(feed(initiatorState, [chunk]))
    chunk.fill(0xee)
    expect(done?.rest).toEqual(Uint8Array.of(7))
    expect(done?.next).toEqual(initiator.next)
  })

  test('states are values: reading twice from one gives the same twice', () => {
    const before = structuredClone(responderState)
    expect(feed(responderState, [actOne])).toEqual(feed(responderState, [actOne]))
    expect(responderState).toEqual(before)
    expect(okOf(feed(responderState, [actOne, actThree])).done?.next).toEqual(responder.next)
  })

  test('an empty chunk changes nothing', () => {
    expect(okOf(feed(responderState, [NOTHING, NOTHING])).state).toEqual(responderState)
  })

  test('no failure tells a secret', () => {
    const spoiled = readers.flatMap(({ act, state }) =>
      Array.from(act, (_, index) => errorOf(feed(state, [spoil(act, index)]))),
    )
    const texts = JSON.stringify([...spoiled, ...readers.map(({ state }) => endHandshake(state))])
    expect(spoiled).toHaveLength(166)
    const secrets = [initiatorKeys.localSecret, initiatorKeys.ephemeralSecret, responderKeys.localSecret]
    secrets.push(responderKeys.ephemeralSecret, initiator.next.sending.key, initiator.next.receiving.key)
    secrets.push(initiator.next.sending.chainingKey, ...readers.map(({ state }) => state.symmetric.chainingKey))
    for (const secret of secrets) expect(texts).not.toContain(toHex(secret))
  })

  test('keys that are none are a bug of the caller, and the bug does not tell them', () => {
    const none = new Uint8Array(32)
    const short = new Uint8Array(31).fill(0x77)
    for (const bad of [none, short]) {
      expect(() => startInitiator({ ...initiatorKeys, localSecret: bad })).toThrow(BugError)
      expect(() => startInitiator({ ...initiatorKeys, ephemeralSecret: bad })).toThrow(BugError)
      expect(() => startResponder({ ...responderKeys, localSecret: bad })).toThrow(BugError)
      expect(() => startResponder({ ...responderKeys, ephemeralSecret: bad })).toThrow(BugError)
      expect(() => startInitiator({ ...initiatorKeys, localSecret: bad })).not.toThrow(toHex(bad))
    }
    const offCurve = spoil(initiatorKeys.remotePublicKey, 0, 0x06)
    expect(() => startInitiator({ ...initiatorKeys, remotePublicKey: offCurve })).toThrow('a compressed public key')
  })
})
