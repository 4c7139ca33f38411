import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { p2wpkhScript, p2wshScript, type Tx, type TxOut } from '../../src/bitcoin/index.ts'
import { type Random, randomOf } from '../../src/sim/random.ts'
import { alice, bob, coinOf, spend, type TestCoin, value } from '../regtest/support.ts'
import type { FullNode } from './fullNode.ts'
import { chainBeside, type Disagreement, FULL_NODES, Journal } from './journal.ts'

// Payments that are signed as they are, with every field drawn: what they pay, to which scripts, under which locks, in place of which others.
// Where the two do not agree it is by a rule that has a name here, and a reason.

const WANTED = Number(process.env.BOOKEND_DIFFERENTIAL ?? 10_000) / 4
const SEED = Number(process.env.BOOKEND_SEED ?? 1)
const COINS = 300

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill)
const SCRIPTS: Readonly<Record<string, Uint8Array>> = {
  p2wpkh: bob.script,
  p2wsh: p2wshScript(Uint8Array.of(0x51)),
  p2tr: Uint8Array.from([0x51, 32, ...bytes(32, 7)]),
  p2pkh: Uint8Array.from([0x76, 0xa9, 20, ...bytes(20, 3), 0x88, 0xac]),
  p2sh: Uint8Array.from([0xa9, 20, ...bytes(20, 3), 0x87]),
  data: Uint8Array.from([0x6a, 20, ...bytes(20, 9)]),
  'much data': Uint8Array.from([0x6a, 0x4c, 81, ...bytes(81, 9)]),
  'a later witness version': Uint8Array.from([0x52, 32, ...bytes(32, 9)]),
  'no known kind': Uint8Array.of(0x61, 0x61),
  'p2wpkh of ours': p2wpkhScript(alice.pubkey),
}

function drawn(random: Random, coins: readonly TestCoin[], height: number): Tx {
  const taken = [...new Set(Array.from({ length: random.between(1, 3) }, () => random.pick(coins)))]
  const total = taken.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  const names = Object.keys(SCRIPTS)
  const count = random.weighted({ one: 6, two: 3, three: 1 })
  const small = Array.from({ length: { one: 0, two: 1, three: 2 }[count] }, (): TxOut => {
    const script = SCRIPTS[random.pick(names)] ?? alice.script
    const isData = script[0] === 0x6a
    return {
      amountSat: sat(
        isData ? random.pick([0, 0, 1_000]) : random.pick([0, 100, 293, 294, 329, 330, 331, 539, 540, 545, 546, 9_000]),
      ),
      script,
    }
  })
  const fee = random.pick([0, 50, 90, 105, 109, 110, 112, 120, 140, 141, 200, 400, 1_000, 20_000])
  const rest = total - small.reduce((sum, { amountSat }) => sum + amountSat, 0n) - BigInt(fee)
  const last = { amountSat: sat(rest), script: SCRIPTS[random.pick(names)] ?? alice.script }
  return spend(taken, {
    outputs: random.chance(0.5) ? [...small, last] : [last, ...small],
    version: Number(random.weighted({ 2: 20, 1: 3, 0: 1, 4: 1 })),
    locktime: random.pick([
      0,
      0,
      0,
      height - 1,
      height,
      height + 1,
      height + 2,
      499_999_999,
      500_000_000,
      1_700_000_000,
    ]),
    sequence: random.pick([0xfffffffd, 0xfffffffd, 0xfffffffe, 0xffffffff, 0, 1, 2, 5, 30, 0x400001, 0x80000001]),
  })
}

/** Where the policy of btcd, or that of a newer Core, is another one than that of Bitcoin Core 28, whose the embedded chain has. Consensus is the same. */
const POLICIES: readonly { readonly name: string; readonly isIt: (disagreement: Disagreement) => boolean }[] = [
  {
    // Core relays payments to witness versions that have no meaning yet, so that wallets need not learn them one by one.
    name: 'an output of a later witness version',
    isIt: ({ embedded, fullNode }) => embedded === 'accepted' && /non-standard script form/.test(fullNode),
  },
  {
    // Core replaces whatever pays more (`mempoolfullrbf`), btcd what has said that it may be replaced (BIP 125).
    name: 'the replacement of what did not ask for it',
    isIt: ({ embedded, fullNode }) => embedded === 'accepted' && /output already spent in mempool/.test(fullNode),
  },
  {
    // Since version 30, as long as they are not longer together than one might be.
    name: 'several outputs with data',
    isIt: ({ embedded, fullNode }) => embedded === 'multi-op-return' && fullNode === 'accepted',
  },
]

describe.each(FULL_NODES)('$name and the embedded chain', ({ start }) => {
  let node: FullNode
  beforeAll(async () => {
    node = await start()
  })
  afterAll(() => node.stop())

  it(`agree on ${WANTED} payments with every field drawn, but for what is policy and has a name`, async () => {
    const random = randomOf(`spends ${SEED}`)
    const chain = await chainBeside(node)
    const journal = new Journal(chain)
    const funded = value(chain.fund(alice.script, sat(COINS * 100_000 + 20_000)))
    const split = spend([coinOf(funded.tx, funded.outpoint.vout)], {
      outputs: Array.from({ length: COINS }, () => ({ amountSat: sat(100_000), script: alice.script })),
    })
    value(chain.submit(split))
    chain.mine(1)
    const coins = split.outputs.map((_, vout) => coinOf(split, vout))
    const counts = new Map<string, number>()
    const unexplained: Disagreement[] = []
    let accepted = 0
    const compare = async (): Promise<boolean> => {
      const told = await journal.replay(node)
      accepted += told.accepted
      for (const disagreement of told.disagreements) {
        const policy = POLICIES.find(({ isIt }) => isIt(disagreement))
        if (policy === undefined) unexplained.push(disagreement)
        else counts.set(policy.name, (counts.get(policy.name) ?? 0) + 1)
      }
      return told.disagreements.length === 0
    }
    for (let tried = 0; tried < WANTED; tried++) {
      const unspent = coins.filter(({ outpoint }) => chain.utxo(outpoint) !== undefined)
      const tx = drawn(random, unspent, chain.height)
      journal.tries(tx, 'drawn')
      // What only one of them would take stays out of both: what comes later is judged beside the same mempool.
      if (random.chance(0.2) && (await compare())) chain.submit(tx)
      if (random.chance(0.02)) chain.mine(1, random.chance(0.5) ? { transactions: [] } : {})
      if (tried % 100 === 99) await compare()
    }
    await compare()
    console.log(
      `${WANTED} payments: ${accepted} taken by both; by policy not alike: ${JSON.stringify(Object.fromEntries(counts))}`,
    )
    expect(unexplained).toEqual([])
    expect(accepted).toBeGreaterThan(WANTED / 20)
  })
})
