import { describe, expect, test } from 'vitest'
import { type BlockHash, concat, sat, txidToWire } from '../../src/base/index.ts'
import {
  type Block,
  headerHash,
  merkleRoot,
  OP,
  p2wshScript,
  script,
  type Tx,
  type TxOut,
  txid,
  withWitness,
} from '../../src/bitcoin/index.ts'
import { blockWeight } from '../../src/regtest/blockRules.ts'
import { type ChainBlock, createRegtestChain, type RegtestChain } from '../../src/regtest/index.ts'
import { assembleBlock } from '../../src/regtest/miner.ts'
import { solve } from '../../src/regtest/proofOfWork.ts'
import { BlockTree } from '../../src/regtest/tree.ts'
import { EMPTY, ONE } from './scripts.ts'
import { alice, COIN_SAT, coinOf, input, reasonOf, spend, type TestCoin, testBeds, value } from './support.ts'

const bed = testBeds()
const out = (amountSat: bigint, outputScript = alice.script): TxOut => ({
  amountSat: sat(amountSat),
  script: outputScript,
})

/** A block on the tip that is valid but for what `change` does to it; the merkle root and the work are done again. */
function blockOn(
  chain: RegtestChain,
  options: {
    readonly transactions?: readonly Tx[]
    readonly feesSat?: bigint
    readonly header?: Partial<Block['header']>
    readonly coinbase?: (tx: Tx) => Tx
    readonly rest?: (txs: readonly Tx[]) => readonly Tx[]
  } = {},
): Block {
  const tree = new BlockTree()
  const { tip } = chain
  const parent = {
    ...tree.genesis,
    block: tip,
    hash: tip.hash,
    height: tip.height,
    medianTimePast: chain.medianTimePast,
  }
  const { transactions = [], feesSat = 0n, header = {}, coinbase = tx => tx, rest = txs => txs } = options
  const time = tip.header.time + 600
  const made = assembleBlock({ parent, to: alice.script, transactions, feesSat, time, extraNonce: 7 })
  const [first, ...others] = made.transactions as [Tx, ...Tx[]]
  return finish({ header: { ...made.header, ...header }, transactions: rest([coinbase(first), ...others]) }, header)
}

function finish(block: Block, fixed: Partial<Block['header']> = {}): Block {
  const root = merkleRoot(block.transactions.map(tx => txidToWire(txid(tx)))).root
  return { ...block, header: solve({ ...block.header, merkleRoot: root, ...fixed, nonce: 0 }) }
}

/** Refused, for good, and the chain is as it was. */
function expectRefused(chain: RegtestChain, block: Block, reason: string): void {
  const before = { tip: chain.tip.hash, coins: [...chain.utxos()].length }
  const result = chain.submitBlock(block)
  expect(reasonOf(result)).toBe(reason)
  expect(result.ok ? '' : result.error.details).not.toBe('')
  expect({ tip: chain.tip.hash, coins: [...chain.utxos()].length }).toEqual(before)
}

describe('headers', () => {
  const { chain } = bed()

  test('a block made elsewhere is taken, once', () => {
    const fresh = bed().chain
    const block = blockOn(fresh)
    expect(value(fresh.submitBlock(block)).hash).toBe(headerHash(block.header))
    expect(fresh.tip.hash).toBe(headerHash(block.header))
    expectRefused(fresh, block, 'duplicate')
  })

  test('an unknown parent', () => {
    expectRefused(chain, blockOn(chain, { header: { previous: 'ab'.repeat(32) as BlockHash } }), 'prev-blk-not-found')
  })

  test('work', () => {
    const good = blockOn(chain)
    let nonce = 0
    while (BigInt(`0x${headerHash({ ...good.header, nonce })}`) < 1n << 255n) nonce++
    expectRefused(chain, { ...good, header: { ...good.header, nonce } }, 'high-hash')
    expectRefused(chain, { ...good, header: { ...good.header, bits: 0x1d00ffff } }, 'bad-diffbits')
  })

  test('time: after the median of eleven, not too far ahead of the clock', () => {
    const median = chain.medianTimePast
    expectRefused(chain, blockOn(chain, { header: { time: median } }), 'time-too-old')
    expect(value(bed().chain.submitBlock(blockOn(chain, { header: { time: median + 1 } }))).height).toBe(
      chain.height + 1,
    )
    const now = chain.tip.header.time
    const clocked = bed({ now: () => now }).chain
    expectRefused(clocked, blockOn(clocked, { header: { time: now + 7201 } }), 'time-too-new')
    expect(reasonOf(clocked.submitBlock(blockOn(clocked, { header: { time: now + 7200 } })))).toBe('accepted')
  })

  test('version', () => {
    expectRefused(chain, blockOn(chain, { header: { version: 3 } }), 'bad-version(0x00000003)')
    expectRefused(chain, blockOn(chain, { header: { version: -1 } }), 'bad-version(0xffffffff)')
  })
})

