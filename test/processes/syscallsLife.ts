import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { defined, unreachable } from '../../src/base/index.ts'
import { payOnce, untilAnswered, untilDone } from './payments.ts'
import { randomFrom } from './random.ts'
import type { Life, SmallTown } from './syscallsTown.ts'
import { channelOf, isUsable, sawAllBlocks, until } from './town.ts'
import { balancesAgree, everyPaymentOnce, expectCooperative, spenderOf } from './verdict.ts'

// One channel's life in four acts. Each goes on from wherever a death has left things: whoever plays it sees the API alone, and asks
// again, with the same keys, until there is an answer.

export const ACTS = ['start', 'open', 'pay', 'close'] as const
export type Act = (typeof ACTS)[number]

const CAPACITY_SAT = 1_000_000n
const PUSH_MSAT = 400_000_123n
const FUNDED_BTC = 0.1
const DEPTH = 3
/** With a transaction on chain, few or many blocks deep. */
const OVER = ['closing', 'closed']
const RETRY_MS = 50

export function play(act: Act, town: SmallTown, life: Life): Promise<Life> {
  switch (act) {
    case 'start':
      return start(town, life)
    case 'open':
      return open(town, life)
    case 'pay':
      return pay(town, life)
    case 'close':
      return close(town, life)
    default:
      return unreachable(act)
  }
}

/** Only what happens by itself. */
async function start({ alice }: SmallTown, life: Life): Promise<Life> {
  await untilAnswered(() => alice.client.info())
  return life
}

async function open(town: SmallTown, life: Life): Promise<Life> {
  const { alice, bob, chain } = town
  const { answer } = await untilAnswered(() => alice.client.newAddress())
  await chain.rpc.call('bookend_fund', answer.address, FUNDED_BTC)
  await until('alice sees her coins', async () => (await alice.client.balance()).onchainConfirmedSat !== '0')
  const request = {
    peer: { nodeId: bob.nodeId, address: bob.address },
    capacitySat: `${CAPACITY_SAT}`,
    pushMsat: `${PUSH_MSAT}`,
    idempotencyKey: 'the-channel',
  }
  const opened = await untilDone(() => alice.client.openChannel(request))
  expect(await untilDone(() => alice.client.openChannel(request))).toEqual(opened)
  await until('the funding transaction is on chain', async () => {
    town.mine(1)
    return (await channelOf(alice, opened.channelId))?.fundingConfirmedHeight !== undefined
  })
  town.mine(DEPTH)
  for (const party of [alice, bob]) await until('the channel is usable', () => isUsable(party, opened.channelId))
  // Who is many blocks behind gives an HTLC less time than its payee asks for.
  for (const party of [alice, bob]) await until(`${party.name} has seen all blocks`, () => sawAllBlocks(town, party))
  const { answer: channels } = await untilAnswered(() => alice.client.channels())
  expect(channels.map(({ channelId }) => channelId)).toEqual([opened.channelId])
  return { ...life, opened }
}

/** In both directions at once. */
async function pay(town: SmallTown, life: Life): Promise<Life> {
  const { alice, bob } = town
  const { channelId } = openedIn(life)
  for (const party of [alice, bob]) await until('the channel is usable', () => isUsable(party, channelId))
  const random = randomFrom(life.paid.length)
  const number = life.paid.length
  const both = await Promise.all([
    payOnce({ number, payer: alice, payee: bob, random }),
    payOnce({ number, payer: bob, payee: alice, random }),
  ])
  const paid = [...life.paid, ...both]
  await balancesAgree(town, { channelId, paid, aliceMsat: CAPACITY_SAT * 1000n - PUSH_MSAT })
  return { ...life, paid }
}

async function close(town: SmallTown, life: Life): Promise<Life> {
  const { alice, bob } = town
  const { channelId, fundingTxid } = openedIn(life)
  const state = async (): Promise<string> => (await channelOf(alice, channelId))?.state ?? ''
  while (!['negotiating', ...OVER].includes(await state())) {
    if ((await state()) === 'normal') await untilDone(() => alice.client.closeChannel({ channelId }))
    await pause(RETRY_MS)
  }
  for (const party of [alice, bob]) {
    await until('a closing transaction is on chain', async () => {
      town.mine(1)
      return OVER.includes((await channelOf(party, channelId))?.state ?? '')
    })
    await until(`${party.name} has seen all blocks`, () => sawAllBlocks(town, party))
  }
  expectCooperative(await spenderOf(town, fundingTxid))
  return life
}

/** What has to hold at the end of all acts. */
export async function judge(town: SmallTown, life: Life): Promise<void> {
  await everyPaymentOnce(town, life.paid)
  for (const { payer, request, payment } of life.paid) {
    expect((await untilAnswered(() => payer.client.pay(request))).answer).toEqual(payment)
  }
  await everyPaymentOnce(town, life.paid)
}

const openedIn = ({ opened }: Life) => defined(opened, 'the channel is open in this act')
