import { describe, expect, test } from 'vitest'
import { fromHex } from '../../src/base/index.ts'
import { REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import type { StubAnswer } from './stubBitcoind.ts'
import { failureOf, scripted } from './stubbed.ts'

// The outputs that short_channel_ids name, as Bitcoin Core tells of them.

const [BLOCK, OTHER_BLOCK] = ['ab'.repeat(32), 'cd'.repeat(32)]
const [FIRST, SECOND] = ['11'.repeat(32), '22'.repeat(32)]
const SCRIPT = `0020${'33'.repeat(32)}`
const PLACE = { height: 5, txIndex: 1, outputIndex: 0 }

function serving(block: StubAnswer, output: StubAnswer = { result: null }) {
  return scripted({
    getblockhash: ({ params: [height] }) => ({
      result: height === 0 ? REGTEST_GENESIS_HASH : height === PLACE.height ? BLOCK : OTHER_BLOCK,
    }),
    getblock: () => block,
    gettxout: () => output,
  })
}

const block = { result: { tx: [FIRST, SECOND] } }

describe('an output', () => {
  // Core writes bitcoin with eight digits: these are no numbers of binary fractions.
  test.each([
    [0.1, 10_000_000n],
    [0.00000001, 1n],
    [0.29, 29_000_000n],
    [20_999_999.9769, 2_099_999_997_690_000n],
    [0, 0n],
  ])('of %d bitcoin has %d sat', async (btc, amountSat) => {
    const { chain, bitcoind } = await serving(block, { result: { value: btc, scriptPubKey: { hex: SCRIPT } } })
    const script = fromHex(SCRIPT)
    expect(await chain.outputAt(PLACE)).toStrictEqual({ txid: SECOND, unspent: { amountSat, script } })
    expect(bitcoind.calls.at(-1)).toMatchObject({ method: 'gettxout', params: [SECOND, 0, false] })
  })

  test('that is spent is not there, and its transaction is', async () => {
    const { chain } = await serving(block)
    expect(await chain.outputAt(PLACE)).toStrictEqual({ txid: SECOND })
  })

  test('of a transaction or a block that is not there', async () => {
    expect(await (await serving(block)).chain.outputAt({ ...PLACE, txIndex: 2 })).toBeUndefined()
    const unknown = { error: { code: -5, message: 'Block not found' } }
    expect(await (await serving(unknown)).chain.outputAt(PLACE)).toBeUndefined()
    const { chain } = await scripted({
      getblockhash: ({ params: [height] }) =>
        height === 0 ? { result: REGTEST_GENESIS_HASH } : { error: { code: -8, message: 'Block height out of range' } },
    })
    expect(await chain.outputAt(PLACE)).toBeUndefined()
  })

  test('of a block that was pruned says so', async () => {
    const { chain } = await serving({ error: { code: -1, message: 'Block not available (pruned data)' } })
    const failure = await failureOf(chain.outputAt(PLACE))
    expect(failure.code).toBe('pruned')
    expect(failure.message).toContain(BLOCK)
  })

  test.each([
    { value: '0.1', scriptPubKey: { hex: SCRIPT } },
    { value: -0.1, scriptPubKey: { hex: SCRIPT } },
    { value: 1e300, scriptPubKey: { hex: SCRIPT } },
    { value: 0.1, scriptPubKey: { hex: 'xy' } },
    { value: 0.1, scriptPubKey: {} },
    { value: 0.1 },
    7,
  ])('is not %j', async result => {
    const { chain } = await serving(block, { result })
    const failure = await failureOf(chain.outputAt(PLACE))
    expect(failure).toMatchObject({ code: 'bad_answer' })
    expect(failure.message).toContain('gettxout')
  })

  test.each([{}, { tx: FIRST }, { tx: [7] }, { tx: ['ab'] }, null])('is in no block like %j', async result => {
    const { chain } = await serving({ result })
    const failure = await failureOf(chain.outputAt(PLACE))
    expect(failure).toMatchObject({ code: 'bad_answer' })
    expect(failure.message).toContain('getblock')
  })
})

describe('a block', () => {
  const blocksAsked = ({ calls }: { readonly calls: readonly { readonly method: string }[] }) =>
    calls.filter(({ method }) => method === 'getblock').length

  test('is read once for all its outputs, and again when others were read since', async () => {
    const { chain, bitcoind } = await serving(block)
    await Promise.all([0, 1, 0].map(txIndex => chain.outputAt({ ...PLACE, txIndex })))
    expect(blocksAsked(bitcoind)).toBe(1)
    const small = await scripted(
      {
        getblockhash: ({ params: [height] }) => ({
          result: height === 0 ? REGTEST_GENESIS_HASH : `${height}`.padStart(64, '0'),
        }),
        getblock: () => block,
        gettxout: () => ({ result: null }),
      },
      { limits: { blocksKept: 2 } },
    )
    for (const height of [1, 2, 3, 3, 2, 1]) await small.chain.outputAt({ ...PLACE, height })
    expect(blocksAsked(small.bitcoind)).toBe(4)
  })

  test('that nobody answered is asked for again', async () => {
    let fails = true
    const { chain } = await scripted({
      getblockhash: ({ params: [height] }) => ({ result: height === 0 ? REGTEST_GENESIS_HASH : BLOCK }),
      getblock: () => (fails ? { error: { code: -32603, message: 'oops' } } : block),
      gettxout: () => ({ result: null }),
    })
    await failureOf(chain.outputAt(PLACE))
    fails = false
    expect(await chain.outputAt(PLACE)).toStrictEqual({ txid: SECOND })
  })
})
