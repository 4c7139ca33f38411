import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesEqual, msat, msatToSat, outPointKey } from '../../src/base/index.ts'
import { p2wshScript, type Tx, txid } from '../../src/bitcoin/index.ts'
import { channelObscuringFactor } from '../../src/channel/index.ts'
import { commitmentNumberOf, toRemoteAnchorScript } from '../../src/commitment/index.ts'
import { recordsWithoutTrust } from '../../src/link/index.ts'
import { memoryStore } from '../../src/storage/index.ts'
import {
  addCommand,
  type CrashPoint,
  type Name,
  openRequest,
  Pair,
  type Payment,
  preimageOf,
  walletScript,
} from './pair.ts'

// One channel, any history, a copy of one side's records from anywhere in it, and the other side honest. Whatever was in flight when
// the copy was made or when it came back: the commitment that confirms is the newest of the honest side, and it is the only one that
// anybody ever gave to the chain.

const REASON = 'this node goes on from a backup'
const CAPACITY_MSAT = 1_000_000_000n
/** An HTLC of `addCommand` expires 100 blocks after it was offered; then claims need a few more. */
const UNTIL_ALL_IS_OVER = 125
/** Where an output is not worth its claim: it is given up `LEFT_AFTER_BLOCKS` after its HTLC expired. */
const UNTIL_DUST_IS_GIVEN_UP = 144
/** Where nothing is in flight. */
const UNTIL_IT_IS_SWEPT = 15

type Step =
  | { readonly type: 'offer'; readonly payer: Name; readonly amountMsat: bigint }
  | { readonly type: 'answer'; readonly by: Name; readonly fulfills: boolean }

const other = (name: Name): Name => (name === 'alice' ? 'bob' : 'alice')

async function opened(): Promise<Pair> {
  const pair = new Pair()
  await pair.connect()
  pair.alice.tell({ type: 'open', request: openRequest() })
  await pair.settle()
  for (let i = 0; i < 3; i++) await pair.mine()
  expect([pair.alice.channel?.state, pair.bob.channel?.state]).toEqual(['normal', 'normal'])
  return pair
}

function channelOf(pair: Pair, name: Name) {
  const { channel } = pair[name]
  if (channel === undefined) throw new Error('there is a channel')
  return channel
}

async function take(pair: Pair, step: Step, index: number): Promise<void> {
  if (step.type === 'offer') {
    const payment: Payment = { payer: step.payer, amountMsat: msat(step.amountMsat), index }
    // What is refused, such as for want of money, is no step.
    pair[step.payer].tell(addCommand(payment, pair.chain.height))
  } else answer(pair, step)
  await pair.settle()
}

/** The oldest HTLC that waits for an answer. */
function answer(pair: Pair, { by, fulfills }: Extract<Step, { type: 'answer' }>): void {
  const htlc = channelOf(pair, by).durable.htlcs.find(
    each => each.offeredBy === 'remote' && each.resolution === undefined,
  )
  if (htlc === undefined) return
  const paymentPreimage = preimages.get(htlc.paymentHash)
  const resolution =
    fulfills && paymentPreimage !== undefined
      ? ({ type: 'fulfill', paymentPreimage } as const)
      : ({ type: 'fail', reason: new Uint8Array(292) } as const)
  pair[by].tell({ type: 'command', command: { type: 'resolve_htlc', id: htlc.id, resolution } })
}

const preimages = new Map(
  Array.from({ length: 200 }, (_, index) => {
    const command = addCommand({ payer: 'alice', amountMsat: msat(1n), index }, 0).command
    if (command.type !== 'add_htlc') throw new Error('it adds an HTLC')
    return [command.paymentHash, preimageOf({ index })] as const
  }),
)

/** A new process out of an old copy. */
function restore(pair: Pair, who: Name, copy: ReadonlyMap<string, Uint8Array>): void {
  const records = recordsWithoutTrust(copy, REASON)
  if (!records.ok) throw new Error(records.error.message)
  pair[who].store = memoryStore(records.value)
  pair[who].restart()
  expect(channelOf(pair, who).durable.phase).toEqual({
    type: 'closing',
    cause: { kind: 'data_loss', reason: REASON, mayPublishCommitment: false },
  })
}

interface Verdict {
  /** What spends the funding output. */
  readonly close: Tx
  /** What `who` gets out of its main output there, `undefined` where it has none. */
  readonly mainSat: bigint | undefined
}