describe('contents', () => {
  const { chain, coins } = bed()
  const [a, b] = coins as [TestCoin, TestCoin]
  const [txA, txB] = [spend([a]), spend([b])]

  test('the merkle root', () => {
    const good = blockOn(chain)
    const header = solve({ ...good.header, merkleRoot: new Uint8Array(32), nonce: 0 })
    expectRefused(chain, { ...good, header }, 'bad-txnmrklroot')
    expectRefused(chain, { ...good, transactions: [...good.transactions, txA] }, 'bad-txnmrklroot')
  })

  test('repeated transactions under the same root', () => {
    const good = blockOn(chain, { transactions: [txA, txB], feesSat: 2000n })
    const doubled = { ...good, transactions: [...good.transactions, txB] }
    expectRefused(chain, doubled, 'bad-txns-duplicate')
    expect(reasonOf(bed().chain.submitBlock(good))).toBe('accepted')
  })

  test('coinbases', () => {
    expectRefused(chain, blockOn(chain, { rest: () => [] }), 'bad-blk-length')
    expectRefused(chain, blockOn(chain, { rest: () => [txA] }), 'bad-cb-missing')
    expectRefused(
      chain,
      blockOn(chain, { rest: ([first]) => [first as Tx, { ...(first as Tx), locktime: 1 }] }),
      'bad-cb-multiple',
    )
    const scriptSig = (bytes: Uint8Array) => (tx: Tx) => ({
      ...tx,
      inputs: tx.inputs.map(i => ({ ...i, scriptSig: bytes })),
    })
    expectRefused(chain, blockOn(chain, { coinbase: scriptSig(new Uint8Array(101)) }), 'bad-cb-length')
    expectRefused(chain, blockOn(chain, { coinbase: scriptSig(new Uint8Array(9)) }), 'bad-cb-height')
  })

  test('the reward: subsidy and fees, and not more', () => {
    const block = (feesSat: bigint) => blockOn(chain, { transactions: [txA], feesSat })
    expectRefused(chain, block(1001n), 'bad-cb-amount')
    expect(reasonOf(bed().chain.submitBlock(block(1000n)))).toBe('accepted')
    expect(reasonOf(bed().chain.submitBlock(block(0n)))).toBe('accepted')
  })

  test('transactions that are no transactions', () => {
    expectRefused(chain, blockOn(chain, { transactions: [spend([a, a])] }), 'bad-txns-inputs-duplicate')
    expectRefused(chain, blockOn(chain, { transactions: [{ ...txA, outputs: [] }] }), 'bad-txns-vout-empty')
  })

  test('what is spent', () => {
    const twice = spend([a], { feeSat: 3000 })
    expectRefused(chain, blockOn(chain, { transactions: [txA, twice] }), 'bad-txns-inputs-missingorspent')
    const child = spend([coinOf(txA)])
    expectRefused(chain, blockOn(chain, { transactions: [child, txA] }), 'bad-txns-inputs-missingorspent')
    expect(reasonOf(bed().chain.submitBlock(blockOn(chain, { transactions: [txA, child] })))).toBe('accepted')
    expectRefused(chain, blockOn(chain, { transactions: [spend([a], { feeSat: -1 })] }), 'bad-txns-in-belowout')
    const young = coinOf(chain.tip.transactions[0] as Tx)
    expectRefused(chain, blockOn(chain, { transactions: [spend([young])] }), 'bad-txns-premature-spend-of-coinbase')
  })

  test('scripts, also of transactions that were never in the mempool', () => {
    const bad = withWitness(txA, 0, [
      (txA.inputs[0]?.witness ?? [])[0] ?? EMPTY,
      spend([b]).inputs[0]?.witness[1] ?? ONE,
    ])
    const forged = { ...bad, locktime: 1 }
    expectRefused(
      chain,
      blockOn(chain, { transactions: [forged] }),
      'mandatory-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top stack element)',
    )
    // It was stored before it was tried, and is not tried again.
    expectRefused(chain, blockOn(chain, { transactions: [forged] }), 'duplicate-invalid')
  })

  test('what relay refuses and a block may hold', () => {
    const fresh = bed().chain
    const odd = { ...spend([a], { version: 7, feeSat: 0, outputs: [out(1n, script(OP.OP_1)), out(COIN_SAT - 1n)] }) }
    expect(reasonOf(fresh.testAccept(odd))).toBe('version')
    const [block] = fresh.mine(1, { transactions: [odd] }) as [ChainBlock]
    expect(block.transactions[1]).toBe(odd)
  })

  test('locks', () => {
    const height = chain.height + 1
    const late = spend([a], { locktime: height, sequence: 0 })
    expectRefused(chain, blockOn(chain, { transactions: [late] }), 'bad-txns-nonfinal')
    const onTime = spend([a], { locktime: height - 1, sequence: 0 })
    expect(reasonOf(bed().chain.submitBlock(blockOn(chain, { transactions: [onTime] })))).toBe('accepted')
    const median = chain.medianTimePast
    const [early, past] = [median, median - 1].map(locktime => spend([a], { locktime, sequence: 0 })) as [Tx, Tx]
    expectRefused(chain, blockOn(chain, { transactions: [early] }), 'bad-txns-nonfinal')
    expect(reasonOf(bed().chain.submitBlock(blockOn(chain, { transactions: [past] })))).toBe('accepted')
    expectRefused(chain, blockOn(chain, { transactions: [spend([a], { sequence: 2 })] }), 'bad-txns-nonfinal')
    const relative = spend([a], { sequence: 1 })
    expect(reasonOf(bed().chain.submitBlock(blockOn(chain, { transactions: [relative] })))).toBe('accepted')
    // The coin and its spend in one block are no block apart.
    const made = spend([b])
    const same = [made, spend([coinOf(made)], { sequence: 1 })]
    expectRefused(chain, blockOn(chain, { transactions: same }), 'bad-txns-nonfinal')
  })

  test('witness commitments (BIP 141)', () => {
    const plain = (tx: Tx): Tx => ({
      ...tx,
      outputs: tx.outputs.slice(0, 1),
      inputs: tx.inputs.map(i => ({ ...i, witness: [] })),
    })
    expectRefused(chain, blockOn(chain, { transactions: [txA], coinbase: plain }), 'unexpected-witness')
    expect(reasonOf(bed().chain.submitBlock(blockOn(chain, { coinbase: plain })))).toBe('accepted')
    const reserved =
      (...items: Uint8Array[]) =>
      (tx: Tx) =>
        withWitness(tx, 0, items)
    for (const items of [[new Uint8Array(31)], [new Uint8Array(32), EMPTY]]) {
      expectRefused(
        chain,
        blockOn(chain, { transactions: [txA], coinbase: reserved(...items) }),
        'bad-witness-nonce-size',
      )
    }
    expectRefused(
      chain,
      blockOn(chain, { transactions: [txA], coinbase: reserved(new Uint8Array(32).fill(1)) }),
      'bad-witness-merkle-match',
    )
    // The transaction with another witness has the same txid, so only the commitment tells.
    const good = blockOn(chain, { transactions: [txA] })
    const other = { ...good, transactions: [good.transactions[0] as Tx, withWitness(txA, 0, [ONE])] }
    expectRefused(chain, other, 'bad-witness-merkle-match')
  })

  test('weight', () => {
    const data = (length: number) => out(0n, concat(Uint8Array.of(OP.OP_RETURN), new Uint8Array(length)))
    const padded = (length: number) =>
      blockOn(chain, { transactions: [{ ...txB, outputs: [data(length)], inputs: [input(a.outpoint)] }] })
    const spare = 4_000_000 - blockWeight(padded(900_000))
    const length = 900_000 + Math.floor(spare / 4)
    expect(blockWeight(padded(length))).toBeLessThanOrEqual(4_000_000)
    expectRefused(chain, padded(length + 1), 'bad-blk-weight')
    // The other fault of this block is met only after the weight.
    expectRefused(chain, padded(length), 'mandatory-script-verify-flag-failed (Witness program hash mismatch)')
  })

  test('signature operations', () => {
    const multisig = (count: number) => out(COIN_SAT, new Uint8Array(count).fill(OP.OP_CHECKMULTISIG))
    // 20 each, four times: a thousand reach 80,000, and the input's own signature makes it one more.
    const legacy = (count: number) => spend([a], { outputs: [multisig(count)] })
    for (const count of [1000, 1001]) {
      expectRefused(chain, blockOn(chain, { transactions: [legacy(count)] }), 'bad-blk-sigops')
    }
    expect(reasonOf(bed().chain.submitBlock(blockOn(chain, { transactions: [legacy(999)] })))).toBe('accepted')
  })

  test('signature operations in a witness count once, and only when they are revealed', () => {
    for (const [count, reason] of [
      [3999, /OP_RETURN was encountered/],
      [4001, /^bad-blk-sigops$/],
    ] as const) {
      const witnessScript = concat(script(OP.OP_1, OP.OP_RETURN), new Uint8Array(count).fill(OP.OP_CHECKMULTISIG))
      const fresh = bed().chain
      const made = spend([a], { outputs: [out(COIN_SAT, p2wshScript(witnessScript))] })
      fresh.mine(1, { transactions: [made] })
      const { outpoint } = coinOf(made)
      const revealed: Tx = { ...spend([coinOf(made)]), inputs: [input(outpoint, { witness: [witnessScript] })] }
      expect(reasonOf(fresh.submitBlock(blockOn(fresh, { transactions: [revealed] })))).toMatch(reason)
    }
  })
})

