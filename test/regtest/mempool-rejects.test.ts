import { describe, expect, test } from 'vitest'
import { concat, fromHex, MAX_MONEY_SAT, type Sat, sat, type Txid } from '../../src/base/index.ts'
import {
  OP,
  p2aScript,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wshScript,
  script,
  scriptNumber,
  type Tx,
  type TxOut,
  txid,
  txVsize,
  withWitness,
} from '../../src/bitcoin/index.ts'
import { hash160 } from '../../src/crypto/index.ts'
import { COINBASE_MATURITY, createRegtestChain, type RegtestChain } from '../../src/regtest/index.ts'
import { satisfiesLock } from '../../src/regtest/locks.ts'
import { BlockTree } from '../../src/regtest/tree.ts'
import { EMPTY, ONE } from './scripts.ts'
import {
  alice,
  bob,
  COIN_SAT,
  coinOf,
  input,
  reasonOf,
  sign,
  spend,
  type TestBed,
  type TestCoin,
  testBeds,
  value,
} from './support.ts'

const bed = testBeds()
const FEE = 1000n
const out = (amountSat: bigint, outputScript = alice.script): TxOut => ({
  amountSat: sat(amountSat),
  script: outputScript,
})

/** Refused for this reason with a sentence, and nothing comes into the mempool. */
function expectRefused(chain: RegtestChain, tx: Tx, reason: string): void {
  const before = chain.mempool().length
  const result = chain.submit(tx)
  expect(reasonOf(result)).toBe(reason)
  expect(result.ok ? '' : result.error.details).not.toBe('')
  expect(chain.mempool().length).toBe(before)
}

function expectAccepted(chain: RegtestChain, tx: Tx): void {
  expect(reasonOf(chain.testAccept(tx))).toBe('accepted')
  expect(value(chain.submit(tx))).toBe(txid(tx))
  expect(chain.mempoolEntry(txid(tx))?.tx).toBe(tx)
}

/** One coin spent into these outputs, and the rest given as fee unless there is change. */
function paying(coin: TestCoin, outputs: readonly TxOut[], fields: Parameters<typeof spend>[1] = {}): Tx {
  const paid = outputs.reduce((sum, output) => sum + output.amountSat, 0n)
  const change = COIN_SAT - paid - FEE
  return spend([coin], { ...fields, outputs: change > 1000n ? [...outputs, out(change)] : outputs })
}

function coins({ coins }: TestBed, count: number): readonly TestCoin[] {
  return coins.slice(0, count)
}

const first = (at: TestBed): TestCoin => coins(at, 1)[0] as TestCoin

describe('rules on the transaction alone', () => {
  const at = bed()
  const { chain } = at
  const good = spend([first(at)])

  test('inputs and outputs exist', () => {
    expectRefused(chain, { ...good, inputs: [] }, 'bad-txns-vin-empty')
    expectRefused(chain, { ...good, outputs: [] }, 'bad-txns-vout-empty')
  })

  test('amounts', () => {
    const over = (MAX_MONEY_SAT + 1n) as Sat
    expectRefused(chain, { ...good, outputs: [out(over)] }, 'bad-txns-vout-toolarge')
    expectRefused(chain, { ...good, outputs: [out(MAX_MONEY_SAT), out(1n)] }, 'bad-txns-txouttotal-toolarge')
    const negative = { amountSat: -1n as Sat, script: alice.script }
    expectRefused(chain, { ...good, outputs: [negative] }, 'bad-txns-vout-negative')
    expectRefused(chain, spend([first(at)], { feeSat: -1 }), 'bad-txns-in-belowout')
  })

  test('an input twice', () => {
    expectRefused(chain, spend([first(at), first(at)]), 'bad-txns-inputs-duplicate')
  })

  test('what only a coinbase may name', () => {
    const nothing = { txid: '00'.repeat(32) as Txid, vout: 0xffffffff }
    expectRefused(chain, { ...good, inputs: [...good.inputs, input(nothing)] }, 'bad-txns-prevout-null')
    expectRefused(chain, { ...good, inputs: [input(nothing, { scriptSig: ONE })] }, 'bad-cb-length')
    expectRefused(chain, { ...good, inputs: [input(nothing, { scriptSig: new Uint8Array(2) })] }, 'coinbase')
  })

  test('larger than any block', () => {
    const huge = out(0n, new Uint8Array(1_000_001).fill(OP.OP_RETURN))
    expectRefused(chain, { ...good, outputs: [huge] }, 'bad-txns-oversize')
  })

  test('the same without a fault is accepted', () => expectAccepted(chain, good))
})

