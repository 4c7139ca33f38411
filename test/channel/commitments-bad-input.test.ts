import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defined, fromHex, type Txid, txidFromWire } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { commitmentSecret } from '../../src/keys/index.ts'
import type { CommitmentSigned, RevokeAndAck } from '../../src/wire/index.ts'
import { bitFlipped, expectRefused, expectTaken, onItsWay, said, tried } from './attacks.ts'
import { change, withHighS } from './closingFixtures.ts'
import { type Duo, deliverNext, durableOf, input, opened } from './harness.ts'
import { add, pay, settle } from './payments.ts'

// commitment_signed and revoke_and_ack, spoiled in every way there is; Bob is their receiver.

const COMMITMENT = 'BOLT 2, commitment_signed, receiver'
const REVOCATION = 'BOLT 2, revoke_and_ack, receiver'

/** Alice's commitment_signed for three HTLCs with outputs, and one too small for it, is on its way to Bob. */
function signedDuo(format: 'static_remotekey' | 'anchors_zero_fee_htlc' = 'anchors_zero_fee_htlc'): Duo {
  const duo = opened({ format })
  add(duo, 'bob', { amountMsat: 7_000_000n, secret: 1 })
  settle(duo)
  add(duo, 'alice', { amountMsat: 5_000_000n, secret: 2 })
  add(duo, 'alice', { amountMsat: 6_000_000n, secret: 3 })
  add(duo, 'alice', { amountMsat: 100_000n, secret: 4 })
  input(duo, 'alice', { type: 'commit' })
  for (let updates = 0; updates < 3; updates++) deliverNext(duo, 'bob')
  return duo
}

const committed = (duo: Duo): CommitmentSigned => onItsWay(duo, 'bob', 'commitment_signed')

function withHtlcSignature(message: CommitmentSigned, index: number, signature: Uint8Array): CommitmentSigned {
  return { ...message, htlcSignatures: message.htlcSignatures.with(index, signature) }
}

function htlcSignature(message: CommitmentSigned, index: number): Uint8Array {
  return defined(message.htlcSignatures[index], `there is a signature ${index}`)
}