describe('mining', () => {
  test('the first blocks, byte for byte the same in every run', () => {
    const [one, two] = [createRegtestChain(), createRegtestChain()]
    expect(one.mine(20).map(block => block.hash)).toEqual(two.mine(20).map(block => block.hash))
    const { header, height } = one.tip
    expect(height).toBe(20)
    expect(header.time).toBe((one.blockAt(0)?.header.time ?? 0) + 20 * 600)
    expect(header.previous).toBe(one.blockAt(19)?.hash)
  })

  test('by an injected clock, and never before the median of the past', () => {
    let now = 2_000_000_000
    const chain = createRegtestChain({ now: () => now })
    for (let i = 0; i < 11; i++) {
      now += 600
      expect(chain.mine(1)[0]?.header.time).toBe(now)
    }
    // The clock goes back behind the last block, and then behind the median of the last eleven.
    const [last, median] = [now, now - 5 * 600]
    expect(chain.medianTimePast).toBe(median)
    now = last - 1200
    expect(chain.mine(1)[0]?.header.time).toBe(last - 1200)
    now = median - 6000
    expect(chain.mine(1)[0]?.header.time).toBe(median + 600 + 1)
  })

  test('rewards go where they are told to, and list transactions that are not in the mempool', () => {
    const { chain, coins } = bed()
    const tx = spend([coins[0] as TestCoin], { feeSat: 700 })
    const [block, empty] = chain.mine(2, { to: script(OP.OP_1), transactions: [tx] }) as [ChainBlock, ChainBlock]
    expect(block.transactions[0]?.outputs[0]).toEqual(out(5_000_000_700n, script(OP.OP_1)))
    expect(empty.transactions.length).toBe(1)
    expect(chain.transaction(txid(tx))).toMatchObject({ confirmations: 2, height: block.height, blockHash: block.hash })
  })

  test('a block that would not be valid is the caller’s mistake', () => {
    const { chain, coins } = bed()
    const twice = spend([coins[0], coins[0]] as TestCoin[])
    expect(() => chain.mine(1, { transactions: [twice] })).toThrow('bad-txns-inputs-duplicate')
    expect(reasonOf(chain.generateBlock({ transactions: [twice] }))).toBe('bad-txns-inputs-duplicate')
  })

  test('a given time', () => {
    const { chain } = bed()
    const time = chain.medianTimePast + 1
    expect(value(chain.generateBlock({ time })).header.time).toBe(time)
    expect(reasonOf(chain.generateBlock({ time: chain.medianTimePast }))).toBe('time-too-old')
  })
})

