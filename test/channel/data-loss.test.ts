import { describe, expect, it } from 'vitest'
import { utf8Encode } from '../../src/base/index.ts'
import { publishCommitment } from '../../src/channel/handlers/failChannel.ts'
import { type ChannelStep, loseData } from '../../src/channel/index.ts'
import { commitmentSecret } from '../../src/keys/index.ts'
import {
  commitmentTxidOf,
  everyMessage,
  expectRefused,
  NAMES,
  onItsWay,
  publishedTxid,
  said,
  tried,
} from './attacks.ts'
import {
  ALL_FEATURES,
  connect,
  type Duo,
  deliver,
  deliverNext,
  durableOf,
  effectsOf,
  fundedOf,
  input,
  type Name,
  opened,
  otherName,
  type Side,
} from './harness.ts'
import { add, fulfill, pay, settle } from './payments.ts'
import { inPhase } from './phases.ts'
import { cut, forkSide, restart } from './reconnecting.ts'

// A side that comes back with an old copy of its store (BOLT 2, message retransmission: option_data_loss_protect).

/** A history with a copy of each side after each step, oldest first. */
function history(): { readonly duo: Duo; readonly copies: { readonly [N in Name]: readonly Side[] } } {
  const duo = opened()
  const copies = { alice: [] as Side[], bob: [] as Side[] }
  const copy = () => {
    for (const name of NAMES) copies[name].push(forkSide(duo[name]))
  }
  copy()
  add(duo, 'alice', { amountMsat: 9_000_000n, secret: 1 })
  settle(duo)
  copy()
  add(duo, 'bob', { amountMsat: 3_000_000n, secret: 2 })
  settle(duo)
  copy()
  fulfill(duo, 'bob', 0, 1)
  settle(duo)
  copy()
  pay(duo, 'alice', { amountMsat: 70_000_000n, secret: 3 })
  copy()
  pay(duo, 'alice', { amountMsat: 7_000_000n, secret: 4 })
  return { duo, copies }
}

/** One side is as it was; the other one is as it is. They meet. */
function meeting({ duo, copies }: ReturnType<typeof history>, old: Name, index: number): Duo {
  const copy = copies[old][index]
  if (copy === undefined) throw new Error(`there is no copy ${index}`)
  const restored: Duo = { ...duo, [old]: forkSide(copy), [otherName(old)]: forkSide(duo[otherName(old)]) }
  restart(restored[old])
  restored[old].effects = []
  restored[otherName(old)].effects = []
  cut(restored)
  connect(restored)
  return restored
}