describe('BOLT 2, commitment_signed, receiver', () => {
  const anchors = signedDuo()
  const plain = signedDuo('static_remotekey')
  const duos = [anchors, plain]

  it('taken as it was signed, with one HTLC signature for each untrimmed HTLC', () => {
    for (const duo of duos) {
      expect(committed(duo).htlcSignatures.length).toBe(3)
      expectTaken(duo, 'bob', said(committed(duo)))
    }
  })

  const invalid = {
    severity: 'close_connection' as const,
    code: 'invalid_commitment_signature',
    expected: expect.stringMatching(/^a valid low-S signature for commitment 2, [0-9a-f]{64}$/),
    got: 'one that is not',
    section: COMMITMENT,
  }
  const invalidHtlc = (position: number) => ({
    severity: 'close_connection' as const,
    code: 'invalid_htlc_signature',
    expected: expect.stringMatching(
      /^a valid low-S signature for the htlc_(success|timeout) transaction of output \d$/,
    ),
    got: `one that is not, at position ${position}`,
    section: COMMITMENT,
  })

  it('any bit of the signature flipped', () => {
    fc.assert(
      fc.property(fc.constantFrom(...duos), fc.nat(511), (duo, bit) => {
        const message = committed(duo)
        expectRefused(duo, 'bob', said({ ...message, signature: bitFlipped(message.signature, bit) }), invalid)
      }),
      { numRuns: 150 },
    )
  })

  it('any bit of any HTLC signature flipped', () => {
    fc.assert(
      fc.property(fc.constantFrom(...duos), fc.nat(2), fc.nat(511), (duo, index, bit) => {
        const message = committed(duo)
        const spoiled = withHtlcSignature(message, index, bitFlipped(htlcSignature(message, index), bit))
        expectRefused(duo, 'bob', said(spoiled), invalidHtlc(index))
      }),
      { numRuns: 150 },
    )
  })

  it('the other, high S of each signature', () => {
    for (const duo of duos) {
      const message = committed(duo)
      expectRefused(duo, 'bob', said({ ...message, signature: withHighS(message.signature) }), invalid)
      for (const index of [0, 1, 2]) {
        const high = withHtlcSignature(message, index, withHighS(htlcSignature(message, index)))
        expectRefused(duo, 'bob', said(high), invalidHtlc(index))
      }
    }
  })

  it('HTLC signatures in another order', () => {
    for (const duo of duos) {
      const message = committed(duo)
      const [a, b, c] = [htlcSignature(message, 0), htlcSignature(message, 1), htlcSignature(message, 2)]
      for (const [htlcSignatures, position] of [
        [[b, a, c], 0],
        [[a, c, b], 1],
        [[c, b, a], 0],
        [[a, a, c], 1],
      ] as const) {
        expectRefused(duo, 'bob', said({ ...message, htlcSignatures }), invalidHtlc(position))
      }
    }
  })

  it('one HTLC signature too few, one too many, none', () => {
    for (const duo of duos) {
      const message = committed(duo)
      const first = htlcSignature(message, 0)
      for (const htlcSignatures of [[], message.htlcSignatures.slice(1), [...message.htlcSignatures, first]]) {
        expectRefused(duo, 'bob', said({ ...message, htlcSignatures }), {
          severity: 'close_connection',
          code: 'wrong_htlc_signature_count',
          expected: '3 HTLC signatures for commitment 2',
          got: `${htlcSignatures.length}`,
          section: COMMITMENT,
        })
      }
    }
  })

  it('a signature for another commitment: the one before, the one of another channel, the one without the last update', () => {
    for (const duo of duos) {
      const message = committed(duo)
      const before = durableOf(duo.bob).localCommit.signature
      expectRefused(duo, 'bob', said({ ...message, signature: before }), invalid)
    }
    expectRefused(anchors, 'bob', said({ ...committed(anchors), signature: committed(plain).signature }), invalid)
    const late = signedDuo()
    const covered = committed(late)
    add(late, 'alice', { amountMsat: 100_000n, secret: 5 })
    late.alice.outbox.shift()
    deliverNext(late, 'bob')
    const result = tried(late, 'bob', said(covered))
    expect(result.failure?.code).toBe('invalid_commitment_signature')
  })

  it('the funding transaction that it names is the one there is', () => {
    const message = committed(anchors)
    const { txid } = durableOf(anchors.bob).params.fundingOutpoint
    const other = txidFromWire(new Uint8Array(32).fill(1)) satisfies Txid
    expectTaken(anchors, 'bob', said({ ...message, fundingTxid: txid }))
    expectRefused(anchors, 'bob', said({ ...message, fundingTxid: other }), {
      severity: 'close_connection',
      code: 'wrong_funding_txid',
      expected: `a signature for the funding transaction ${txid}`,
      got: other,
      section: COMMITMENT,
    })
  })

  it('names the funding transaction that it spends (BOLT 2, commitment_signed, sender)', () => {
    expect(committed(anchors).fundingTxid).toBe(durableOf(anchors.bob).params.fundingOutpoint.txid)
  })

  it('the signatures of one commitment are refused the second time', () => {
    const duo = signedDuo()
    const message = committed(duo)
    deliverNext(duo, 'bob')
    expect(tried(duo, 'bob', said(message)).failure).toMatchObject({ code: 'invalid_commitment_signature' })
  })
})