/** Mines until all is over, and judges what happened to the funding output. */
async function judged(pair: Pair, who: Name, newest: number, blocks = UNTIL_ALL_IS_OVER): Promise<Verdict> {
  const { params } = channelOf(pair, who).durable
  for (let i = 0; i < blocks; i++) await pair.mine()
  for (let i = 0; i < UNTIL_DUST_IS_GIVEN_UP && channelOf(pair, who).state !== 'closed'; i++) await pair.mine()
  const funding = outPointKey(params.fundingOutpoint)
  const spends = pair.chain.published.filter(tx => tx.inputs.some(input => outPointKey(input.outpoint) === funding))
  const [close] = spends
  if (close === undefined) throw new Error('somebody closes the channel')
  expect(new Set(spends.map(txid)).size).toBe(1)
  expect(pair.chain.spender(params.fundingOutpoint)?.tx).toEqual(close)
  expect(commitmentNumberOf(close, channelObscuringFactor(params))).toBe(newest)
  const script = p2wshScript(toRemoteAnchorScript(params.local.basepoints.paymentBasepoint))
  const vout = close.outputs.findIndex(output => bytesEqual(output.script, script))
  if (vout >= 0) {
    // It is taken, and goes to the wallet.
    const sweep = pair.chain.spender({ txid: txid(close), vout })?.tx
    expect(sweep?.outputs.map(output => output.script)).toEqual([walletScript(who)])
  }
  for (const name of ['alice', 'bob'] as const) {
    const told = pair[name].events.flatMap(event => ('sentence' in event ? [event.type] : []))
    expect(told).not.toContain('revoked_commitment')
    expect(told).not.toContain('unknown_spend')
  }
  // The holder of the commitment waits longer for its own.
  expect(channelOf(pair, who).state).toBe('closed')
  return { close, mainSat: close.outputs[vout]?.amountSat }
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('offer' as const),
    payer: fc.constantFrom<Name>('alice', 'bob'),
    amountMsat: fc.bigInt({ min: 1_000n, max: 40_000_000n }),
  }),
  fc.record({
    type: fc.constant('answer' as const),
    by: fc.constantFrom<Name>('alice', 'bob'),
    fulfills: fc.boolean(),
  }),
)

describe('a copy of the records of a channel', () => {
  it('from anywhere in its history: only the newest commitment of the honest side ever reaches the chain', async () => {
    const histories = fc.array(steps, { minLength: 1, maxLength: 14 })
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(14), fc.constantFrom<Name>('alice', 'bob'), async (history, at, who) => {
        const pair = await opened()
        let copy = pair[who].store.snapshot()
        for (const [index, step] of history.entries()) {
          await take(pair, step, index)
          if (index < at) copy = pair[who].store.snapshot()
        }
        const honest = channelOf(pair, other(who)).durable
        const settledSat = msatToSat(honest.settled.remoteMsat)
        const isQuiet = honest.htlcs.length === 0
        restore(pair, who, copy)
        await pair.settle()
        await pair.connect()
        const { mainSat } = await judged(pair, who, honest.localCommit.number)
        // The opener pays the fee and the anchors.
        if (isQuiet && who === 'bob') expect(mainSat).toBe(settledSat)
        if (isQuiet && who === 'alice') expect(mainSat).toBeGreaterThan(settledSat - 20_000n)
      }),
      {
        numRuns: 12,
        // An HTLC just above the dust limit, whose output does not pay for its claim.
        examples: [
          [
            [
              { type: 'offer', payer: 'bob', amountMsat: 354_000n },
              { type: 'offer', payer: 'alice', amountMsat: 1_000n },
            ],
            2,
            'bob',
          ],
        ],
      },
    )
  }, 240_000)

  it('with HTLCs in flight and nothing signed since: each finds its owner', async () => {
    const pair = await opened()
    await take(pair, { type: 'offer', payer: 'alice', amountMsat: 30_000_000n }, 1)
    await take(pair, { type: 'offer', payer: 'bob', amountMsat: 40_000_000n }, 2)
    pair.cut()
    // Decided while the peer is away: the preimage is in the records, and nobody else has it.
    await take(pair, { type: 'answer', by: 'alice', fulfills: true }, 0)
    const { number } = channelOf(pair, 'bob').durable.localCommit
    const copy = pair.alice.store.snapshot()
    restore(pair, 'alice', copy)
    await pair.settle()
    await pair.connect()
    const { close } = await judged(pair, 'alice', number)
    const takers = close.outputs.map(({ amountSat }, vout) => ({
      amountSat,
      to: pair.chain.spender({ txid: txid(close), vout })?.tx.outputs.at(-1)?.script,
    }))
    for (const amountSat of [30_000n, 40_000n]) {
      expect(takers.find(each => each.amountSat === amountSat)?.to).toEqual(walletScript('alice'))
    }
  }, 60_000)

  it('started again at every turn after the restore, with the writes of the turn or without them', async () => {
    let turns = 1
    for (let turn = 0; turn < turns; turn++) {
      for (const point of ['before commit', 'after commit'] as readonly CrashPoint[]) {
        const pair = await opened()
        const copy = pair.alice.store.snapshot()
        await take(pair, { type: 'offer', payer: 'alice', amountMsat: 50_000_000n }, 1)
        await take(pair, { type: 'answer', by: 'bob', fulfills: true }, 1)
        const { number } = channelOf(pair, 'bob').durable.localCommit
        const before = pair.alice.turns
        pair.crash = { who: 'alice', turn: before + turn, point }
        restore(pair, 'alice', copy)
        await pair.settle()
        await pair.connect()
        const { mainSat } = await judged(pair, 'alice', number, UNTIL_IT_IS_SWEPT)
        expect(mainSat).toBeGreaterThan((CAPACITY_MSAT - 350_000_000n) / 1000n - 20_000n)
        // Until the commitment is swept; what follows is blocks and nothing else.
        turns = Math.min(12, pair.alice.turns - before)
      }
    }
  }, 240_000)
})
