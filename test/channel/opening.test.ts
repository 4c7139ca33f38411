import { describe, expect, it } from 'vitest'
import { channelIdFromOutPoint, feeratePerKw, fromHex, msat, sat } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { remoteCommitmentTx } from '../../src/channel/contents.ts'
import { localCommitmentTx } from '../../src/channel/handlers/commitmentSigned.ts'
import { commitmentFeeSat, fundingScript, verifyCommitmentSignature } from '../../src/commitment/index.ts'
import { channelBasepoints, commitmentPoint } from '../../src/keys/index.ts'
import {
  ALL_FEATURES,
  agreed,
  answered,
  CAPACITY,
  CHAIN_HASH,
  confirm,
  created,
  type Duo,
  deliver,
  depthInput,
  durableOf,
  effectsOf,
  fundChannelEffect,
  input,
  NO_FEATURES,
  opened,
  proposed,
  rewired,
  START_HEIGHT,
  sentBy,
  signed,
  TEMPORARY_ID,
  walletScript,
  walletTx,
} from './harness.ts'

// BOLT 2, channel establishment v1: both sides over bytes, from open_channel to channel_ready.

function typesSent(duo: Duo): { readonly alice: readonly string[]; readonly bob: readonly string[] } {
  return { alice: sentBy(duo.alice).map(({ type }) => type), bob: sentBy(duo.bob).map(({ type }) => type) }
}