describe('what is spent', () => {
  test('unknown, spent, waiting, confirmed', () => {
    const at = bed()
    const { chain } = at
    const coin = first(at)
    const unknown = { ...coin, outpoint: { txid: '77'.repeat(32) as Txid, vout: 0 } }
    expectRefused(chain, spend([unknown]), 'bad-txns-inputs-missingorspent')
    const noSuchOutput = { ...coin, outpoint: { ...coin.outpoint, vout: 10_000 } }
    expectRefused(chain, spend([noSuchOutput]), 'bad-txns-inputs-missingorspent')
    const tx = spend([coin])
    expectAccepted(chain, tx)
    expectRefused(chain, tx, 'txn-already-in-mempool')
    const otherWitness = withWitness(tx, 0, [ONE, ...(tx.inputs[0]?.witness ?? [])])
    expectRefused(chain, otherWitness, 'txn-same-nonwitness-data-in-mempool')
    chain.mine(1)
    expectRefused(chain, tx, 'txn-already-known')
    expectRefused(chain, spend([coin], { feeSat: 5000 }), 'bad-txns-inputs-missingorspent')
    value(chain.submit(spend([coinOf(tx)])))
    chain.mine(1)
    expectRefused(chain, tx, 'bad-txns-inputs-missingorspent')
  })

  test('a coinbase one block too early, and on time', () => {
    const chain = createRegtestChain()
    const [block] = chain.mine(1, { to: alice.script })
    const coin = coinOf(block?.transactions[0] as Tx)
    chain.mine(COINBASE_MATURITY - 2)
    const tx = spend([coin])
    expectRefused(chain, tx, 'bad-txns-premature-spend-of-coinbase')
    chain.mine(1)
    expectAccepted(chain, tx)
  })

  test('a wrong signature', () => {
    const at = bed()
    const coin = first(at)
    const tx = sign(spend([coin]), [{ ...coin, script: bob.script }], bob)
    expectRefused(
      at.chain,
      withWitness(tx, 0, [(tx.inputs[0]?.witness ?? [])[0] ?? EMPTY, alice.pubkey]),
      'mandatory-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top stack element)',
    )
  })
})

