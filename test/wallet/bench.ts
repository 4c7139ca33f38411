import { expect } from 'vitest'
import { feeratePerKw, fromHex, type OutPoint, sat, type Txid } from '../../src/base/index.ts'
import { type Tx, type TxOut, txid } from '../../src/bitcoin/index.ts'
import {
  type Branch,
  DEFAULT_WALLET_LIMITS,
  deriveAddressKey,
  loadWallet,
  newWallet,
  type WalletContext,
  type WalletEffect,
  type WalletInput,
  type WalletState,
  type WalletStep,
  walletKeys,
  walletStep,
} from '../../src/wallet/index.ts'

// A wallet in a test: each step is stored, loaded again, and compared. The gap is small, because each address of it costs a
// derivation.

export const keys = walletKeys(fromHex('5e'.repeat(64)), 'regtest')
export const GAP = 3

export const context: WalletContext = {
  keys,
  limits: { ...DEFAULT_WALLET_LIMITS, addressGap: GAP, maxFeePartsPerMillion: 1_000_000 },
  channels: 0,
}

export const FEERATE = feeratePerKw(1000)
export const STRANGER = fromHex(`0014${'77'.repeat(20)}`)

const scripts = new Map<string, Uint8Array>()

export function scriptOf(branch: Branch, index: number): Uint8Array {
  const name = `${branch}/${index}`
  const script = scripts.get(name) ?? deriveAddressKey(keys, { branch, index }).script
  scripts.set(name, script)
  return script
}

export const toUs = (amount: number, index = 0, branch: Branch = 'receive'): TxOut => ({
  amountSat: sat(amount),
  script: scriptOf(branch, index),
})

export const toStranger = (amount: number): TxOut => ({ amountSat: sat(amount), script: STRANGER })

/** An unsigned transaction: the wallet looks at no witness. */
export function makeTx(inputs: readonly OutPoint[], outputs: readonly TxOut[]): Tx {
  const unsigned = { scriptSig: new Uint8Array(0), sequence: 0xffff_fffd, witness: [] }
  return { version: 2, inputs: inputs.map(outpoint => ({ outpoint, ...unsigned })), outputs, locktime: 0 }
}

/** An outpoint that nobody here knows. */
export const foreign = (n: number): OutPoint => ({ txid: n.toString(16).padStart(64, '0') as Txid, vout: 0 })

/** A transaction of somebody else with these outputs. */
export const payment = (n: number, ...outputs: readonly TxOut[]): Tx => makeTx([foreign(n)], outputs)

export const coinbase = (height: number, ...outputs: readonly TxOut[]): Tx => ({
  ...makeTx([{ txid: '00'.repeat(32) as Txid, vout: 0xffff_ffff }], outputs),
  locktime: height,
})

export const outpointOf = (tx: Tx, vout = 0): OutPoint => ({ txid: txid(tx), vout })

export class Bench {
  state: WalletState
  context: WalletContext
  readonly records = new Map<string, Uint8Array>()

  constructor(own: WalletContext = context) {
    this.context = own
    this.state = newWallet(own)
  }

  step(input: WalletInput): WalletStep {
    const before = structuredClone(this.state)
    const result = walletStep(this.state, input, this.context)
    expect(this.state, 'a step changes no value in place').toEqual(before)
    if (result.failure !== undefined) expect(result).toMatchObject({ next: this.state, writes: [], effects: [] })
    this.state = result.next
    for (const write of result.writes) {
      if (write.type === 'put') this.records.set(write.key, write.value)
      else this.records.delete(write.key)
    }
    expect(loadWallet(this.records, this.context)).toEqual({ ok: true, value: this.state })
    return result
  }

  /** A step that must be taken. */
  take(input: WalletInput): readonly WalletEffect[] {
    const { failure, effects } = this.step(input)
    expect(failure).toBeUndefined()
    return effects
  }

  /** A step that must be refused. */
  refuse(input: WalletInput): string | undefined {
    return this.step(input).failure?.code
  }

  block(height: number, ...transactions: readonly Tx[]): readonly WalletEffect[] {
    return this.take({ type: 'block_connected', height, transactions })
  }

  /** The transaction that a `fund` or `send` gave. */
  pay(input: Extract<WalletInput, { type: 'fund' | 'send' }>): Tx {
    const [effect] = this.take(input)
    if (effect?.type !== 'funding_signed' && effect?.type !== 'publish') throw new Error(`no payment: ${effect?.type}`)
    return effect.tx
  }
}
