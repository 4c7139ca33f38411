import { defined, type OutPoint, type Result, type Sat, sat } from '../../src/base/index.ts'
import { p2wpkhScript, signP2wpkhInput, type Tx, type TxIn, type TxOut, txid } from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  createRegtestChain,
  type RegtestChain,
  type RegtestOptions,
  restoreRegtestChain,
} from '../../src/regtest/index.ts'

/** A key with its P2WPKH script. */
export interface Wallet {
  readonly secret: Uint8Array
  readonly pubkey: Uint8Array
  readonly script: Uint8Array
}

export function wallet(name: string): Wallet {
  const secret = sha256(new TextEncoder().encode(name))
  const pubkey = publicKeyFromSecret(secret)
  return { secret, pubkey, script: p2wpkhScript(pubkey) }
}

export const alice = wallet('alice')
export const bob = wallet('bob')

/** An output to spend. */
export interface TestCoin {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
  readonly script: Uint8Array
}

export function value<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`expected success, got ${JSON.stringify(result.error)}`)
  return result.value
}

export function reasonOf(result: Result<unknown, { readonly reason: string }>): string {
  return result.ok ? 'accepted' : result.error.reason
}

export function input(outpoint: OutPoint, fields: Partial<TxIn> = {}): TxIn {
  return { outpoint, scriptSig: new Uint8Array(0), sequence: 0xfffffffd, witness: [], ...fields }
}

export function coinOf(tx: Tx, vout = 0): TestCoin {
  const output = defined(tx.outputs[vout], 'no such output')
  return { outpoint: { txid: txid(tx), vout }, ...output }
}

export interface SpendOptions {
  readonly from?: Wallet
  readonly to?: Uint8Array
  /** Taken from the only output. */
  readonly feeSat?: number
  readonly outputs?: readonly TxOut[]
  readonly version?: number
  readonly locktime?: number
  readonly sequence?: number
}

/** Spends P2WPKH coins, signed; all to one output, less the fee, unless outputs are named. */
export function spend(coins: readonly TestCoin[], options: SpendOptions = {}): Tx {
  const { from = alice, to = from.script, feeSat = 1000, version = 2, locktime = 0, sequence = 0xfffffffd } = options
  const total = coins.reduce((sum, coin) => sum + coin.amountSat, 0n)
  const outputs = options.outputs ?? [{ amountSat: sat(total - BigInt(feeSat)), script: to }]
  const unsigned: Tx = { version, inputs: coins.map(coin => input(coin.outpoint, { sequence })), outputs, locktime }
  return sign(unsigned, coins, from)
}

/** Signs those inputs whose coin pays to the wallet. */
export function sign(tx: Tx, coins: readonly TestCoin[], from: Wallet = alice): Tx {
  let signed = tx
  for (const [index, coin] of coins.entries()) {
    if (coin.script.join() === from.script.join()) signed = signP2wpkhInput(signed, index, coin.amountSat, from.secret)
  }
  return signed
}

export interface TestBed {
  readonly chain: RegtestChain
  /** Confirmed outputs of one million satoshis each, to alice. */
  readonly coins: readonly TestCoin[]
}

export const COIN_COUNT = 30
export const COIN_SAT = sat(1_000_000)

/** Makes chains with confirmed coins, all from the same beginning. */
export function testBeds(): (options?: Pick<RegtestOptions, 'now' | 'policy'>) => TestBed {
  let base: { readonly bytes: Uint8Array; readonly coins: readonly TestCoin[] } | undefined
  return options => {
    base ??= makeBase()
    return { chain: value(restoreRegtestChain(base.bytes, options)), coins: base.coins }
  }
}

function makeBase(): { readonly bytes: Uint8Array; readonly coins: readonly TestCoin[] } {
  const chain = createRegtestChain()
  const { tx } = value(chain.fund(alice.script, sat(BigInt(COIN_COUNT) * COIN_SAT + 100_000n)))
  const outputs = Array.from({ length: COIN_COUNT }, () => ({ amountSat: COIN_SAT, script: alice.script }))
  const split = spend([coinOf(tx)], { outputs })
  value(chain.submit(split))
  chain.mine(1)
  return { bytes: chain.save(), coins: outputs.map((_, vout) => coinOf(split, vout)) }
}