describe('standard transactions', () => {
  const at = bed()
  const { chain } = at
  const coin = first(at)
  const accepted = (tx: Tx) => expect(reasonOf(chain.testAccept(tx))).toBe('accepted')

  test('versions 1 to 3', () => {
    for (const version of [1, 2, 3]) accepted(spend([coin], { version }))
    for (const version of [0, 4, -1]) expectRefused(chain, spend([coin], { version }), 'version')
  })

  test('weight', () => {
    // An output of P2WPKH weighs 124.
    const many = (count: number): Tx => {
      const outputs = Array.from({ length: count }, () => out(294n))
      return spend(coins(at, 2), { outputs })
    }
    accepted(many(3218))
    expectRefused(chain, many(3226), 'tx-size')
  })

  test('small transactions', () => {
    const data = script(OP.OP_RETURN, new Uint8Array(2))
    // 8 + 1 + 41 + 1 + 8 + 1 + length of the script.
    expectRefused(
      chain,
      spend([coin], { outputs: [out(0n, script(OP.OP_RETURN, new Uint8Array(2)))] }),
      'tx-size-small',
    )
    expect(data.length).toBe(4)
    accepted(spend([coin], { outputs: [out(0n, script(OP.OP_RETURN, new Uint8Array(3).fill(9)))] }))
  })

  test('scripts of outputs', () => {
    const kinds = [
      alice.script,
      p2wshScript(ONE),
      p2trScript(new Uint8Array(32).fill(3)),
      p2pkhScript(new Uint8Array(20)),
      p2shScript(new Uint8Array(20)),
      script(alice.pubkey, OP.OP_CHECKSIG),
      script(OP.OP_1, alice.pubkey, bob.pubkey, OP.OP_2, OP.OP_CHECKMULTISIG),
      p2aScript,
      fromHex('5220'.concat('ab'.repeat(32))),
    ]
    for (const kind of kinds) accepted(paying(coin, [out(10_000n, kind)]))
    const odd = [
      EMPTY,
      script(OP.OP_1),
      fromHex('0003abcdef'),
      script(OP.OP_1, ...Array.from({ length: 4 }, () => alice.pubkey), 0x54, OP.OP_CHECKMULTISIG),
      script(OP.OP_2, alice.pubkey, OP.OP_1, OP.OP_CHECKMULTISIG),
      script(OP.OP_RETURN, OP.OP_DUP),
    ]
    for (const kind of odd) expectRefused(chain, paying(coin, [out(10_000n, kind)]), 'scriptpubkey')
  })

  test('data', () => {
    const data = (length: number) => out(0n, script(OP.OP_RETURN, new Uint8Array(length).fill(7)))
    accepted(paying(coin, [data(80)]))
    expectRefused(chain, paying(coin, [data(81)]), 'scriptpubkey')
    expectRefused(chain, paying(coin, [data(5), data(6)]), 'multi-op-return')
  })

  // The thresholds at 3 sat per virtual byte; those of BOLT 3, dust limits.
  test.each([
    ['P2PKH', p2pkhScript(new Uint8Array(20)), 546n],
    ['P2SH', p2shScript(new Uint8Array(20)), 540n],
    ['P2WPKH', alice.script, 294n],
    ['P2WSH', p2wshScript(ONE), 330n],
    ['P2TR', p2trScript(new Uint8Array(32).fill(3)), 330n],
    ['anchor', p2aScript, 240n],
    ['longest unknown witness version', fromHex('5228'.concat('ab'.repeat(40))), 354n],
  ])('dust: %s', (_, kind, threshold) => {
    accepted(paying(coin, [out(threshold, kind)]))
    expectRefused(chain, paying(coin, [out(threshold - 1n, kind)]), 'dust')
  })

  test('two dust outputs are one too many even without a fee', () => {
    const outputs = [out(0n, p2aScript), out(0n, p2aScript), out(COIN_SAT)]
    expectRefused(chain, spend([coin], { outputs }), 'dust')
  })

  test('scriptSigs only push, and not too much', () => {
    const withScriptSig = (scriptSig: Uint8Array): Tx => {
      const tx = spend([coin], { feeSat: 5000 })
      return { ...tx, inputs: tx.inputs.map(i => ({ ...i, scriptSig })) }
    }
    expectRefused(chain, withScriptSig(script(OP.OP_DUP)), 'scriptsig-not-pushonly')
    expectRefused(chain, withScriptSig(new Uint8Array(1651).fill(OP.OP_1)), 'scriptsig-size')
    expect(reasonOf(chain.testAccept(withScriptSig(new Uint8Array(1650).fill(OP.OP_1))))).toMatch(/^mandatory-script/)
  })

  test('fees', () => {
    const size = txVsize(spend([coin]))
    expectRefused(chain, spend([coin], { feeSat: size - 1 }), 'min relay fee not met')
    accepted(spend([coin], { feeSat: size }))
    chain.setMempoolMinFee(5000n)
    expectRefused(chain, spend([coin], { feeSat: 5 * size - 1 }), 'mempool min fee not met')
    accepted(spend([coin], { feeSat: 5 * size }))
    chain.setMempoolMinFee(0n)
  })

  test('the relay fee can be set', () => {
    const cheap = bed({ policy: { minRelayFeeSatPerKvB: 100n } })
    expect(reasonOf(cheap.chain.testAccept(spend([first(cheap)], { feeSat: 12 })))).toBe('accepted')
    expect(reasonOf(cheap.chain.testAccept(spend([first(cheap)], { feeSat: 10 })))).toBe('min relay fee not met')
  })
})

