import { describe, expect, test } from 'vitest'
import { concat, sat } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { createRegtestChain, DEFAULT_POLICY, restoreRegtestChain } from '../../src/regtest/index.ts'
import { decodeSnapshot, encodeSnapshot } from '../../src/regtest/snapshot.ts'
import { alice, coinOf, reasonOf, spend, type TestCoin, testBeds, value } from './support.ts'

const bed = testBeds()

describe('a saved chain', () => {
  test('comes back whole: blocks, side branches, mempool, policy, miner', () => {
    const minerSecret = sha256(Uint8Array.of(1))
    const chain = createRegtestChain({ minerSecret, policy: { minRelayFeeSatPerKvB: 2000n } })
    const { outpoint, output } = value(chain.fund(alice.script, sat(100_000)))
    chain.setMempoolMinFee(4000n)
    const [mined] = chain.mine(1)
    chain.reorganize({ depth: 1 })
    chain.reorganize({ depth: 1, length: 1 })
    const parent = spend([{ outpoint, ...output }], { feeSat: 2000 })
    value(chain.submit(parent))
    value(chain.submit(spend([coinOf(parent)])))

    const copy = value(restoreRegtestChain(chain.save()))
    expect(copy.tip).toEqual(chain.tip)
    expect(copy.mempool()).toEqual(chain.mempool())
    expect(copy.policy).toEqual({ ...DEFAULT_POLICY, minRelayFeeSatPerKvB: 2000n })
    expect(copy.minerScript).toEqual(chain.minerScript)
    expect(copy.blockByHash(mined?.hash ?? chain.tip.hash)).toEqual(mined)
    expect(new Map(copy.utxos())).toEqual(new Map(chain.utxos()))
    expect(reasonOf(copy.submit(spend([coinOf(parent)], { feeSat: 200, locktime: 1 })))).toBe('mempool min fee not met')
    expect(copy.mine(3).map(block => block.hash)).toEqual(chain.mine(3).map(block => block.hash))
    expect(copy.save()).toEqual(chain.save())
  })

  test('blocks that were found bad or taken out stay so', () => {
    const { chain, coins } = bed()
    const bad = chain.generateBlock({ transactions: [spend([coinOf(chain.tip.transactions[0] ?? spend(coins))])] })
    expect(reasonOf(bad)).toBe('bad-txns-premature-spend-of-coinbase')
    const [out] = chain.mine(1)
    value(chain.invalidateBlock(out?.hash ?? chain.tip.hash))
    const copy = value(restoreRegtestChain(chain.save()))
    expect(copy.height).toBe(chain.height)
    expect(reasonOf(copy.generateBlock({ parent: out?.hash ?? chain.tip.hash }))).toBe('bad-prevblk')
    value(copy.reconsiderBlock(out?.hash ?? chain.tip.hash))
    expect(copy.tip).toEqual(out)
  })

  test('another clock and another policy may be given', () => {
    const { chain } = bed()
    const copy = value(restoreRegtestChain(chain.save(), { now: () => 2_100_000_000, policy: { maxAncestors: 1 } }))
    expect(copy.mine(1)[0]?.header.time).toBe(2_100_000_000)
    expect(copy.policy.maxAncestors).toBe(1)
    expect(copy.policy.maxDescendants).toBe(DEFAULT_POLICY.maxDescendants)
  })

  test('nobody hears of what was restored', () => {
    const { chain, coins } = bed()
    const tx = spend([coins[0] as TestCoin])
    value(chain.submit(tx))
    const copy = value(restoreRegtestChain(chain.save()))
    const heard: string[] = []
    copy.onMempool(change => heard.push(change.txid))
    const next = spend([coins[1] as TestCoin])
    value(copy.submit(next))
    expect(heard).toEqual([txid(next)])
  })
})

