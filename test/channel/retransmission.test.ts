import { describe, expect, it } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { commitmentSecret } from '../../src/keys/index.ts'
import type { ChannelReestablish } from '../../src/wire/index.ts'
import { expectRefused, expectTaken, NAMES, onItsWay, said, typesOnTheirWay } from './attacks.ts'
import {
  confirm,
  connect,
  type Duo,
  deliver,
  deliverNext,
  depthInput,
  durableOf,
  input,
  opened,
  signed,
} from './harness.ts'
import { commit, expectEnds, fee, finish, offer, resolve, to } from './histories.ts'
import { add, hashOf, pay, settle } from './payments.ts'
import { cut, meetAgain } from './reconnecting.ts'

// BOLT 2, message retransmission: what is said again after a reconnection, and what channel_reestablish may say.

describe('what is sent again', () => {
  it('revoke_and_ack, then the updates and the commitment_signed, where they were sent in this order', () => {
    for (const who of [[], ['bob']] as const) {
      const duo = opened()
      offer(1)(duo)
      commit('alice')(duo)
      for (const move of to('bob', 2)) move(duo)
      offer(2)(duo)
      commit('bob')(duo)
      const said = duo.bob.outbox
      expect(typesOnTheirWay(duo, 'alice')).toEqual(['revoke_and_ack', 'update_add_htlc', 'commitment_signed'])
      cut(duo, who)
      connect(duo)
      deliverNext(duo, 'bob')
      expect(duo.bob.outbox.slice(1)).toEqual(said)
      deliver(duo)
      finish(duo)
      expectEnds(duo)
    }
  })

  it('the updates and the commitment_signed, then the revoke_and_ack, where they were sent in this order', () => {
    for (const who of [[], ['bob']] as const) {
      const duo = opened()
      offer(1)(duo)
      commit('alice')(duo)
      offer(2)(duo)
      commit('bob')(duo)
      for (const move of to('bob', 2)) move(duo)
      const said = duo.bob.outbox
      expect(typesOnTheirWay(duo, 'alice')).toEqual(['update_add_htlc', 'commitment_signed', 'revoke_and_ack'])
      cut(duo, who)
      connect(duo)
      deliverNext(duo, 'bob')
      expect(duo.bob.outbox.slice(1)).toEqual(said)
      deliver(duo)
      finish(duo)
      expectEnds(duo)
    }
  })

  it('an offer with its path_key, which the receiver reads', () => {
    const duo = opened()
    const pathKey = durableOf(duo.alice).params.local.basepoints.paymentBasepoint
    input(duo, 'alice', {
      type: 'add_htlc',
      amountMsat: msat(1_000_000),
      paymentHash: hashOf(1),
      cltvExpiry: 300,
      onionRoutingPacket: new Uint8Array(1366).fill(9),
      pathKey,
    })
    commit('alice')(duo)
    const said = duo.alice.outbox
    cut(duo, ['alice'])
    connect(duo)
    deliverNext(duo, 'alice')
    // After channel_reestablish and, at this first commitment, channel_ready.
    expect(duo.alice.outbox.slice(2)).toEqual(said)
    deliver(duo)
    settle(duo)
    expect(durableOf(duo.bob).htlcs).toMatchObject([{ pathKey, added: 'irrevocable' }])
  })

  it('a fee change and a removal, as they were', () => {
    const duo = opened()
    offer(2)(duo)
    settle(duo)
    fee(3_000)(duo)
    resolve(2)(duo)
    commit('alice')(duo)
    const said = duo.alice.outbox
    cut(duo, ['alice'])
    connect(duo)
    deliverNext(duo, 'alice')
    expect(duo.alice.outbox.slice(1)).toEqual(said)
    expect(typesOnTheirWay(duo, 'bob')).toEqual([
      'channel_reestablish',
      'update_fee',
      'update_fail_htlc',
      'commitment_signed',
    ])
  })

  it('channel_ready while no commitment was exchanged, the same as before, and not afterwards', () => {
    const duo = signed()
    confirm(duo)
    const ready = duo.alice.outbox
    cut(duo, ['alice', 'bob'])
    connect(duo)
    for (const name of NAMES) deliverNext(duo, name)
    expect(duo.alice.outbox).toEqual(ready)
    deliver(duo)
    cut(duo)
    connect(duo)
    for (const name of NAMES) deliverNext(duo, name)
    expect(typesOnTheirWay(duo, 'bob')).toEqual(['channel_ready'])
    deliver(duo)
    pay(duo, 'alice', { amountMsat: 1_000_000n, secret: 1 })
    cut(duo)
    connect(duo)
    for (const name of NAMES) deliverNext(duo, name)
    for (const name of NAMES) expect(typesOnTheirWay(duo, name)).toEqual([])
  })

  it('channel_ready for the first time, if the funding became deep while nobody was there', () => {
    const duo = signed()
    cut(duo)
    for (const name of NAMES) input(duo, name, depthInput(duo[name], 3))
    for (const name of NAMES) expect(duo[name].outbox).toEqual([])
    meetAgain(duo)
    for (const name of NAMES) expect(duo[name].channel.state).toBe('normal')
  })

  it('the opener’s channel_ready and first commitment, which Bob has both missed', () => {
    const duo = signed()
    confirm(duo)
    deliverNext(duo, 'alice')
    duo.alice.outbox = []
    offer(1)(duo)
    commit('alice')(duo)
    expect(duo.bob.channel.state).toBe('wait_for_channel_ready')
    cut(duo, ['alice', 'bob'])
    connect(duo)
    deliverNext(duo, 'alice')
    expect(typesOnTheirWay(duo, 'bob')).toEqual([
      'channel_reestablish',
      'channel_ready',
      'update_add_htlc',
      'commitment_signed',
    ])
    deliver(duo)
    finish(duo)
    expectEnds(duo)
  })

  it('shutdown, after what it waits for, by whoever has said it', () => {
    const duo = opened()
    offer(1)(duo)
    settle(duo)
    input(duo, 'bob', { type: 'shutdown' })
    const shutdown = duo.bob.outbox
    resolve(1)(duo)
    commit('bob')(duo)
    cut(duo, ['bob'])
    connect(duo)
    deliverNext(duo, 'bob')
    expect(duo.bob.outbox[3]).toEqual(shutdown[0])
    expect(typesOnTheirWay(duo, 'alice')).toEqual([
      'channel_reestablish',
      'update_fulfill_htlc',
      'commitment_signed',
      'shutdown',
    ])
    deliver(duo)
    cut(duo)
    connect(duo)
    for (const name of NAMES) deliverNext(duo, name)
    for (const name of NAMES) expect(typesOnTheirWay(duo, name)).toContain('shutdown')
    deliver(duo)
    settle(duo)
    for (const name of NAMES) expect(duo[name].channel.state).toBe('negotiating')
  })
})