describe('standard inputs and witnesses', () => {
  /** A confirmed output with this script, put into a block by its miner where relay would refuse it. */
  function confirmed(at: TestBed, outputScript: Uint8Array): TestCoin {
    const tx = paying(first(at), [out(50_000n, outputScript)])
    at.chain.mine(1, { transactions: [tx] })
    return coinOf(tx)
  }

  function spending(coin: TestCoin, witness: readonly Uint8Array[], scriptSig: Uint8Array = EMPTY): Tx {
    return {
      version: 2,
      inputs: [input(coin.outpoint, { witness, scriptSig })],
      outputs: [out(coin.amountSat - 20_000n)],
      locktime: 0,
    }
  }

  const drops = (items: number) => concat(new Uint8Array(items).fill(OP.OP_DROP), Uint8Array.of(OP.OP_1))

  test.each([
    ['100 items', drops(100), Array.from({ length: 100 }, () => ONE), 'accepted'],
    ['101 items', drops(101), Array.from({ length: 101 }, () => ONE), 'bad-witness-nonstandard'],
    ['an item of 80 bytes', drops(1), [new Uint8Array(80)], 'accepted'],
    ['an item of 81 bytes', drops(1), [new Uint8Array(81)], 'bad-witness-nonstandard'],
  ])('P2WSH: %s', (_, witnessScript, items: readonly Uint8Array[], expected) => {
    const at = bed()
    const coin = confirmed(at, p2wshScript(witnessScript))
    expect(reasonOf(at.chain.submit(spending(coin, [...items, witnessScript])))).toBe(expected)
  })

  test('P2WSH: a script of 3600 bytes, and of 3601', () => {
    for (const [length, expected] of [
      [3600, 'accepted'],
      [3601, 'bad-witness-nonstandard'],
    ] as const) {
      const at = bed()
      // Seven pushes of 510 bytes with their headers and drops, filled up by NOPs.
      const block = script(new Uint8Array(510).fill(1), OP.OP_DROP)
      const body = concat(...Array.from({ length: 7 }, () => block))
      const witnessScript = concat(body, new Uint8Array(length - body.length - 1).fill(0x61), Uint8Array.of(OP.OP_1))
      const coin = confirmed(at, p2wshScript(witnessScript))
      expect(reasonOf(at.chain.submit(spending(coin, [witnessScript])))).toBe(expected)
    }
  })

  test('an anchor is spent by anyone, without a witness', () => {
    const at = bed()
    const coin = confirmed(at, p2aScript)
    expectRefused(at.chain, spending(coin, [ONE]), 'bad-witness-nonstandard')
    expectAccepted(at.chain, spending(coin, []))
  })

  test('a witness where none belongs', () => {
    const at = bed()
    const coin = confirmed(at, p2pkhScript(hash160(alice.pubkey)))
    expectRefused(at.chain, spending(coin, [ONE]), 'bad-witness-nonstandard')
  })

  test('outputs of no standard kind, and unknown witness versions, are not spent in relay', () => {
    for (const kind of [script(OP.OP_1), fromHex('5220'.concat('ab'.repeat(32)))]) {
      const at = bed()
      const tx = spending(confirmed(at, kind), [])
      expectRefused(at.chain, tx, 'bad-txns-nonstandard-inputs')
      expect(value(at.chain.generateBlock({ transactions: [tx] })).height).toBe(at.chain.height)
    }
  })

  test('P2SH: too many signature operations, and no redeem script', () => {
    const at = bed()
    const costly = script(...Array.from({ length: 16 }, () => OP.OP_CHECKSIG))
    const coin = confirmed(at, p2shScript(hash160(costly)))
    expectRefused(at.chain, spending(coin, [], script(costly)), 'bad-txns-nonstandard-inputs')
    expectRefused(at.chain, spending(coin, []), 'bad-txns-nonstandard-inputs')
    const plain = script(OP.OP_1)
    const other = bed()
    const fine = confirmed(other, p2shScript(hash160(plain)))
    expectAccepted(other.chain, spending(fine, [], script(plain)))
  })

  test('taproot: an annex, a long item', () => {
    const at = bed()
    const coin = confirmed(at, p2trScript(alice.pubkey.slice(1)))
    const control = concat(Uint8Array.of(0xc0), new Uint8Array(32))
    expectRefused(at.chain, spending(coin, [ONE, Uint8Array.of(0x50)]), 'bad-witness-nonstandard')
    expectRefused(at.chain, spending(coin, [new Uint8Array(81), ONE, control]), 'bad-witness-nonstandard')
    expectRefused(at.chain, spending(coin, [ONE, EMPTY]), 'bad-witness-nonstandard')
    expect(reasonOf(at.chain.submit(spending(coin, [new Uint8Array(80), ONE, control])))).toMatch(/^mandatory-script/)
    expect(reasonOf(at.chain.submit(spending(coin, [new Uint8Array(64)])))).toMatch(/Invalid Schnorr signature\)$/)
  })

  test('signature operations: many make a transaction count for more than its weight, and too many are refused', () => {
    const at = bed()
    // 20 for each bare CHECKMULTISIG, four times as they stand outside witnesses.
    const multisig = script(OP.OP_1, alice.pubkey, OP.OP_1, OP.OP_CHECKMULTISIG)
    const outputs = (count: number) => Array.from({ length: count }, () => out(1000n, multisig))
    const few = spend([first(at)], { outputs: [...outputs(10), out(COIN_SAT - 10_000n - 20_000n)] })
    expectAccepted(at.chain, few)
    expect(at.chain.mempoolEntry(txid(few))?.vsize).toBe(((10 * 20 * 4 + 1) * 20) / 4)
    expect(at.chain.mempoolEntry(txid(few))?.vsize).toBeGreaterThan(txVsize(few))
    const many = spend([coinOf(few, 10)], { outputs: outputs(201) })
    expectRefused(at.chain, many, 'bad-txns-too-many-sigops')
  })
})

