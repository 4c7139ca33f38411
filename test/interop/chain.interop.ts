import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, fromHex, type Msat, msat, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import { value } from '../regtest/support.ts'
import type { LdkEnd } from './ldk/protocol.ts'
import { CAPACITY_SAT, Party } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage, until } from './stage.ts'

// One side goes on chain with HTLCs in flight both ways (BOLT 5): each gets what it is due, less fees.

/** LDK has the preimage of the first; nobody ever tells that of the second. */
const CLAIMED = msat(40_000_000n)
const ABANDONED = msat(80_000_000n)
/** From LDK to us. */
const INWARD = msat(20_000_000n)
/** More than all transactions of one side cost at the rates here. */
const MOST_FEES_SAT = 15_000n

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create()
})
afterAll(() => stage.close())

const cases = seeds.flatMap(seed =>
  (['us', 'ldk'] as const).flatMap(opener =>
    (['us', 'ldk'] as const).map(closer => ({
      seed,
      opener,
      closer,
      // Both for each of those who close, over any two seeds.
      inward: (seed + (opener === closer ? 0 : 1)) % 2 === 0 ? ('claimed' as const) : ('abandoned' as const),
    })),
  ),
)

describe.each(cases)('the channel of $opener, seed $seed', ({ seed, opener, closer, inward }) => {
  let party: Party
  let channelId: ChannelId
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channelId = opener === 'us' ? await party.openFromUs() : await party.openFromLdk()
  })
  afterAll(() => party.close())

  test(`${closer} goes on chain alone, what LDK pays is ${inward}`, async () => {
    const { localMsat } = await party.ours(channelId)
    const before = await party.coins()
    const claimed = await held(CLAIMED)
    const abandoned = await held(ABANDONED)
    const paid = await ldkPays()
    await stage.ldk.ask('claim', { paymentHash: claimed })
    await closeAlone()
    await party.toTheEnd(async () => (await stage.ldk.ask('balance')).claimable === 0)
    expect(await party.node.channels()).toEqual([])
    const after = await party.coins()

    const taken = inward === 'claimed' ? INWARD : 0n
    const due = (localMsat - CLAIMED + taken) / 1_000n
    expectDue('ours', after.ours - before.ours, due)
    expectDue('theirs', after.theirs - before.theirs, CAPACITY_SAT - due)
    expect(await party.payment(claimed)).toMatchObject({ status: 'succeeded' })
    expect(await party.payment(abandoned)).toMatchObject({ status: 'failed', failure: { code: 'lost_on_chain' } })
    expect(await paid.end).toMatchObject({ type: inward === 'claimed' ? 'sent' : 'failed' })
  })

  /** We pay, and LDK keeps it. */
  async function held(amountMsat: Msat): Promise<string> {
    await stage.ldk.ask('hold', { on: true })
    const from = stage.ldk.events.length
    const { invoice, paymentHash } = await stage.ldk.ask('invoice', { amountMsat: `${amountMsat}` })
    party.node.pay({ invoice }).catch(() => undefined)
    await stage.ldk.until('it is held', told => told.event === 'claimable' && told.paymentHash === paymentHash, from)
    await stage.ldk.ask('hold', { on: false })
    return paymentHash
  }

  /** LDK pays, and the line is cut for good before it hears what we say to it. */
  async function ldkPays(): Promise<{ readonly end: Promise<LdkEnd> }> {
    const { invoice } = await party.node.createInvoice({ amountMsat: INWARD, description: 'x' })
    party.apart()
    party.counter.plan({ by: 'ldk', after: 3, from: 'update_add_htlc' })
    const end = inward === 'claimed' ? stage.ldk.ask('pay', { invoice }) : alongUnknown(invoice)
    await until('the line is cut', async () => !party.counter.isPlanned)
    return { end }
  }

  async function alongUnknown(invoice: string): Promise<LdkEnd> {
    const { scid } = (await party.theirs(channelId)) ?? { scid: '' }
    const { paymentSecret } = value(decodeInvoice(invoice))
    const hops = [{ nodeId: party.node.nodeId, scid, feeMsat: `${INWARD}`, cltvDelta: 60 }]
    const paymentHash = toHex(sha256(fromHex(channelId)))
    return stage.ldk.ask('payAlong', { hops, paymentHash, paymentSecret: toHex(paymentSecret) })
  }

  async function closeAlone(): Promise<void> {
    if (closer === 'us') await party.node.closeChannel({ channelId, force: true })
    else await stage.ldk.ask('forceClose', { channelId, nodeId: party.node.nodeId })
    await until('the commitment transaction waits', async () => stage.chain.mempool().length > 0)
  }
})

function expectDue(whose: string, gained: bigint, due: bigint): void {
  expect(gained, whose).toBeLessThanOrEqual(due)
  expect(gained, whose).toBeGreaterThan(due - MOST_FEES_SAT)
}