describe('looking things up', () => {
  test('transactions, outputs, spends: waiting, confirmed, unknown', () => {
    const { chain, coins } = bed()
    const [coin] = coins as [TestCoin]
    const tx = spend([coin])
    const child = coinOf(tx)
    expect(chain.transaction(txid(tx))).toBeUndefined()
    expect(chain.spendingTx(coin.outpoint)).toBeUndefined()
    expect(chain.utxo(coin.outpoint)).toMatchObject({ amountSat: COIN_SAT, height: chain.height, coinbase: false })
    expect(chain.output(child.outpoint)).toBeUndefined()

    value(chain.submit(tx))
    expect(chain.transaction(txid(tx))).toEqual({ txid: txid(tx), tx, confirmations: 0 })
    expect(chain.spendingTx(coin.outpoint)?.txid).toBe(txid(tx))
    expect(chain.utxo(coin.outpoint)).toBeDefined()
    expect(chain.utxo(child.outpoint)).toBeUndefined()
    expect(chain.output(child.outpoint)).toEqual(tx.outputs[0])

    const [block] = chain.mine(1) as [ChainBlock]
    chain.mine(2)
    const confirmed = { txid: txid(tx), tx, confirmations: 3, height: block.height, blockHash: block.hash }
    expect(chain.transaction(txid(tx))).toEqual(confirmed)
    expect(chain.spendingTx(coin.outpoint)).toEqual(confirmed)
    expect(chain.utxo(coin.outpoint)).toBeUndefined()
    expect(chain.output(coin.outpoint)?.amountSat).toBe(COIN_SAT)
    expect(chain.blockByHash(block.hash)).toEqual(block)
    expect(chain.blockAt(block.height)).toEqual(block)
    expect(chain.blockAt(chain.height + 1)).toBeUndefined()
    expect(chain.blockByHash('00'.repeat(32) as BlockHash)).toBeUndefined()
    expect(chain.isOnBestBranch(block.hash)).toBe(true)
    expect(chain.isOnBestBranch('00'.repeat(32) as BlockHash)).toBe(false)
  })
})