describe('locks', () => {
  const final = 0xffffffff

  test('by height, one block early and on time', () => {
    const at = bed()
    const { chain } = at
    const tx = spend([first(at)], { locktime: chain.height + 2, sequence: 0xfffffffe })
    expectRefused(chain, spend([first(at)], { locktime: chain.height + 1, sequence: 0xfffffffe }), 'non-final')
    expectAccepted(chain, spend([coins(at, 2)[1] as TestCoin], { locktime: chain.height, sequence: 0xfffffffe }))
    expectAccepted(chain, spend([coins(at, 3)[2] as TestCoin], { locktime: chain.height + 9, sequence: final }))
    chain.mine(1)
    expectRefused(chain, tx, 'non-final')
    chain.mine(1)
    expectAccepted(chain, tx)
  })

  test('by time: the median time past counts, not the time of the tip (BIP 113)', () => {
    const at = bed()
    const { chain } = at
    const median = chain.medianTimePast
    expect(median).toBeLessThan(chain.tip.header.time)
    expectRefused(chain, spend([first(at)], { locktime: median, sequence: 0 }), 'non-final')
    expectAccepted(chain, spend([first(at)], { locktime: median - 1, sequence: 0xfffffffe }))
  })

  test('relative, in blocks (BIP 68)', () => {
    const at = bed()
    const { chain } = at
    const tx = spend([first(at)], { sequence: 3 })
    // The coin is in the tip, so the next block is one block after it.
    for (const _ of [1, 2]) {
      expectRefused(chain, tx, 'non-BIP68-final')
      chain.mine(1)
    }
    expectAccepted(chain, tx)
  })

  test('relative, in units of 512 seconds', () => {
    const at = bed()
    const { chain } = at
    const units = 3
    const tx = spend([first(at)], { sequence: 0x00400000 + units })
    const from = chain.blockAt(chain.height - 1)
    expect(from).toBeDefined()
    const start = medianBefore(chain, chain.height)
    while (chain.medianTimePast < start + units * 512) {
      expectRefused(chain, tx, 'non-BIP68-final')
      chain.mine(1)
    }
    expectAccepted(chain, tx)
  })

  test('the first block and the first median that satisfy a relative lock', () => {
    const parent = { ...new BlockTree().genesis, height: 9, medianTimePast: 1000 }
    expect(satisfiesLock({ height: 10, time: 1000 }, parent)).toBe(true)
    expect(satisfiesLock({ height: 11, time: 1000 }, parent)).toBe(false)
    expect(satisfiesLock({ height: 10, time: 1001 }, parent)).toBe(false)
  })

  test('relative locks mean nothing in version 1, and with the top bit', () => {
    const at = bed()
    expectAccepted(at.chain, spend([first(at)], { sequence: 100, version: 1 }))
    expectAccepted(at.chain, spend([coins(at, 2)[1] as TestCoin], { sequence: 0x80000064 }))
  })

  test('an output that still waits counts as made in the next block', () => {
    const at = bed()
    const parent = spend([first(at)])
    expectAccepted(at.chain, parent)
    expectRefused(at.chain, spend([coinOf(parent)], { sequence: 1 }), 'non-BIP68-final')
    expectAccepted(at.chain, spend([coinOf(parent)], { sequence: 0 }))
  })

  test('a script that asks for a lock, on chain: to_local one block early and on time', () => {
    const at = bed()
    const { chain } = at
    const delay = 5
    const witnessScript = script(scriptNumber(delay), OP.OP_CHECKSEQUENCEVERIFY)
    const made = paying(first(at), [out(50_000n, p2wshScript(witnessScript))])
    expectAccepted(chain, made)
    chain.mine(1)
    const claim = (sequence: number): Tx => ({
      version: 2,
      inputs: [input(coinOf(made).outpoint, { sequence, witness: [witnessScript] })],
      outputs: [out(49_000n)],
      locktime: 0,
    })
    expectRefused(chain, claim(delay), 'non-BIP68-final')
    expectRefused(chain, claim(1), 'mandatory-script-verify-flag-failed (Locktime requirement not satisfied)')
    chain.mine(delay - 2)
    expectRefused(chain, claim(delay), 'non-BIP68-final')
    chain.mine(1)
    expectAccepted(chain, claim(delay))
  })
})

/** Median time past of the block before `height`. */
function medianBefore(chain: RegtestChain, height: number): number {
  const times = Array.from({ length: 11 }, (_, i) => chain.blockAt(height - 1 - i)?.header.time ?? 0)
  return times.sort((a, b) => a - b)[5] ?? 0
}

test('a full mempool refuses what comes next, but not what takes the place of something larger', () => {
  const at = bed({ policy: { maxMempoolVsize: 1010 } })
  const [a, b] = coins(at, 2) as [TestCoin, TestCoin]
  const large = spend([a], { outputs: Array.from({ length: 28 }, () => out(35_000n)) })
  expectAccepted(at.chain, large)
  expectRefused(at.chain, spend([b]), 'mempool full')
  expectAccepted(at.chain, spend([a], { feeSat: 30_000 }))
  expectAccepted(at.chain, spend([b]))
})
