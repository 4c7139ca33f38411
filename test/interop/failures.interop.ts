import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, encode, fromHex, type Msat, msat, toHex, u64Number } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { decodeInvoice, type Invoice, signInvoice } from '../../src/invoice/index.ts'
import { value } from '../regtest/support.ts'
import type { LdkEnd, LdkHop, RefusalReason } from './ldk/protocol.ts'
import { Party } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage } from './stage.ts'

// Payments that are refused: what the one says, the other reads (BOLT 4, failure messages).

const AMOUNT = msat(20_000_000n)
const INCORRECT = 'incorrect_or_unknown_payment_details'

let stage: Stage
let secretOfLdk: Uint8Array
let fresh = 0
beforeAll(async () => {
  stage = await Stage.create()
  secretOfLdk = fromHex((await stage.ldk.ask('info')).nodeSecret)
})
afterAll(() => stage.close())

const freshHash = (): string => toHex(sha256(encode(u64Number, ++fresh)))

describe.each(seeds)('seed %i', seed => {
  let party: Party
  let channelId: ChannelId
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channelId = await party.openFromUs()
  })
  afterAll(() => party.close())

  /** The channel is as it was, and does what it did. */
  async function expectUnharmed(): Promise<void> {
    await party.quiet(channelId)
    const { invoice } = await stage.ldk.ask('invoice', { amountMsat: '1000000' })
    expect(await party.node.pay({ invoice })).toMatchObject({ status: 'succeeded' })
    await party.quiet(channelId)
  }

  describe('LDK refuses, we read why', () => {
    /** LDK's own invoice with something else in it, under LDK's own signature. */
    async function changed(change: (invoice: Invoice) => Partial<Invoice>): Promise<string> {
      const { invoice } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
      const read = value(decodeInvoice(invoice))
      return signInvoice({ ...read, ...change(read) }, secretOfLdk)
    }

    async function expectRefused(invoice: string, words: string, amountMsat?: Msat): Promise<void> {
      const failed = party.node.pay({ invoice, ...(amountMsat !== undefined && { amountMsat }) })
      await expect(failed).rejects.toMatchObject({ code: 'payment_failed' })
      const [payment] = await party.node.payments({ limit: 1 })
      expect(payment?.failure).toMatchObject({ code: 'refused_by_recipient' })
      expect(payment?.failure?.message).toContain(words)
      await expectUnharmed()
    }

    test('a hash that it does not know', async () => {
      const { invoice } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}`, paymentHash: freshHash() })
      await expectRefused(invoice, INCORRECT)
    })

    test('a payment secret that is not the one of the hash', async () => {
      await expectRefused(await changed(() => ({ paymentSecret: new Uint8Array(32).fill(7) })), INCORRECT)
    })

    test('too small an amount', async () => {
      await expectRefused(await changed(() => ({ amountMsat: msat(AMOUNT / 2n) })), INCORRECT)
    })

    test('too little time', async () => {
      await expectRefused(await changed(() => ({ minFinalCltvExpiryDelta: 1 })), INCORRECT)
    })

    const reasons: readonly { readonly reason: RefusalReason; readonly words: string }[] = [
      { reason: 'temporary_node_failure', words: 'temporary_node_failure' },
      { reason: 'required_node_feature_missing', words: 'required_node_feature_missing' },
      { reason: 'incorrect_details', words: INCORRECT },
      { reason: 'payload', words: 'invalid_onion_payload' },
    ]
    test.each(reasons)('a payment that its user refuses: $reason', async ({ reason, words }) => {
      await stage.ldk.ask('hold', { on: true })
      const from = stage.ldk.events.length
      const { invoice, paymentHash: hash } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
      const refused = stage.ldk
        .until('it may be claimed', told => told.event === 'claimable' && told.paymentHash === hash, from)
        .then(() => stage.ldk.ask('hold', { on: false }))
        .then(() => stage.ldk.ask('refuse', { paymentHash: hash, reason }))
      await expectRefused(invoice, words)
      await refused
    })
  })

  describe('we refuse, LDK reads why', () => {
    async function hop(): Promise<LdkHop> {
      const { scid } = (await party.theirs(channelId)) ?? { scid: '' }
      return { nodeId: party.node.nodeId, scid, feeMsat: `${AMOUNT}`, cltvDelta: 60 }
    }

    async function ours(): Promise<{ readonly paymentHash: string; readonly paymentSecret: string }> {
      const { invoice } = await party.node.createInvoice({ amountMsat: AMOUNT, description: 'x' })
      const read = value(decodeInvoice(invoice))
      return { paymentHash: read.paymentHash, paymentSecret: toHex(read.paymentSecret) }
    }

    async function expectRead(end: LdkEnd, words: string): Promise<void> {
      expect(end).toMatchObject({ type: 'failed' })
      expect(end.type === 'failed' ? end.said.join('\n') : '').toContain(words)
      await expectUnharmed()
    }

    test('a hash that we do not know', async () => {
      const { paymentSecret } = await ours()
      const end = await stage.ldk.ask('payAlong', { hops: [await hop()], paymentHash: freshHash(), paymentSecret })
      await expectRead(end, INCORRECT)
    })

    test('a payment secret that is not the one of the hash', async () => {
      const { paymentHash: hash } = await ours()
      const paymentSecret = freshHash()
      const end = await stage.ldk.ask('payAlong', { hops: [await hop()], paymentHash: hash, paymentSecret })
      await expectRead(end, INCORRECT)
    })

    test('too small an amount', async () => {
      const hops = [{ ...(await hop()), feeMsat: `${AMOUNT / 2n}` }]
      await expectRead(await stage.ldk.ask('payAlong', { hops, ...(await ours()) }), INCORRECT)
    })

    test('more than twice the amount', async () => {
      const hops = [{ ...(await hop()), feeMsat: `${AMOUNT * 2n + 1n}` }]
      await expectRead(await stage.ldk.ask('payAlong', { hops, ...(await ours()) }), INCORRECT)
    })

    test('too little time', async () => {
      const hops = [{ ...(await hop()), cltvDelta: 5 }]
      await expectRead(await stage.ldk.ask('payAlong', { hops, ...(await ours()) }), INCORRECT)
    })

    test('a next hop that we do not have', async () => {
      const first = await hop()
      const beyond: LdkHop = { ...first, nodeId: stage.ldkId, scid: '1234567890123' }
      const hops = [{ ...first, feeMsat: '1000' }, beyond]
      await expectRead(await stage.ldk.ask('payAlong', { hops, ...(await ours()) }), 'unknown_next_peer')
    })

    test('an onion that is for somebody else', async () => {
      const hops = [{ ...(await hop()), nodeId: stage.ldkId }]
      const end = await stage.ldk.ask('payAlong', { hops, ...(await ours()) })
      // LDK does not say what it has read, but that it came, and that another way might do.
      expect(end).toMatchObject({ type: 'failed', reason: 'RetriesExhausted' })
      expect(party.counter.said).toContainEqual({ by: 'us', type: 'update_fail_malformed_htlc' })
      await expectUnharmed()
    })
  })

  test('nothing of all that was counted as paid', async () => {
    const payments = await party.node.payments()
    expect(payments.filter(payment => payment.amountMsat >= AMOUNT / 2n && payment.status !== 'failed')).toEqual([])
  })
})
