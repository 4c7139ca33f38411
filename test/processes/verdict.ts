import { expect } from 'vitest'
import type { ChannelJson, EventJson, PaymentJson } from '../../src/api/index.ts'
import type { Paid, Party } from './payments.ts'
import { allEvents, allPayments, channelOf, type Pair, until } from './town.ts'

// What has to hold when everything has come to rest.

interface Sums {
  readonly sentMsat: bigint
  readonly receivedMsat: bigint
}

/** One key is one payment: it was sent once, received once, and nothing else was. */
export async function everyPaymentOnce({ alice, bob }: Pair, paid: readonly Paid[]): Promise<void> {
  for (const daemon of [alice, bob]) {
    const payments = await allPayments(daemon)
    const [sent, received] = [paid.filter(one => one.payer === daemon), paid.filter(one => one.payee === daemon)]
    expect(listed(payments, 'sent'), `what ${daemon.name} sent`).toEqual(told(sent))
    expect(listed(payments, 'received'), `what ${daemon.name} received`).toEqual(told(received))
    expect(new Set(paid.map(({ payment }) => payment.paymentHash)).size).toBe(paid.length)
    eventsTellThem(await allEvents(daemon), payments, daemon)
  }
  for (const { payment, amountMsat } of paid) {
    expect(payment).toMatchObject({ status: 'succeeded', direction: 'sent', amountMsat: `${amountMsat}`, feeMsat: '0' })
  }
}

const told = (paid: readonly Paid[]): readonly string[] =>
  paid.map(({ payment, amountMsat }) => `${payment.paymentHash} ${payment.preimage} ${amountMsat} succeeded`).sort()

const listed = (payments: readonly PaymentJson[], direction: PaymentJson['direction']): readonly string[] =>
  payments
    .filter(payment => payment.direction === direction)
    .map(({ paymentHash, preimage, amountMsat, status }) => `${paymentHash} ${preimage} ${amountMsat} ${status}`)
    .sort()

/** Numbered without a gap, and each end of a payment is told once. */
function eventsTellThem(events: readonly EventJson[], payments: readonly PaymentJson[], daemon: Party): void {
  expect(
    events.map(({ id }) => id),
    `events of ${daemon.name}`,
  ).toEqual(events.map((_, index) => index + 1))
  const ends = events.flatMap(event => ('payment' in event ? [`${event.type} ${event.payment.paymentHash}`] : []))
  const ended = payments.map(
    ({ direction, paymentHash }) => `${direction === 'sent' ? 'payment_sent' : 'payment_received'} ${paymentHash}`,
  )
  expect(ends.sort()).toEqual(ended.sort())
}

export function sumsOf(paid: readonly Paid[], daemon: Party): Sums {
  let [sentMsat, receivedMsat] = [0n, 0n]
  for (const { payer, payee, amountMsat } of paid) {
    if (payer === daemon) sentMsat += amountMsat
    if (payee === daemon) receivedMsat += amountMsat
  }
  return { sentMsat, receivedMsat }
}

interface AtRest {
  readonly channelId: string
  readonly paid: readonly Paid[]
  /** Of Alice, before the first payment. */
  readonly aliceMsat: bigint
}

/** Both sides say the same of the channel, to the msat, and it is what was paid. */
export async function balancesAgree({ alice, bob }: Pair, { channelId, paid, aliceMsat }: AtRest): Promise<void> {
  const { sentMsat, receivedMsat } = sumsOf(paid, alice)
  const localMsat = aliceMsat - sentMsat + receivedMsat
  const rests = (channel: ChannelJson | undefined, own: bigint): boolean =>
    channel?.htlcs === 0 && channel.localMsat === `${own}`
  const capacityMsat = BigInt((await channelOf(alice, channelId))?.capacitySat ?? '0') * 1000n
  const bobMsat = capacityMsat - localMsat
  await until(`alice has ${localMsat} and bob ${bobMsat} msat`, async () => {
    return rests(await channelOf(alice, channelId), localMsat) && rests(await channelOf(bob, channelId), bobMsat)
  })
  const expected = { state: 'normal', htlcs: 0 }
  expect(await channelOf(alice, channelId)).toMatchObject({
    ...expected,
    localMsat: `${localMsat}`,
    remoteMsat: `${bobMsat}`,
  })
  expect(await channelOf(bob, channelId)).toMatchObject({
    ...expected,
    localMsat: `${bobMsat}`,
    remoteMsat: `${localMsat}`,
  })
}

interface SpendOnChain {
  readonly txid: string
  readonly locktime: number
  readonly vin: readonly { readonly txid: string; readonly vout: number; readonly sequence: number }[]
  readonly vout: readonly { readonly value: number; readonly n: number }[]
}

/** The transaction on chain that spends an output, looked for in every block. */
export async function spenderOf({ chain }: Pair, fundingTxid: string): Promise<SpendOnChain> {
  const height = Number(await chain.rpc.call('getblockcount'))
  for (let at = height; at > 0; at--) {
    const hash = await chain.rpc.call('getblockhash', at)
    // The shape of Bitcoin Core's answer at verbosity 2.
    const block = (await chain.rpc.call('getblock', hash, 2)) as { readonly tx: readonly SpendOnChain[] }
    const found = block.tx.find(({ vin }) => vin.some(({ txid }) => txid === fundingTxid))
    if (found !== undefined) return found
  }
  throw new Error(`nothing on chain spends ${fundingTxid}`)
}

/** BOLT 3: a commitment transaction has 0x20 in the upper byte of its locktime and 0x80 in that of its sequence. */
export function expectCooperative({ locktime, vin }: SpendOnChain): void {
  expect({ locktime: locktime >>> 24, sequence: (vin[0]?.sequence ?? 0) >>> 24 }).not.toEqual({
    locktime: 0x20,
    sequence: 0x80,
  })
}
