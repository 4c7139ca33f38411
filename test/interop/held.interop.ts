import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, msat, type PaymentHash, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { CAPACITY_SAT, Party, PUSH_MSAT } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage, until } from './stage.ts'

// LDK pays invoices whose preimage our user keeps for later: it waits, and is taken or given back.

const AMOUNT = msat(30_000_000n)

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create()
})
afterAll(() => stage.close())

describe.each(seeds)('seed %i', seed => {
  let party: Party
  let channelId: ChannelId
  let fresh = 0
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channelId = await party.openFromLdk()
  })
  afterAll(() => party.close())

  /** Paid by LDK, and waiting. */
  async function held() {
    const preimage = sha256(Uint8Array.of(seed, ++fresh))
    const paymentHash = toHex(sha256(preimage)) as PaymentHash
    const { invoice } = await party.node.createInvoice({ amountMsat: AMOUNT, description: 'held', paymentHash })
    const end = stage.ldk.ask('pay', { invoice })
    await until('it is held', async () => (await party.node.invoice({ paymentHash })).status === 'held')
    return { preimage: toHex(preimage), paymentHash, end }
  }

  test('taken: LDK gets the preimage', async () => {
    const { preimage, end } = await held()
    await party.node.settleInvoice({ preimage })
    expect(await end).toEqual({ type: 'sent', preimage })
    await party.quiet(channelId)
    expect((await party.ours(channelId)).localMsat).toBe(PUSH_MSAT + AMOUNT)
  })

  test('given back: LDK hears that it is not paid', async () => {
    const { paymentHash, end } = await held()
    await party.node.cancelInvoice({ paymentHash })
    expect(await end).toMatchObject({ type: 'failed', reason: 'RecipientRejected' })
    await party.quiet(channelId)
    const { localMsat, remoteMsat } = await party.ours(channelId)
    expect([localMsat, remoteMsat]).toEqual([PUSH_MSAT + AMOUNT, CAPACITY_SAT * 1_000n - PUSH_MSAT - AMOUNT])
  })

  test('held over a start of ours and a cut, and taken then', async () => {
    const { preimage, end } = await held()
    await party.restart()
    await party.meetsAgain(channelId)
    party.cut()
    await party.meetsAgain(channelId)
    await party.node.settleInvoice({ preimage })
    expect(await end).toEqual({ type: 'sent', preimage })
    await party.quiet(channelId)
  })
})