describe('BOLT 2, revoke_and_ack, receiver', () => {
  /** Bob has signed for Alice after some payments, and her revocation of commitment `count` is on its way. */
  function revokedDuo(count: number): Duo {
    const duo = opened()
    for (let payment = 0; payment < count; payment += 2)
      pay(duo, 'bob', { amountMsat: 1_000_000n, secret: 1 + payment })
    add(duo, 'bob', { amountMsat: 2_000_000n, secret: 99 })
    input(duo, 'bob', { type: 'commit' })
    deliverNext(duo, 'alice')
    deliverNext(duo, 'alice')
    expect(durableOf(duo.bob).remoteCommit.number).toBe(count)
    return duo
  }
  const revoked = (duo: Duo): RevokeAndAck => onItsWay(duo, 'bob', 'revoke_and_ack')

  function wrong(number: number) {
    return {
      severity: 'fail_channel',
      code: 'wrong_revocation_secret',
      expected: `the per_commitment_secret of commitment ${number}`,
      got: 'one of another point',
      section: REVOCATION,
    } as const
  }

  it('taken with the secret of the commitment that it revokes', () => {
    for (const count of [0, 2, 4, 6]) {
      const duo = revokedDuo(count)
      const { next } = expectTaken(duo, 'bob', said(revoked(duo)))
      expect(next).toMatchObject({ durable: { remoteCommit: { number: count + 1 } } })
    }
  })

  it('any other secret fails the channel: a flipped bit, zero, the order of the curve, the own, an earlier, a later one', () => {
    const duo = revokedDuo(4)
    const message = revoked(duo)
    const { alice, bob } = duo
    const order = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')
    const others = [
      ...Array.from({ length: 32 }, (_, byte) => bitFlipped(message.perCommitmentSecret, byte * 8 + (byte % 8))),
      new Uint8Array(32),
      order,
      new Uint8Array(32).fill(0xff),
      ...[0, 3, 5, 6].map(number => commitmentSecret(alice.context.secrets, number)),
      commitmentSecret(bob.context.secrets, 4),
    ]
    for (const perCommitmentSecret of others) {
      expectRefused(duo, 'bob', said({ ...message, perCommitmentSecret }), wrong(4))
    }
  })

  it('a secret that has the promised point, and from which the earlier ones do not derive', () => {
    // The secret of commitment 1 is the first one that another one derives from.
    for (const count of [2, 4]) {
      const duo = revokedDuo(count)
      const { remoteCommit } = durableOf(duo.bob)
      const perCommitmentSecret = new Uint8Array(32).fill(0x5a)
      const ofItsOwn = { ...remoteCommit, number: count, point: publicKeyFromSecret(perCommitmentSecret) }
      change(duo.bob, { remoteCommit: ofItsOwn })
      const input = said({ ...revoked(duo), perCommitmentSecret })
      // Even numbers have odd indexes, which nothing derives from: such a secret contradicts nothing.
      expectTaken(duo, 'bob', input)
    }
    const duo = oddDuo()
    const perCommitmentSecret = new Uint8Array(32).fill(0x5a)
    const { remoteCommit } = durableOf(duo.bob)
    change(duo.bob, { remoteCommit: { ...remoteCommit, point: publicKeyFromSecret(perCommitmentSecret) } })
    expectRefused(duo, 'bob', said({ ...revoked(duo), perCommitmentSecret }), {
      severity: 'fail_channel',
      code: 'underived_revocation_secret',
      expected: 'a secret from which the earlier ones derive',
      got: 'a secret for commitment 1 that does not fit them',
      section: 'BOLT 3, efficient per-commitment secret storage',
    })
  })

  /** Alice's revocation of commitment 1 is on its way. */
  function oddDuo(): Duo {
    const duo = opened()
    add(duo, 'bob', { amountMsat: 2_000_000n, secret: 1 })
    settle(duo)
    add(duo, 'bob', { amountMsat: 2_000_000n, secret: 2 })
    input(duo, 'bob', { type: 'commit' })
    deliverNext(duo, 'alice')
    deliverNext(duo, 'alice')
    return duo
  }

  it('the next point is a point', () => {
    const duo = revokedDuo(2)
    const message = revoked(duo)
    const offTheCurve = [0xff, 0x00].map(fill => new Uint8Array(33).fill(fill).fill(3, 0, 1))
    for (const nextPerCommitmentPoint of offTheCurve) {
      expectRefused(duo, 'bob', said({ ...message, nextPerCommitmentPoint }), {
        severity: 'close_connection',
        code: 'invalid_point',
        expected: 'a next_per_commitment_point of the curve',
        got: 'other bytes',
        section: REVOCATION,
      })
    }
  })

  it('only in answer to a commitment_signed, and once', () => {
    const unasked = {
      severity: 'fail_channel',
      code: 'unexpected_revocation',
      expected: 'revoke_and_ack only in answer to a commitment_signed',
      got: 'one that nothing asked for',
      section: REVOCATION,
    } as const
    const duo = revokedDuo(2)
    const message = revoked(duo)
    deliverNext(duo, 'bob')
    expectRefused(duo, 'bob', said(message), unasked)
    expectRefused(opened(), 'alice', said(message), unasked)
  })
})
