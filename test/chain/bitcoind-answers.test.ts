import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defined, encode, fromHex, toHex } from '../../src/base/index.ts'
import { type Block, blockCodec, encodeTx, encodeTxWithoutWitness, txid } from '../../src/bitcoin/index.ts'
import type { ChainBlock } from '../../src/ports/index.ts'
import { REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import { coinOf, spend, testBeds, value } from '../regtest/support.ts'
import type { StubAnswer } from './stubBitcoind.ts'
import { failureOf, scripted } from './stubbed.ts'

// Answers that are JSON-RPC, and that are looked at before they are believed.

const { chain: world, coins } = testBeds()()
const parent = spend(coins.slice(0, 1))
value(world.submit(parent))
value(world.submit(spend([coinOf(parent)])))
const mined = defined(world.mine(1)[0], 'one block was mined')
const { hash, height } = mined
const HEX = toHex(encode(blockCodec, mined))
const HASH = 'ab'.repeat(32)

const refusal = (code: number, message: string): StubAnswer => ({ error: { code, message } })

describe('the tip', () => {
  const good = { chain: 'regtest', blocks: 7, bestblockhash: HASH }
  test.each([
    { ...good, blocks: -1 },
    { ...good, blocks: 1.5 },
    { ...good, blocks: '7' },
    { ...good, blocks: 2 ** 53 },
    { ...good, bestblockhash: HASH.toUpperCase() },
    { ...good, bestblockhash: HASH.slice(2) },
    { ...good, bestblockhash: 7 },
    { ...good, chain: undefined },
    {},
    null,
    'regtest',
  ])('is not %j', async result => {
    const { chain } = await scripted({ getblockchaininfo: () => ({ result }) })
    const failure = await failureOf(chain.tip())
    expect(failure.code).toBe('bad_answer')
    expect(failure.message).toContain('answered getblockchaininfo with something else than the state of a chain.')
  })
})

test.each([null, 7, {}, '', HASH.slice(2), HASH.toUpperCase(), `${HASH}00`])('a hash is not %j', async result => {
  const { chain } = await scripted({
    getblockhash: ({ params }) => ({ result: params[0] === 0 ? REGTEST_GENESIS_HASH : result }),
  })
  const failure = await failureOf(chain.hashAt(1))
  expect(failure.code).toBe('bad_answer')
  expect(failure.message).toContain('answered getblockhash with something else than a hash.')
})

describe('a block', () => {
  const serving = (bytes: StubAnswer, header: StubAnswer = { result: { height } }) =>
    scripted({ getblock: () => bytes, getblockheader: () => header })
  const asked = async (bytes: StubAnswer, header?: StubAnswer) => (await serving(bytes, header)).chain.block(hash)
  const otherBlock = toHex(encode(blockCodec, defined(world.blockAt(height - 1), 'below the tip')))

  test('is asked for by its hash, bytes and header', async () => {
    const { bitcoind, chain } = await serving({ result: HEX })
    expect(await chain.block(hash)).toStrictEqual({ hash, height, transactions: mined.transactions })
    const calls = bitcoind.calls.slice(1).map(({ method, params }) => [method, ...params])
    expect(calls).toHaveLength(2)
    expect(calls).toEqual(
      expect.arrayContaining([
        ['getblock', hash, 0],
        ['getblockheader', hash, true],
      ]),
    )
  })

  test.each([
    { name: 'another one', result: otherBlock, says: ' instead of ' },
    { name: 'one byte short', result: HEX.slice(0, -2), says: 'that does not decode' },
    { name: 'half a byte short', result: HEX.slice(0, -1), says: 'in hexadecimal' },
    { name: 'one byte long', result: `${HEX}00`, says: 'that does not decode' },
    { name: 'not all digits', result: `${HEX.slice(0, -2)}xy`, says: 'in hexadecimal' },
    { name: 'empty', result: '', says: 'in hexadecimal' },
    { name: 'a header alone', result: HEX.slice(0, 160), says: 'that does not decode' },
    { name: 'without transactions', result: `${HEX.slice(0, 160)}00`, says: 'without a coinbase' },
    { name: 'with txids', result: { hash, tx: [] }, says: 'in hexadecimal' },
    { name: 'a number', result: 7, says: 'in hexadecimal' },
    { name: 'null', result: null, says: 'in hexadecimal' },
  ])('is refused: $name', async ({ result, says }) => {
    const failure = await failureOf(asked({ result }))
    expect(failure.code).toBe('bad_answer')
    expect(failure.message).toContain(says)
  })

  test('is refused when its last transaction is repeated under the same merkle root (CVE-2012-2459)', async () => {
    const { header, transactions } = mined
    expect(transactions).toHaveLength(3)
    const repeated: Block = { header, transactions: [...transactions, ...transactions.slice(2)] }
    const failure = await failureOf(asked({ result: toHex(encode(blockCodec, repeated)) }))
    expect(failure.message).toContain('with other transactions than its own')
  })

  test('is refused with any other byte, unless that is one of a witness', async () => {
    let bytes = fromHex(HEX)
    const { chain } = await scripted({
      getblock: () => ({ result: toHex(bytes) }),
      getblockheader: () => ({ result: { height } }),
    })
    const bare = (block: ChainBlock | undefined) => block?.transactions.map(tx => toHex(encodeTxWithoutWitness(tx)))
    const change = fc.record({ at: fc.nat(HEX.length / 2 - 1), by: fc.integer({ min: 1, max: 255 }) })
    let refused = 0
    await fc.assert(
      fc.asyncProperty(change, async ({ at, by }) => {
        bytes = fromHex(HEX)
        bytes[at] = (bytes[at] ?? 0) ^ by
        const block = await chain.block(hash).catch(error => {
          expect(error).toMatchObject({ code: 'bad_answer' })
          refused += 1
        })
        if (block !== undefined)
          expect(bare(block)).toStrictEqual(bare({ hash, height, transactions: mined.transactions }))
      }),
      { numRuns: 200 },
    )
    expect(refused).toBeGreaterThan(100)
  })

  test.each([{ height: -1 }, { height: '7' }, {}, null])('is refused without a height: %j', async result => {
    const failure = await failureOf(asked({ result: HEX }, { result }))
    expect(failure.code).toBe('bad_answer')
    expect(failure.message).toContain('answered getblockheader with no height.')
  })

  test('is refused when its header is', async () => {
    const failure = await failureOf(asked({ result: HEX }, refusal(-1, 'out of order')))
    expect(failure.message).toContain('answered getblockheader with an error (out of order, code -1)')
  })

  test.each([
    { name: 'never heard of', answer: refusal(-5, 'Block not found') },
    { name: 'known by its header', answer: refusal(-1, 'Block not available (not fully downloaded)') },
    { name: 'known by its header, in older words', answer: refusal(-1, 'Block not found on disk') },
  ])('is not there: $name', async ({ answer }) => {
    expect(await asked(answer)).toBeUndefined()
  })

  test('is pruned', async () => {
    const answer = refusal(-1, 'Block not available (pruned data)')
    const failure = await failureOf(asked(answer))
    expect(failure.code).toBe('pruned')
    expect(failure.message).toMatch(new RegExp(`has pruned block ${height} \\(${hash}\\), which is needed\\..* -prune`))
    const bare = await failureOf(asked(answer, refusal(-5, 'Block not found')))
    expect(bare.message).toContain(`has pruned block ${hash}, which`)
  })

  test('is refused for another reason', async () => {
    const failure = await failureOf(asked(refusal(-1, 'disk on fire')))
    expect(failure.code).toBe('bad_answer')
    expect(failure.message).toContain('answered getblock with an error (disk on fire, code -1)')
  })
})

describe('publishing', () => {
  const tx = spend(coins.slice(1, 2))
  const publishing = (answer: StubAnswer, known: StubAnswer = refusal(-5, 'No such mempool transaction')) =>
    scripted({ sendrawtransaction: () => answer, getrawtransaction: () => known })
  const published = async (answer: StubAnswer, known?: StubAnswer) =>
    (await publishing(answer, known)).chain.publish(tx)

  test('hands over the bytes, at any fee', async () => {
    const { bitcoind, chain } = await publishing({ result: txid(tx) })
    expect(value(await chain.publish(tx))).toBe(txid(tx))
    expect(bitcoind.calls.at(-1)).toMatchObject({ method: 'sendrawtransaction', params: [toHex(encodeTx(tx)), 0] })
  })

  test('uses a new connection each time: whether one that was kept still lives, nobody knows', async () => {
    const { bitcoind, chain } = await publishing({ result: txid(tx) })
    for (let i = 0; i < 3; i++) value(await chain.publish(tx))
    expect(new Set(bitcoind.calls.map(call => call.from)).size).toBe(4)
  })

  test.each([
    { code: -27, message: 'Transaction outputs already in utxo set' },
    { code: -27, message: 'transaction already in block chain' },
    { code: -26, message: 'txn-already-known' },
    { code: -26, message: 'txn-already-in-mempool' },
    { code: -26, message: 'txn-same-nonwitness-data-in-mempool' },
    { code: -25, message: 'txn-already-known, it said' },
  ])('$message ($code) counts as published', async error => {
    expect(value(await published({ error }))).toBe(txid(tx))
  })

  test.each([
    { error: { code: -26, message: 'dust' }, refusal: { reason: 'dust' } },
    {
      error: { code: -26, message: 'min relay fee not met, 1 < 110, and so on' },
      refusal: { reason: 'min relay fee not met', details: '1 < 110, and so on' },
    },
    {
      error: { code: -25, message: 'bad-txns-inputs-missingorspent' },
      refusal: { reason: 'bad-txns-inputs-missingorspent' },
    },
    { error: { code: -22, message: 'TX decode failed' }, refusal: { reason: 'TX decode failed' } },
    { error: { code: -26, message: 'txn-already-knownish' }, refusal: { reason: 'txn-already-knownish' } },
  ])('$error.message ($error.code) is a refusal', async ({ error, refusal: expected }) => {
    expect(await published({ error })).toStrictEqual({ ok: false, error: expected })
  })

  test('missing inputs are those that it spent itself, where an index knows that it is confirmed', async () => {
    const missing = refusal(-25, 'bad-txns-inputs-missingorspent')
    expect(value(await published(missing, { result: { confirmations: 3 } }))).toBe(txid(tx))
    for (const result of [{ confirmations: 0 }, { confirmations: '3' }, {}, null])
      expect((await published(missing, { result })).ok).toBe(false)
  })

  test.each([
    { answer: { result: HASH }, says: 'another transaction id than its own' },
    { answer: { result: null }, says: 'another transaction id than its own' },
    { answer: refusal(-8, 'no such thing'), says: 'an error (no such thing, code -8)' },
  ])('what is neither yes nor no is a failure: $says', async ({ answer, says }) => {
    const failure = await failureOf(published(answer))
    expect(failure.code).toBe('bad_answer')
    expect(failure.message).toContain(says)
  })
})

describe('what would be said of a transaction', () => {
  const tx = spend(coins.slice(1, 2))
  const testing = (answer: StubAnswer, known: StubAnswer = refusal(-5, 'No such mempool transaction')) =>
    scripted({ testmempoolaccept: () => answer, getrawtransaction: () => known })
  const foreseen = async (answer: StubAnswer) => (await testing(answer)).chain.testAccept(tx)
  const judged = (fields: object): StubAnswer => ({ result: [{ txid: txid(tx), ...fields }] })
  const refused = (reason: string, details?: string): StubAnswer =>
    judged({ allowed: false, 'reject-reason': reason, 'reject-details': details })

  test('is asked for with its bytes, at any fee', async () => {
    const { bitcoind, chain } = await testing(judged({ allowed: true }))
    expect(await chain.testAccept(tx)).toBeUndefined()
    expect(bitcoind.calls.at(-1)).toMatchObject({ method: 'testmempoolaccept', params: [[toHex(encodeTx(tx))], 0] })
  })

  test.each([
    { answer: refused('dust'), expected: { reason: 'dust' } },
    { answer: refused('missing-inputs'), expected: { reason: 'bad-txns-inputs-missingorspent' } },
    {
      answer: refused('min relay fee not met', 'min relay fee not met, 1 < 110'),
      expected: { reason: 'min relay fee not met', details: '1 < 110' },
    },
    { answer: judged({ 'reject-reason': 'dust' }), expected: { reason: 'dust' } },
    // Not what publishing would say: the reason is what counts.
    { answer: refused('dust', 'something else'), expected: { reason: 'dust' } },
  ])('a refusal is handed on: $expected.reason', async ({ answer, expected }) => {
    expect(await foreseen(answer)).toMatchObject(expected)
  })

  test.each([
    { answer: refused('txn-already-in-mempool'), why: 'it has it' },
    { answer: refused('txn-already-known'), why: 'it had it' },
    { answer: judged({ 'reject-reason': 'already have transaction in mempool 00' }), why: 'it has it, says btcd' },
    { answer: refused('max-fee-exceeded'), why: 'its own limit for fees, which publishing has not' },
    { answer: judged({ allowed: false }), why: 'it says no and not why' },
    { answer: refusal(-32601, 'Method not found'), why: 'it has no such call' },
  ])('nothing is known against it: $why', async ({ answer }) => {
    expect(await foreseen(answer)).toBeUndefined()
  })

  test('missing inputs are those that it spent itself, where an index knows that it is confirmed', async () => {
    const asked = async (confirmations: number) =>
      (await testing(refused('missing-inputs'), { result: { confirmations } })).chain.testAccept(tx)
    expect(await asked(3)).toBeUndefined()
    expect(await asked(0)).toMatchObject({ reason: 'bad-txns-inputs-missingorspent' })
  })

  test.each([
    { answer: { result: [] }, says: 'something else than a judgement' },
    { answer: { result: [{ txid: HASH, allowed: false, 'reject-reason': 'dust' }] }, says: 'something else than a' },
    { answer: judged({ allowed: 'no' }), says: 'something else than a judgement' },
    { answer: { result: { txid: txid(tx), allowed: true } }, says: 'something else than a judgement' },
    { answer: { result: null }, says: 'something else than a judgement' },
    { answer: refusal(-22, 'TX decode failed'), says: 'an error (TX decode failed, code -22)' },
  ])('what is neither yes nor no is a failure: $says', async ({ answer, says }) => {
    const failure = await failureOf(foreseen(answer))
    expect(failure.code).toBe('bad_answer')
    expect(failure.message).toContain(says)
  })
})

describe('the feerate', () => {
  const estimating = (answer: StubAnswer) => scripted({ estimatesmartfee: () => answer })
  const estimate = async (answer: StubAnswer) => (await estimating(answer)).chain.feerate(6)

  test.each([
    { btcPerKvB: 0.00012345, perKw: 3087, why: '12,345 sat in 4000 weight units, rounded up' },
    { btcPerKvB: 0.00004, perKw: 1000, why: '4 sat in a virtual byte' },
    { btcPerKvB: 0.00001, perKw: 253, why: 'never below what is relayed' },
    { btcPerKvB: 0.00000001, perKw: 253, why: 'never below what is relayed' },
    { btcPerKvB: 0.29, perKw: 7_250_000, why: 'no dust of floating point' },
    { btcPerKvB: 1, perKw: 25_000_000, why: 'the dearest' },
  ])('$btcPerKvB BTC per kvB are $perKw sat per kw: $why', async ({ btcPerKvB, perKw }) => {
    expect(await estimate({ result: { feerate: btcPerKvB, blocks: 6 } })).toBe(perKw)
  })

  test('nobody can say: too few blocks were seen, or none is looked at', async () => {
    const few = { result: { errors: ['Insufficient data or no feerate found'], blocks: 2 } }
    expect(await estimate(few)).toBeUndefined()
    expect(await estimate(refusal(-32603, 'Fee estimation disabled'))).toBeUndefined()
  })

  test.each([0, -1, 1.1, '0.001', null, 1e300])('%j is no feerate', async feerate => {
    const failure = await failureOf(estimate({ result: { feerate } }))
    expect(failure.code).toBe('bad_answer')
    expect(failure.message).toContain('a feerate that cannot be')
  })

  test('no estimate, and an error', async () => {
    expect((await failureOf(estimate({ result: 7 }))).message).toContain('something else than an estimate')
    expect((await failureOf(estimate(refusal(-8, 'Invalid conf_target')))).message).toContain('Invalid conf_target')
  })

  test('targets stay where Core answers', async () => {
    const { bitcoind, chain } = await estimating({ result: { feerate: 0.001 } })
    const asked: readonly (readonly [target: number, sent: number])[] = [
      [-5, 1],
      [0, 1],
      [1, 1],
      [2.5, 3],
      [1008, 1008],
      [1e6, 1008],
    ]
    for (const [target] of asked) await chain.feerate(target)
    expect(bitcoind.calls.slice(1).map(call => call.params)).toStrictEqual(
      asked.map(([, sent]) => [sent, 'CONSERVATIVE']),
    )
  })
})