describe('damaged snapshots', () => {
  const bytes = bed().chain.save()
  const code = (damaged: Uint8Array) => {
    const result = restoreRegtestChain(damaged)
    return result.ok ? 'restored' : result.error.code
  }

  test('any changed byte, and a missing end', () => {
    for (const at of [0, 15, 16, 17, 100, 5000, bytes.length - 40, bytes.length - 1]) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(code(changed)).toBe(at < 16 ? 'not_a_snapshot' : at === 16 ? 'unknown_version' : 'bad_checksum')
    }
    expect(code(bytes.slice(0, -1))).toBe('bad_checksum')
    expect(code(bytes.slice(0, 30))).toBe('not_a_snapshot')
    expect(code(new Uint8Array(0))).toBe('not_a_snapshot')
    expect(code(bytes)).toBe('restored')
  })

  /** The same contents with a checksum that fits. */
  const resealed = (contents: Uint8Array) => concat(contents, sha256(contents))

  test('contents that cannot be, under a good checksum', () => {
    expect(code(resealed(bytes.slice(0, -33)))).toBe('truncated')
    expect(code(resealed(concat(bytes.slice(0, -32), Uint8Array.of(0))))).toBe('trailing_bytes')
    const snapshot = value(decodeSnapshot(bytes))
    expect(code(encodeSnapshot({ ...snapshot, blocks: snapshot.blocks.slice(1) }))).toBe('invalid')
    expect(code(encodeSnapshot({ ...snapshot, blocks: snapshot.blocks.slice(0, -1) }))).toBe('invalid')
    const [first, ...rest] = snapshot.blocks.map(({ block }) => block)
    if (first === undefined) throw new Error('the chain has blocks')
    const rich = first.transactions.map(tx => ({
      ...tx,
      outputs: tx.outputs.map(o => ({ ...o, amountSat: sat(10n ** 12n) })),
    }))
    const blocks = [{ ...first, transactions: rich }, ...rest].map(block => ({ block, standing: 'good' as const }))
    expect(code(encodeSnapshot({ ...snapshot, blocks }))).toBe('invalid')
  })

  const saidOf = (damaged: Uint8Array) => {
    const result = restoreRegtestChain(damaged)
    return result.ok ? 'restored' : result.error.message
  }

  test('a block that begins with another transaction than its coinbase, or rests on one that was found bad', () => {
    const snapshot = value(decodeSnapshot(bytes))
    const [saved, ...others] = snapshot.blocks
    const coinbase = saved?.block.transactions[0]
    const input = coinbase?.inputs[0]
    if (saved === undefined || coinbase === undefined || input === undefined) throw new Error('the chain has blocks')
    const outpoint = { ...input.outpoint, vout: 0 }
    const transactions = [{ ...coinbase, inputs: [{ ...input, outpoint }] }]
    const changed = { ...saved, block: { ...saved.block, transactions } }
    expect(saidOf(encodeSnapshot({ ...snapshot, blocks: [changed, ...others] }))).toMatch(
      /^block [0-9a-f]{64}: bad-txnmrklroot$/,
    )
    const bad = { ...saved, standing: 'invalid' } as const
    expect(saidOf(encodeSnapshot({ ...snapshot, blocks: [bad, ...others] }))).toMatch(
      /^tip [0-9a-f]{64} rests on a block that is not valid$/,
    )
  })

  test('waiting transactions that nobody could have taken', () => {
    const { chain, coins } = bed()
    const [first, second] = coins
    if (first === undefined || second === undefined) throw new Error('the bed has coins')
    value(chain.submit(spend([first])))
    value(chain.submit(spend([second])))
    const snapshot = value(decodeSnapshot(chain.save()))
    const [one, two] = snapshot.mempool
    if (one === undefined || two === undefined) throw new Error('two transactions wait')
    const saidWith = (...mempool: (typeof one)[]) => saidOf(encodeSnapshot({ ...snapshot, mempool }))
    expect(saidWith(one, two)).toBe('restored')
    expect(saidWith(one, one)).toMatch(/: txn-mempool-conflict$/)
    const input = one.tx.inputs[0]
    if (input === undefined) throw new Error('it spends something')
    const elsewhere = { ...one.tx, inputs: [{ ...input, outpoint: { ...input.outpoint, vout: 77 } }] }
    expect(saidWith({ ...one, tx: elsewhere })).toMatch(/: bad-txns-inputs-missingorspent$/)
    expect(saidWith(one, { ...one, tx: { ...one.tx, locktime: 1 } })).toMatch(/: txn-mempool-conflict$/)
    const late = { ...one.tx, locktime: 10_000, inputs: [{ ...input, sequence: 0 }] }
    expect(saidWith({ ...one, tx: late })).toMatch(/: non-final$/)
    expect(saidWith({ ...one, feeSat: one.feeSat + 1n })).toMatch(/: expected a fee of \d+ sat, got \d+ sat$/)
  })

  test('whatever bit is changed under a good checksum: it is refused in words, or a chain that goes on', () => {
    const { chain, coins } = bed()
    chain.reorganize({ depth: 1, length: 2 })
    value(chain.submit(spend([coins[0] as TestCoin])))
    const contents = chain.save().slice(0, -32)
    const ends: string[] = []
    for (let at = 17; at < contents.length; at += at < 150 || at > contents.length - 400 ? 3 : 997) {
      const changed = contents.slice()
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      const result = restoreRegtestChain(resealed(changed))
      if (result.ok) result.value.mine(1)
      ends.push(result.ok ? 'restored' : result.error.code)
    }
    expect(ends).toContain('restored')
    expect(ends).toContain('invalid')
  })
})
