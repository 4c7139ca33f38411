import { describe, expect, test } from 'vitest'
import { defined, pmapGet, sat } from '../../src/base/index.ts'
import { addressFromScript, p2wpkhScript, txid } from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { DEFAULT_ENGINE_LIMITS } from '../../src/engine/index.ts'
import { balanceOf } from '../../src/wallet/index.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// A transaction of the wallet can lose an input for ever without any block that spends one of our coins: where a reorganisation takes
// the payment back that one of them came with.

const DEPTH = DEFAULT_ENGINE_LIMITS.lostInputBlocks
/** An address of somebody else. */
const SHOP = addressFromScript(p2wpkhScript(publicKeyFromSecret(sha256(new Uint8Array(1)))), 'regtest') ?? ''

function send(side: Side, amount: bigint, address = SHOP, token?: string): number {
  const paying = token === undefined ? {} : { token }
  return side.ask(request => ({ type: 'send_onchain', request, address, amountSat: sat(amount), ...paying }))
}

function newAddress(side: Side): string {
  const reply = side.replyTo(side.ask(request => ({ type: 'new_address', request })))
  if (reply?.type !== 'address') throw new Error('a request for an address is answered with one')
  return reply.address
}

const spendable = (side: Side): bigint =>
  balanceOf(side.state.wallet, { limits: side.context().limits.wallet, channels: 0 }).spendableSat

/** Alice pays the shop with a coin of her own and one that Bob has sent her, and Bob's payment is undone: he has paid somebody else. */
function undone() {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'], { coins: [300_000n] })
  stage.token(alice, 'shop', 500_000n)
  bob.refuses = () => 'kept for later'
  send(bob, 200_000n)
  stage.settle()
  const elsewhere = defined(bob.published.at(-1), 'it was to be published').tx
  bob.refuses = () => undefined
  send(bob, 200_000n, newAddress(alice))
  stage.mine()
  expect(spendable(alice)).toBe(500_000n)
  send(alice, 400_000n, SHOP, 'shop')
  const payment = defined(alice.published.at(-1), 'it was published').tx
  expect(payment.inputs).toHaveLength(2)
  expect(stage.chain.reorganize({ depth: 1, length: 2, transactions: [elsewhere] }).ok).toBe(true)
  stage.catchUp()
  expect(stage.chain.mempool()).toEqual([])
  return { stage, alice, id: txid(payment) }
}

/** Of the budget of the token that has paid, in satoshis. */
const spent = (side: Side): bigint => (pmapGet(side.state.payments.tokens, 'shop')?.spentMsat ?? -1n) / 1000n

const isKept = (side: Side, id: ReturnType<typeof txid>): boolean => side.state.wallet.transactions.has(id)

describe('a payment one of whose inputs is gone', () => {
  test('is given up when the chain has said so for some blocks, and its other coins are free', () => {
    const { stage, alice, id } = undone()
    expect(spendable(alice)).toBe(0n)
    stage.mine(DEPTH - 1)
    expect(isKept(alice, id)).toBe(true)
    stage.mine()
    expect(isKept(alice, id)).toBe(false)
    expect(spendable(alice)).toBe(300_000n)
    expect(alice.eventsOf('transaction_given_up')).toEqual([{ type: 'transaction_given_up', txid: id }])
    expect(alice.replyTo(send(alice, 100_000n))?.type).toBe('sent')
    expect(spent(alice)).toBe(0n)
    // And a start does not bring it back.
    stage.restart(alice)
    stage.mine(2)
    expect(isKept(alice, id)).toBe(false)
  })

  test('is given up after a start, too: what is published again is refused as before', () => {
    const { stage, alice, id } = undone()
    stage.mine()
    stage.restart(alice)
    stage.settle()
    stage.mine(DEPTH - 1)
    expect(isKept(alice, id)).toBe(true)
    expect(spent(alice)).toBeGreaterThan(400_000n)
    stage.mine()
    expect(isKept(alice, id)).toBe(false)
    expect(spendable(alice)).toBe(300_000n)
    expect(spent(alice)).toBe(0n)
  })

  test('is kept while the chain says so only now and then, or something else', () => {
    const { stage, alice, id } = undone()
    for (let i = 0; i < 3; i++) {
      stage.mine(DEPTH - 1)
      // Whatever it is, the chain does not say that inputs are missing.
      alice.refuses = () => 'mempool min fee not met'
      stage.mine()
      alice.refuses = () => undefined
    }
    expect(isKept(alice, id)).toBe(true)
    stage.mine(DEPTH + 1)
    expect(isKept(alice, id)).toBe(false)
  })
})

test('a payment whose coins are all there is kept, whatever the chain says', () => {
  const stage = new Stage()
  const [alice] = stage.sidesOf(['alice'], { coins: [300_000n] })
  send(alice, 100_000n)
  const id = txid(defined(alice.published.at(-1), 'it was published').tx)
  alice.refuses = () => 'bad-txns-inputs-missingorspent'
  stage.restart(alice)
  stage.settle()
  // Blocks without it.
  for (let i = 0; i < 2 * DEPTH; i++) {
    expect(stage.chain.generateBlock({ transactions: [] }).ok).toBe(true)
    stage.catchUp()
  }
  expect(isKept(alice, id)).toBe(true)
  expect(spendable(alice)).toBe(0n)
})

describe('what a token was charged for a payment on chain', () => {
  const chargesOf = ({ records }: Side) => [...records.keys()].filter(key => key.startsWith('node/charge/'))

  /** A payment with a token, and before it one that never left, of the same coin. */
  function paid() {
    const stage = new Stage()
    const [alice] = stage.sidesOf(['alice'], { coins: [300_000n], limits: { wallet: { finalDepth: 12 } } })
    stage.token(alice, 'shop', 500_000n)
    alice.refuses = () => 'kept for later'
    send(alice, 200_000n, SHOP, 'shop')
    stage.settle()
    const { tx: elsewhere } = defined(alice.published.at(-1), 'it was to be published')
    expect([spent(alice), chargesOf(alice)]).toEqual([0n, []])
    alice.refuses = () => undefined
    send(alice, 100_000n, SHOP, 'shop')
    expect(spent(alice)).toBeGreaterThan(100_000n)
    return { stage, alice, elsewhere, charged: spent(alice) }
  }

  test('stays spent when the payment is final, and is not kept any longer', () => {
    const { stage, alice, charged } = paid()
    stage.mine(12)
    stage.restart(alice)
    expect(chargesOf(alice)).toHaveLength(1)
    stage.mine()
    expect([spent(alice), chargesOf(alice)]).toEqual([charged, []])
  })

  test('comes back when another transaction has spent its coin for good, and not before', () => {
    const { stage, alice, elsewhere, charged } = paid()
    expect(stage.chain.generateBlock({ transactions: [elsewhere] }).ok).toBe(true)
    stage.catchUp()
    stage.restart(alice)
    stage.mine(11)
    expect(spent(alice)).toBe(charged)
    stage.mine()
    expect([spent(alice), chargesOf(alice)]).toEqual([0n, []])
  })
})