describe('BOLT 2, channel establishment v1', () => {
  it.each(['static_remotekey', 'anchors_zero_fee_htlc'] as const)('opens a channel in format %s', format => {
    const duo = opened({ format })
    expect(typesSent(duo)).toEqual({
      alice: ['open_channel', 'funding_created', 'channel_ready'],
      bob: ['accept_channel', 'funding_signed', 'channel_ready'],
    })
    for (const side of [duo.alice, duo.bob]) {
      expect(side.channel.state).toBe('normal')
      const durable = durableOf(side)
      expect(durable.params.format).toBe(format)
      expect(durable.ready).toEqual({ local: true, remote: true })
      expect(durable.localCommit.number).toBe(0)
      expect(durable.localCommit.htlcSignatures).toEqual([])
      expect(durable.remoteCommit.number).toBe(0)
    }
  })

  it.each(['static_remotekey', 'anchors_zero_fee_htlc'] as const)(
    'signs the same two first commitments (%s)',
    format => {
      const { alice, bob } = opened({ format })
      for (const [holder, peer] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        const own = localCommitmentTx(durableOf(holder), 0, holder.context)
        expect(remoteCommitmentTx(durableOf(peer), 'latest').txid).toBe(own.txid)
        const { localCommit, params } = durableOf(holder)
        expect(verifyCommitmentSignature(own, localCommit.signature, params.remote.basepoints.fundingPubkey)).toBe(true)
      }
    },
  )

  it('gives what was pushed to the accepter, and lets the opener pay fee and anchors', () => {
    const { alice, bob } = opened({ pushMsat: msat(123_456_789n), feeratePerKw: feeratePerKw(1_000) })
    expect(durableOf(alice).settled).toEqual({ localMsat: 876_543_211n, remoteMsat: 123_456_789n })
    expect(durableOf(bob).settled).toEqual({ localMsat: 123_456_789n, remoteMsat: 876_543_211n })
    const outputs = localCommitmentTx(durableOf(bob), 0, bob.context).outputs
    const amounts = Object.fromEntries(outputs.map(({ type, amountSat }) => [type, amountSat]))
    const fee = commitmentFeeSat('anchors_zero_fee_htlc', feeratePerKw(1_000), 0)
    expect(amounts).toEqual({
      to_local: 123_456n,
      to_remote: 876_543n - fee - 660n,
      local_anchor: 330n,
      remote_anchor: 330n,
    })
  })

  it('announces the terms that the limits and the request say', () => {
    const { message } = proposed({ announce: true, toSelfDelay: 200, fundingAmountSat: sat(5_000_000) })
    expect(message).toMatchObject({
      type: 'open_channel',
      chainHash: CHAIN_HASH,
      temporaryChannelId: TEMPORARY_ID,
      fundingSatoshis: 5_000_000n,
      pushMsat: 100_000_000n,
      dustLimitSatoshis: 354n,
      // The limit is larger than the capacity, which is the most that can be on its way.
      maxHtlcValueInFlightMsat: 5_000_000_000n,
      channelReserveSatoshis: 50_000n,
      htlcMinimumMsat: 1n,
      feeratePerKw: 2_500,
      toSelfDelay: 200,
      maxAcceptedHtlcs: 50,
      channelFlags: 1,
    })
    expect(message.channelType).toEqual(fromHex('401000'))
    expect(message.upfrontShutdownScript).toEqual(new Uint8Array(0))
    expect(proposed({ format: 'static_remotekey' }).message.channelType).toEqual(fromHex('1000'))
    expect(proposed({ announce: false }).message.channelFlags).toBe(0)
    const capped = proposed({
      limits: { alice: { maxHtlcValueInFlightMsat: msat(77_000_000n), maxAcceptedHtlcs: 600 } },
    })
    expect(capped.message.maxHtlcValueInFlightMsat).toBe(77_000_000n)
    expect(capped.message.maxAcceptedHtlcs).toBe(483)
  })

  it('answers with terms of its own and the same channel_type', () => {
    const { bob } = answered({ limits: { bob: { toSelfDelay: 720, minimumDepth: 6 } } })
    expect(sentBy(bob)).toMatchObject([
      {
        type: 'accept_channel',
        temporaryChannelId: TEMPORARY_ID,
        minimumDepth: 6,
        toSelfDelay: 720,
        channelReserveSatoshis: 10_000n,
        channelType: fromHex('401000'),
        upfrontShutdownScript: new Uint8Array(0),
      },
    ])
    // Zero is for option_zeroconf, which was not negotiated.
    const { bob: eager } = answered({ limits: { bob: { minimumDepth: 0 } } })
    expect(sentBy(eager)).toMatchObject([{ type: 'accept_channel', minimumDepth: 1 }])
  })

  it('never asks for a reserve below either dust limit', () => {
    const small = { fundingAmountSat: sat(20_000), pushMsat: msat(0n) }
    expect(proposed({ ...small, limits: { alice: { dustLimitSat: sat(600) } } }).message.channelReserveSatoshis).toBe(
      600n,
    )
    const { bob } = answered({ ...small, limits: { alice: { dustLimitSat: sat(700) } } })
    expect(sentBy(bob)).toMatchObject([{ channelReserveSatoshis: 700n, dustLimitSatoshis: 354n }])
  })

  it('asks the wallet for the funding output once the terms are agreed', () => {
    const duo = agreed()
    const { fundingPubkey: ours } = channelBasepoints(duo.alice.context.secrets)
    const { fundingPubkey: theirs } = channelBasepoints(duo.bob.context.secrets)
    expect(duo.alice.channel.state).toBe('wait_for_funding_transaction')
    expect(fundChannelEffect(duo)).toEqual({
      type: 'fund_channel',
      output: { amountSat: CAPACITY, script: fundingScript(ours, theirs) },
      feeratePerKw: 5_000,
    })
  })

  it('names the outpoint of the funding output, and derives the channel_id from it', () => {
    const duo = created()
    const tx = walletTx(fundChannelEffect(duo).output)
    expect(sentBy(duo.alice).at(-1)).toMatchObject({
      type: 'funding_created',
      temporaryChannelId: TEMPORARY_ID,
      fundingTxid: txid(tx),
      fundingOutputIndex: 1,
    })
    deliver(duo)
    const channelId = channelIdFromOutPoint({ txid: txid(tx), vout: 1 })
    expect(sentBy(duo.bob).at(-1)).toMatchObject({ type: 'funding_signed', channelId })
    for (const side of [duo.alice, duo.bob]) expect(durableOf(side).params.channelId).toBe(channelId)
  })

  it('publishes the funding transaction only after funding_signed, and then first of all', () => {
    const duo = created()
    expect(effectsOf(duo.alice, 'publish')).toEqual([])
    expect(duo.alice.records.size).toBe(0)
    const before = duo.alice.effects.length
    deliver(duo)
    const tx = walletTx(fundChannelEffect(duo).output)
    const watch = {
      type: 'watch_funding',
      outpoint: { txid: txid(tx), vout: 1 },
      output: fundChannelEffect(duo).output,
      depth: 100,
    }
    expect(duo.alice.effects.slice(before)).toEqual([
      { type: 'publish', role: 'funding', tx },
      watch,
      {
        type: 'event',
        event: { type: 'state_changed', from: 'wait_for_funding_signed', to: 'wait_for_funding_confirmed' },
      },
    ])
    expect(durableOf(duo.alice).phase).toEqual({
      type: 'wait_for_funding_confirmed',
      fundingTx: tx,
      sinceHeight: START_HEIGHT,
    })
    // The accepter has nothing to publish.
    expect(effectsOf(duo.bob, 'publish')).toEqual([])
    expect(effectsOf(duo.bob, 'watch_funding')).toEqual([watch])
    expect(durableOf(duo.bob).phase).toEqual({ type: 'wait_for_funding_confirmed', sinceHeight: START_HEIGHT })
  })

  it('sends channel_ready with the point of commitment 1, each side at its own time', () => {
    const duo = signed()
    input(duo, 'bob', depthInput(duo.bob, 3))
    expect(duo.bob.channel.state).toBe('wait_for_channel_ready')
    deliver(duo)
    // The peer's comes early and is kept.
    expect(duo.alice.channel.state).toBe('wait_for_funding_confirmed')
    expect(durableOf(duo.alice).ready).toEqual({ local: false, remote: true })
    expect(durableOf(duo.alice).remoteCommit.nextPoint).toEqual(commitmentPoint(duo.bob.context.secrets, 1))
    input(duo, 'alice', depthInput(duo.alice, 3))
    expect(duo.alice.channel.state).toBe('normal')
    deliver(duo)
    expect(duo.bob.channel.state).toBe('normal')
    expect(durableOf(duo.bob).remoteCommit.nextPoint).toEqual(commitmentPoint(duo.alice.context.secrets, 1))
    expect(durableOf(duo.alice).phase).toEqual({ type: 'normal' })
  })

  it('waits for the depth that the accepter asked for, whichever side it is', () => {
    const duo = signed({ limits: { bob: { minimumDepth: 6 } } })
    confirm(duo, 5)
    expect(duo.alice.channel.state).toBe('wait_for_funding_confirmed')
    expect(duo.bob.channel.state).toBe('wait_for_funding_confirmed')
    confirm(duo, 6)
    expect(duo.alice.channel.state).toBe('wait_for_channel_ready')
    expect(duo.bob.channel.state).toBe('wait_for_channel_ready')
  })
})

