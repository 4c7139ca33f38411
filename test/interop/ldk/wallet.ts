import { p2wpkh, TEST_NETWORK, Transaction } from '@scure/btc-signer'
import {
  OutPoint,
  Result_CVec_UtxoZNoneZ,
  Result_CVec_u8ZNoneZ,
  Result_TransactionNoneZ,
  TxOut,
  Utxo,
  WalletSource,
} from 'lightningdevkit'
import { type Tx, txid as txidOf } from '../../../src/bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../../src/crypto/index.ts'
import { hex, unhex } from './bytes.ts'

// The coins of LDK, which brings no wallet: one key, and what the blocks say of it. Signed by a library that is not ours.

interface Coin {
  /** As shown. */
  readonly txid: string
  readonly vout: number
  readonly amountSat: bigint
}

const REGTEST = { ...TEST_NETWORK, bech32: 'bcrt' }
/** Weight of the witness of one input, with its counts (a signature of 72 bytes and a key). */
const SATISFACTION_WEIGHT = 1n + 1n + 72n + 1n + 33n
const INPUT_VSIZE = 68n
const OVERHEAD_VSIZE = 10n + 43n + 31n
const DUST_SAT = 1_000n

export class LdkWallet {
  readonly #secret: Uint8Array
  readonly #payment: ReturnType<typeof p2wpkh>
  readonly #coins = new Map<string, Coin>()

  constructor(seed: Uint8Array) {
    this.#secret = sha256(new Uint8Array([...seed, 0x77]))
    this.#payment = p2wpkh(publicKeyFromSecret(this.#secret), REGTEST)
  }

  get script(): Uint8Array {
    return this.#payment.script
  }

  get address(): string {
    return this.#payment.address ?? ''
  }

  get coins(): readonly Coin[] {
    return [...this.#coins.values()]
  }

  get balanceSat(): bigint {
    return this.coins.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  }

  /** A transaction that is confirmed. */
  onTransaction(tx: Tx): void {
    for (const { outpoint } of tx.inputs) this.#coins.delete(`${outpoint.txid}:${outpoint.vout}`)
    const txid = txidOf(tx)
    for (const [vout, { amountSat, script }] of tx.outputs.entries()) {
      if (hex(script) === hex(this.script)) this.#coins.set(`${txid}:${vout}`, { txid, vout, amountSat })
    }
  }

  /** Pays from all coins; the rest comes back. */
  pay(script: Uint8Array, amountSat: bigint, satPerVbyte: bigint): Uint8Array {
    const tx = new Transaction()
    for (const coin of this.coins) tx.addInput(this.#input(coin))
    const fee = satPerVbyte * (OVERHEAD_VSIZE + INPUT_VSIZE * BigInt(this.coins.length))
    const change = this.balanceSat - amountSat - fee
    if (change < DUST_SAT) throw new Error(`the wallet of LDK has ${this.balanceSat} sat, too little for ${amountSat}`)
    tx.addOutput({ script, amount: amountSat })
    tx.addOutput({ script: this.script, amount: change })
    tx.sign(this.#secret)
    tx.finalize()
    return tx.extract()
  }

  /** What LDK takes coins from, to pay for what has to be confirmed. */
  source(): WalletSource {
    return WalletSource.new_impl({
      list_confirmed_utxos: () => Result_CVec_UtxoZNoneZ.constructor_ok(this.coins.map(coin => this.#utxo(coin))),
      get_change_script: () => Result_CVec_u8ZNoneZ.constructor_ok(this.script),
      sign_psbt: psbt => Result_TransactionNoneZ.constructor_ok(this.#sign(psbt)),
    })
  }

  /** Ours alone are signed: LDK does the rest. */
  #sign(psbt: Uint8Array): Uint8Array {
    const tx = Transaction.fromPSBT(psbt, {
      allowUnknownInputs: true,
      allowUnknownOutputs: true,
      disableScriptCheck: true,
      allowUnknown: true,
    })
    for (let index = 0; index < tx.inputsLength; index++) {
      const { witnessUtxo } = tx.getInput(index)
      if (witnessUtxo === undefined || hex(witnessUtxo.script) !== hex(this.script)) continue
      tx.signIdx(this.#secret, index)
      tx.finalizeIdx(index)
    }
    return tx.toBytes(true, true)
  }

  #input({ txid, vout, amountSat }: Coin) {
    return { txid, index: vout, witnessUtxo: { script: this.script, amount: amountSat }, sequence: 0xfffffffd }
  }

  #utxo({ txid, vout, amountSat }: Coin): Utxo {
    const outpoint = OutPoint.constructor_new(unhex(txid).reverse(), vout)
    return Utxo.constructor_new(outpoint, TxOut.constructor_new(amountSat, this.script), SATISFACTION_WEIGHT)
  }
}