describe('a side with an old copy of its data', () => {
  const past = history()
  for (const old of NAMES) {
    const other = otherName(old)
    it(`${old}: learns it from the peer, asks for its commitment, and never publishes its own`, () => {
      for (const index of past.copies[old].keys()) {
        const duo = meeting(past, old, index)
        deliverNext(duo, old)
        const reason = reasonOf(duo, old)
        const { number } = durableOf(duo[old]).localCommit
        expect(reason).toMatch(/^we_lost_data: expected a peer that knows our commitments up to/)
        expect(reason).toContain(`commitments up to ${number}, got proof of our secret of commitment`)
        expect(durableOf(duo[old]).phase).toMatchObject({
          type: 'closing',
          cause: { kind: 'data_loss', mayPublishCommitment: false },
        })
        const { channelId } = durableOf(duo[old]).params
        expect(effectsOf(duo[old], 'send').at(-1)?.message).toEqual({
          type: 'error',
          channelId,
          data: utf8Encode(reason),
        })
        expectNeverPublishes(duo, old)
      }
    })

    it(`${other}: publishes its own, newest commitment, which the old copy waits for`, () => {
      for (const index of past.copies[old].keys()) {
        const duo = meeting(past, old, index)
        // The error alone, as a peer might wait for it.
        deliverNext(duo, old)
        const error = duo[old].outbox.at(-1)
        if (error === undefined) throw new Error('an error was sent')
        const newest = commitmentTxidOf(duo, other)
        duo[old].outbox = [error]
        deliverNext(duo, other)
        expect(publishedTxid(duo[other].effects)).toBe(newest)
        expect(durableOf(duo[other]).phase).toMatchObject({
          cause: { kind: 'remote_error', mayPublishCommitment: true },
        })
      }
    })

    it(`${other}: fails the channel for a peer that is behind, in the order in which the messages come`, () => {
      for (const index of past.copies[old].keys()) {
        const duo = meeting(past, old, index)
        const newest = commitmentTxidOf(duo, other)
        deliver(duo)
        expect(publishedTxid(duo[other].effects)).toBe(newest)
        expect(effectsOf(duo[old], 'publish')).toEqual([])
        expect(durableOf(duo[old]).phase).toMatchObject({ cause: { kind: 'data_loss' } })
      }
    })
  }

  /** Whatever comes: commands, errors, blocks, restarts, a spend, every message. */
  function expectNeverPublishes(duo: Duo, old: Name): void {
    const { channelId } = durableOf(duo[old]).params
    expectRefused(
      duo,
      old,
      { type: 'force_close', reason: 'enough' },
      {
        severity: 'reject',
        code: 'commitment_must_not_be_published',
        expected: 'a channel whose newest commitment is known to be ours',
        got: reasonOf(duo, old),
        section: 'BOLT 2, message retransmission',
      },
    )
    for (const message of Object.values(everyMessage(channelId))) input(duo, old, said(message))
    duo[old].context = { ...duo[old].context, height: 1_000_000 }
    input(duo, old, { type: 'block' })
    for (const anew of [false, true]) {
      if (anew) restart(duo[old])
      input(duo, old, { type: 'disconnected' })
      input(duo, old, { type: 'block' })
      expect(tried(duo, old, { type: 'force_close', reason: 'enough' }).failure?.severity).toBe('reject')
      input(duo, old, { type: 'connected', negotiated: ALL_FEATURES })
      input(duo, old, said({ type: 'error', channelId, data: new Uint8Array(0) }))
    }
    expect(effectsOf(duo[old], 'publish')).toEqual([])
    expect(durableOf(duo[old]).phase).toMatchObject({ type: 'closing', cause: { mayPublishCommitment: false } })
  }

  function reasonOf(duo: Duo, name: Name): string {
    const { phase } = durableOf(duo[name])
    return phase.type === 'closing' ? phase.cause.reason : 'none'
  }
})