describe('funding', () => {
  test('exact amounts to any script, with or without a block', () => {
    const chain = createRegtestChain()
    const first = value(chain.fund(alice.script, sat(123_456)))
    expect(chain.utxo(first.outpoint)).toMatchObject({ amountSat: 123_456n, script: alice.script })
    expect(chain.height).toBe(101)
    const second = value(chain.fund(alice.script, sat(50n * 100_000_000n), { confirm: false }))
    expect(chain.transaction(second.txid)?.confirmations).toBe(0)
    expect(second.output).toEqual(chain.output(second.outpoint))
    // The coins that wait are not spent again.
    const third = value(chain.fund(alice.script, sat(1_000_000), { confirm: false }))
    chain.mine(1)
    for (const { outpoint } of [second, third]) expect(chain.utxo(outpoint)).toBeDefined()
  })

  test('what relay refuses is not paid', () => {
    const { chain } = bed()
    expect(reasonOf(chain.fund(alice.script, sat(293)))).toBe('dust')
  })

  test('more than the miner will ever have', () => {
    const { chain } = bed()
    const before = chain.height
    expect(reasonOf(chain.fund(alice.script, sat(21_000_000n * 100_000_000n)))).toBe('not-enough-miner-coins')
    expect(chain.height).toBe(before + 1000)
  })
})