describe('BOLT 2, upfront_shutdown_script', () => {
  const upfront = { alice: walletScript(40), bob: walletScript(41) }

  it('binds both sides where option_upfront_shutdown_script was negotiated', () => {
    const { alice, bob } = opened({ upfront, negotiated: ALL_FEATURES })
    for (const side of [alice, bob]) {
      const { local, remote } = durableOf(side).params
      const [own, other] = side === alice ? [upfront.alice, upfront.bob] : [upfront.bob, upfront.alice]
      expect(local.upfrontShutdownScript).toEqual(own)
      expect(remote.upfrontShutdownScript).toEqual(other)
    }
  })

  it('binds only its sender without that feature', () => {
    const { alice, bob } = opened({ upfront, negotiated: NO_FEATURES })
    expect(durableOf(alice).params.local.upfrontShutdownScript).toEqual(upfront.alice)
    expect(durableOf(alice).params.remote.upfrontShutdownScript).toBeUndefined()
    expect(durableOf(bob).params.local.upfrontShutdownScript).toEqual(upfront.bob)
    expect(durableOf(bob).params.remote.upfrontShutdownScript).toBeUndefined()
  })

  it('binds nobody where it is of length zero', () => {
    const empty = new Uint8Array(0)
    const { alice, bob } = opened({ upfront: { alice: empty, bob: empty }, negotiated: ALL_FEATURES })
    for (const side of [alice, bob]) {
      const { local, remote } = durableOf(side).params
      expect(local.upfrontShutdownScript).toBeUndefined()
      expect(remote.upfrontShutdownScript).toBeUndefined()
    }
  })

  it('is always in the message, since the message has other records after it', () => {
    const { message } = proposed({ negotiated: NO_FEATURES })
    expect(message.upfrontShutdownScript).toEqual(new Uint8Array(0))
    expect(rewired(message)).toEqual(message)
  })
})