describe('a side that lost a signature that it gave, but revoked nothing since, is not behind on chain', () => {
  it('fails the channel and publishes its commitment, which is not revoked', () => {
    const duo = opened()
    pay(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
    const copy = forkSide(duo.alice)
    add(duo, 'alice', { amountMsat: 4_000_000n, secret: 2 })
    input(duo, 'alice', { type: 'commit' })
    deliverNext(duo, 'bob')
    deliverNext(duo, 'bob')
    const back: Duo = { alice: copy, bob: duo.bob }
    restart(back.alice)
    back.alice.effects = []
    cut(back)
    connect(back)
    const unrevoked = commitmentTxidOf(back, 'alice')
    const { failure } = deliverNext(back, 'alice')
    expect(failure).toMatchObject({ severity: 'fail_channel', code: 'wrong_next_commitment_number' })
    expect(publishedTxid(back.alice.effects)).toBe(unrevoked)
  })
})

describe('a channel out of a backup', () => {
  const reason = 'restored'
  const past = history()

  function restored(copy: Side, { next, writes }: ChannelStep): Side {
    const side = { ...forkSide(copy), channel: next }
    for (const write of writes) {
      if (write.type === 'put') side.records.set(write.key, write.value)
      else side.records.delete(write.key)
    }
    return side
  }

  for (const old of NAMES) {
    const other = otherName(old)
    it(`${old}: asks for a close in both ways, and the newest commitment is published upon either`, () => {
      for (const copy of past.copies[old]) {
        for (const heard of ['both', 'channel_reestablish', 'error'] as const) {
          const lost = loseData(fundedOf(copy), reason)
          expect(lost.writes.map(({ key }) => key)).toContain('phase')
          const duo: Duo = {
            ...past.duo,
            [old]: restored(copy, lost),
            [other]: forkSide(past.duo[other]),
          }
          duo[old].effects = []
          duo[other].effects = []
          cut(duo)
          connect(duo)
          const { channelId } = durableOf(duo[old]).params
          const sent = effectsOf(duo[old], 'send').map(({ message }) => message)
          expect(sent).toMatchObject([
            { type: 'channel_reestablish', channelId, nextCommitmentNumber: 0 },
            { type: 'error', channelId, data: utf8Encode(reason) },
          ])
          duo[old].outbox = duo[old].outbox.filter((_, index) => heard === 'both' || sent[index]?.type === heard)
          const newest = commitmentTxidOf(duo, other)
          deliver(duo)
          expect(publishedTxid(duo[other].effects)).toBe(newest)
          expect(effectsOf(duo[old], 'publish')).toEqual([])
          expect(durableOf(duo[old]).phase).toMatchObject({ type: 'closing', cause: { kind: 'data_loss', reason } })
        }
      }
    })
  }

  it('stays as it is where its end had begun', () => {
    for (const phase of ['closing', 'closed'] as const) {
      const before = fundedOf(inPhase('bob', phase).bob)
      const { next, writes } = loseData(before, reason)
      expect(writes).toEqual([])
      expect(next).toMatchObject({ state: phase, durable: before.durable })
    }
  })
})

describe('the one place that publishes a commitment', () => {
  it('gives nothing for a channel that is known to be old, or closed, whoever asks', () => {
    const past = history()
    const duo = meeting(past, 'bob', 0)
    deliverNext(duo, 'bob')
    const cause = { kind: 'protocol_failure', reason: 'asked', mayPublishCommitment: true } as const
    expect(publishCommitment(fundedOf(duo.bob), cause, duo.bob.context)).toEqual([])
    const closed = inPhase('bob', 'closed')
    expect(publishCommitment(fundedOf(closed.bob), cause, closed.bob.context)).toEqual([])
    const closing = inPhase('bob', 'closing')
    expect(publishCommitment(fundedOf(closing.bob), cause, closing.bob.context).length).toBe(1)
  })
})

describe('a claim that we are behind', () => {
  /** Bob has revoked two commitments; Alice's channel_reestablish is on its way to him. */
  function claimed() {
    const duo = opened()
    pay(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
    cut(duo)
    connect(duo)
    return { duo, message: onItsWay(duo, 'bob', 'channel_reestablish') }
  }

  it('without proof fails the channel: no secret of ours, the one before, the one after', () => {
    const { duo, message } = claimed()
    const { secrets } = duo.bob.context
    expect(durableOf(duo.bob).localCommit.number).toBe(2)
    for (const [nextRevocationNumber, secret] of [
      [3, new Uint8Array(32)],
      [3, commitmentSecret(secrets, 1)],
      [3, commitmentSecret(secrets, 3)],
      [4, commitmentSecret(secrets, 2)],
      [4, commitmentSecret(duo.alice.context.secrets, 3)],
      [2 ** 48 - 1, new Uint8Array(32).fill(0xff)],
      [2 ** 48, commitmentSecret(secrets, 0)],
      [Number.MAX_SAFE_INTEGER, commitmentSecret(secrets, 2)],
    ] as const) {
      const claim = { ...message, nextRevocationNumber, yourLastPerCommitmentSecret: secret }
      expectRefused(duo, 'bob', said(claim), {
        severity: 'fail_channel',
        code: 'wrong_next_revocation_number',
        expected: '1 or 2',
        got: `${nextRevocationNumber}`,
        section: 'BOLT 2, message retransmission',
      })
    }
  })

  it('with proof is believed, also for the last commitment that there can be', () => {
    const { duo, message } = claimed()
    const { secrets } = duo.bob.context
    for (const nextRevocationNumber of [3, 4, 1_000, 2 ** 48 - 1]) {
      const secret = commitmentSecret(secrets, nextRevocationNumber - 1)
      const claim = { ...message, nextRevocationNumber, yourLastPerCommitmentSecret: secret }
      const { next, effects, failure } = tried(duo, 'bob', said(claim))
      expect(failure).toBeUndefined()
      expect(next).toMatchObject({ durable: { phase: { cause: { kind: 'data_loss', mayPublishCommitment: false } } } })
      expect(effects.map(effect => effect.type)).toEqual(['send', 'event'])
    }
  })

  it('with proof is believed whatever next_commitment_number it comes with', () => {
    const { duo, message } = claimed()
    const yourLastPerCommitmentSecret = commitmentSecret(duo.bob.context.secrets, 4)
    for (const nextCommitmentNumber of [0, 1, 3, 9, 2 ** 50]) {
      const claim = { ...message, nextCommitmentNumber, nextRevocationNumber: 5, yourLastPerCommitmentSecret }
      expect(tried(duo, 'bob', said(claim)).effects.some(effect => effect.type === 'publish')).toBe(false)
    }
  })
})
