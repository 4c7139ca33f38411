import { describe, expect, test } from 'vitest'
import { feeratePerKw, msat, outPointKey } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import type { ChannelCommand } from '../../src/channel/index.ts'
import {
  addCommand,
  CAPACITY_SAT,
  type CrashPoint,
  hashOf,
  NAMES,
  type Name,
  openRequest,
  Pair,
  type Payment,
  preimageOf,
  walletScript,
} from './pair.ts'

// A crash at every turn of a channel's life, of either side, with the turn's writes lost or with them stored and none of its effects
// carried out. What comes back from the records finds the other side again, and no satoshi goes astray.

const payment = (payer: Name, amountMsat: bigint, index: number): Payment => ({
  payer,
  amountMsat: msat(amountMsat),
  index,
})

const PAYMENTS = {
  /** Together from one side, answered together. */
  batch: [payment('alice', 11_000_000n, 1), payment('alice', 13_000_001n, 2)],
  /** From both sides at once, so that their signatures cross. The last one is failed. */
  crossing: [payment('bob', 17_000_000n, 3), payment('alice', 19_000_999n, 4), payment('bob', 23_000_000n, 5)],
} as const
const FAILED = 5

interface Life {
  readonly pair: Pair
  /** Whether a channel came of it: a crash during the opening may leave none, or one that only one side keeps. */
  readonly opened: boolean
}

/** From the opening to the last confirmation. Who is asked for something does it again when it was lost. */
async function live(crash?: { readonly who: Name; readonly turn: number; readonly point: CrashPoint }): Promise<Life> {
  const pair = new Pair(crash)
  await pair.connect()
  pair.alice.tell({ type: 'open', request: openRequest() })
  await pair.settle()
  if (pair.alice.channel === undefined || pair.bob.channel === undefined) return { pair, opened: false }
  for (let i = 0; i < 3; i++) await pair.mine()
  expect([pair.alice.channel.state, pair.bob.channel.state]).toEqual(['normal', 'normal'])
  await pay(pair, PAYMENTS.batch)
  await pay(pair, PAYMENTS.crossing)
  await until(pair, 'alice', { type: 'update_fee', feeratePerKw: feeratePerKw(3_000) }, () =>
    NAMES.every(name => pair[name].channel?.durable.feeratePerKw === 3_000),
  )
  await until(pair, 'bob', { type: 'shutdown' }, () => pair.chain.published.some(tx => isClose(pair, tx)))
  for (let i = 0; i < 7; i++) await pair.mine()
  return { pair, opened: true }
}

async function pay(pair: Pair, payments: readonly Payment[]): Promise<void> {
  const lost = () => payments.filter(({ payer, index }) => !pair[payer].remembers(hashOf({ index })))
  for (let tries = 0; lost().length > 0; tries++) {
    expect(tries).toBeLessThan(3)
    for (const each of lost()) pair[each.payer].tell(addCommand(each, pair.chain.height))
    await pair.settle()
  }
  // An HTLC is there to be answered until the records say how.
  for (let tries = 0; ; tries++) {
    const open = NAMES.flatMap(name =>
      (pair[name].channel?.durable.htlcs ?? [])
        .filter(htlc => htlc.offeredBy === 'remote')
        .map(htlc => ({ name, htlc })),
    )
    if (open.length === 0) return
    expect(tries).toBeLessThan(3)
    for (const { name, htlc } of open) {
      const index = payments.find(each => hashOf(each) === htlc.paymentHash)?.index ?? 0
      const resolution =
        index === FAILED
          ? ({ type: 'fail', reason: new Uint8Array(8) } as const)
          : ({ type: 'fulfill', paymentPreimage: preimageOf({ index }) } as const)
      pair[name].tell({ type: 'command', command: { type: 'resolve_htlc', id: htlc.id, resolution } })
    }
    await pair.settle()
  }
}

function isClose({ alice }: Pair, tx: Tx): boolean {
  const funding = alice.channel?.durable.params.fundingOutpoint
  return funding !== undefined && tx.inputs.some(input => outPointKey(input.outpoint) === outPointKey(funding))
}

async function until(pair: Pair, who: Name, command: ChannelCommand, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    expect(tries).toBeLessThan(3)
    pair[who].tell({ type: 'command', command })
    await pair.settle()
  }
}

/** The channel ended by agreement, in one transaction that pays each what the payments say, less the fee of the close. */
function expectRightEnd({ chain, alice, bob }: Pair): void {
  expect([alice.channel?.state, bob.channel?.state]).toEqual(['closed', 'closed'])
  for (const { channel } of [alice, bob]) {
    const phase = channel?.durable.phase
    expect(phase?.type === 'closed' && phase.cause.kind).toBe('mutual')
  }
  const outpoint = alice.channel?.durable.params.fundingOutpoint
  const spender = outpoint && chain.spender(outpoint)?.tx
  const paid = (name: Name) =>
    spender?.outputs.find(output => Buffer.from(output.script).equals(walletScript(name)))?.amountSat ?? 0n
  const { pushMsat } = openRequest()
  const settledMsat = [...PAYMENTS.batch, ...PAYMENTS.crossing]
    .filter(({ index }) => index !== FAILED)
    .reduce((sum, { payer, amountMsat }) => sum + (payer === 'alice' ? amountMsat : -amountMsat), pushMsat as bigint)
  const due = { bob: settledMsat, alice: CAPACITY_SAT * 1000n - settledMsat }
  expect(alice.channel?.durable.settled).toEqual({ localMsat: due.alice, remoteMsat: due.bob })
  expect(bob.channel?.durable.settled).toEqual({ localMsat: due.bob, remoteMsat: due.alice })
  const short = NAMES.filter(name => paid(name) !== due[name] / 1000n)
  // One of the two pays for the close, and nobody gets what is not theirs.
  expect(short).toHaveLength(1)
  for (const name of short) expect(due[name] / 1000n - paid(name)).toBeLessThan(2_000n)
}

/** Nobody's money is where only a forgotten channel could bring it back. */
function expectNothingAtStake({ chain, alice }: Pair): void {
  const funded = chain.published.filter(tx => tx.inputs.some(input => outPointKey(input.outpoint).startsWith('aaaa')))
  const known = alice.channel?.durable.params.fundingOutpoint.txid
  for (const tx of funded) expect(txid(tx)).toBe(known)
}

const whole = await live()

test('the life without a crash ends as it should', () => {
  expect(whole.opened).toBe(true)
  expectRightEnd(whole.pair)
  for (const name of NAMES) expect(whole.pair[name].turns).toBeGreaterThan(35)
})

describe.each(NAMES)('%s crashes', who => {
  describe.each(['before commit', 'after commit'] as const)('%s', point => {
    test.each(Array.from({ length: whole.pair[who].turns }, (_, turn) => turn))('in turn %i', async turn => {
      const { pair, opened } = await live({ who, turn, point })
      expectNothingAtStake(pair)
      if (opened) expectRightEnd(pair)
      else expect(turn).toBeLessThan(8)
    })
  })
})