describe('channel_reestablish, receiver: numbers and secrets', () => {
  const section = 'BOLT 2, message retransmission'

  /** Bob has revoked three commitments, and so has Alice; Alice's channel_reestablish is on its way to Bob. */
  function meeting(awaiting = false): Duo {
    const duo = opened()
    for (const secret of [1, 2, 3]) {
      add(duo, 'alice', { amountMsat: 1_000_000n, secret })
      settle(duo)
    }
    if (awaiting) {
      add(duo, 'bob', { amountMsat: 1_000_000n, secret: 4 })
      input(duo, 'bob', { type: 'commit' })
    }
    cut(duo)
    connect(duo)
    return duo
  }

  const message = (duo: Duo): ChannelReestablish => onItsWay(duo, 'bob', 'channel_reestablish')

  function refuse(
    duo: Duo,
    changes: Partial<ChannelReestablish>,
    failure: { code: string; expected: string; got: string },
  ): void {
    expectRefused(duo, 'bob', said({ ...message(duo), ...changes }), { severity: 'fail_channel', section, ...failure })
  }

  it('as it should be', () => {
    const duo = meeting()
    expect(message(duo)).toMatchObject({ nextCommitmentNumber: 4, nextRevocationNumber: 3 })
    expectTaken(duo, 'bob', said(message(duo)))
  })

  it('next_commitment_number is that of our next commitment_signed, or of the last one where it is not acknowledged', () => {
    const duo = meeting()
    const code = 'wrong_next_commitment_number'
    for (const number of [1, 3, 5, 2 ** 48, Number.MAX_SAFE_INTEGER]) {
      refuse(duo, { nextCommitmentNumber: number }, { code, expected: '4', got: `${number}` })
    }
    const waiting = meeting(true)
    for (const nextCommitmentNumber of [4, 5]) {
      expectTaken(waiting, 'bob', said({ ...message(waiting), nextCommitmentNumber }))
    }
    for (const number of [3, 6]) {
      refuse(waiting, { nextCommitmentNumber: number }, { code, expected: '4 or 5', got: `${number}` })
    }
  })

  it('next_commitment_number is never 0: so a peer that has lost its data asks for a close', () => {
    for (const duo of [meeting(), meeting(true)]) {
      const got = '0: the peer has lost its data'
      refuse(duo, { nextCommitmentNumber: 0 }, { code: 'peer_asks_for_close', expected: 'a number above 0', got })
    }
  })

  it('next_revocation_number is that of our next revoke_and_ack, or of the last one', () => {
    const duo = meeting()
    const { secrets } = duo.bob.context
    const again = { nextRevocationNumber: 2, yourLastPerCommitmentSecret: commitmentSecret(secrets, 1) }
    const { effects } = expectTaken(duo, 'bob', said({ ...message(duo), ...again }))
    expect(effects[0]).toMatchObject({ type: 'send', message: { type: 'revoke_and_ack' } })
    const code = 'wrong_next_revocation_number'
    for (const number of [0, 1, 4, 5, 2 ** 48 - 1, 2 ** 48, Number.MAX_SAFE_INTEGER]) {
      refuse(duo, { nextRevocationNumber: number }, { code, expected: '2 or 3', got: `${number}` })
    }
    const fresh = opened()
    cut(fresh)
    connect(fresh)
    expectTaken(fresh, 'bob', said(message(fresh)))
    refuse(fresh, { nextRevocationNumber: 1 }, { code, expected: '0', got: '1' })
  })

  it('your_last_per_commitment_secret is the one of the commitment before, all zero where there is none', () => {
    const duo = meeting()
    const { bob, alice } = duo
    for (const secret of [
      new Uint8Array(32),
      commitmentSecret(bob.context.secrets, 1),
      commitmentSecret(bob.context.secrets, 3),
      commitmentSecret(alice.context.secrets, 2),
    ]) {
      refuse(
        duo,
        { yourLastPerCommitmentSecret: secret },
        {
          code: 'wrong_last_secret',
          expected: 'our secret of commitment 2',
          got: 'other bytes: a claim without proof',
        },
      )
    }
    const fresh = opened()
    cut(fresh)
    connect(fresh)
    refuse(
      fresh,
      { yourLastPerCommitmentSecret: commitmentSecret(fresh.bob.context.secrets, 0) },
      {
        code: 'wrong_last_secret',
        expected: 'your_last_per_commitment_secret all zero',
        got: 'other bytes: a claim without proof',
      },
    )
  })

  it('my_current_per_commitment_point is ignored', () => {
    const duo = meeting()
    const point = durableOf(duo.alice).params.local.basepoints.htlcBasepoint
    expectTaken(duo, 'bob', said({ ...message(duo), myCurrentPerCommitmentPoint: point }))
  })
})
