import {
  assert,
  bytesEqual,
  type FeeratePerKw,
  feeForWeight,
  type OutPoint,
  outPointKey,
  type Sat,
  sat,
} from '../../base/index.ts'
import {
  P2WPKH_INPUT_WEIGHT,
  p2wpkhScript,
  signP2wpkhInput,
  type Tx,
  type TxOut,
  txid,
  txWeight,
} from '../../bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../crypto/index.ts'
import type { BlockEvent } from '../../regtest/index.ts'

// A wallet with one key, enough to fund a channel in the demo and to see what comes back.

export interface DemoCoin {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
}

export class DemoWallet {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  readonly script: Uint8Array
  readonly #coins = new Map<string, DemoCoin>()

  constructor(seed: Uint8Array) {
    this.secret = sha256(seed)
    this.publicKey = publicKeyFromSecret(this.secret)
    this.script = p2wpkhScript(this.publicKey)
  }

  /** Confirmed coins, the smallest first. */
  get coins(): readonly DemoCoin[] {
    return [...this.#coins.values()].sort((a, b) => Number(a.amountSat - b.amountSat))
  }

  /** Follows the chain. The demo makes no reorganisation deep enough to bring a spent coin back. */
  see({ type, block }: BlockEvent): void {
    const connected = type === 'block_connected'
    for (const tx of block.transactions) {
      const id = txid(tx)
      for (const input of tx.inputs) if (connected) this.#coins.delete(outPointKey(input.outpoint))
      for (const [vout, output] of tx.outputs.entries()) {
        if (!bytesEqual(output.script, this.script)) continue
        const outpoint = { txid: id, vout }
        if (connected) this.#coins.set(outPointKey(outpoint), { outpoint, amountSat: output.amountSat })
        else this.#coins.delete(outPointKey(outpoint))
      }
    }
  }

  /** A signed transaction, not published, with `output` first and change second. The largest coin pays. */
  pay(output: TxOut, feerate: FeeratePerKw): Tx {
    const coin = this.coins.at(-1)
    assert(coin !== undefined, 'the demo gives its wallets coins before they pay')
    const change = (amountSat: Sat): Tx => ({
      version: 2,
      inputs: [{ outpoint: coin.outpoint, scriptSig: new Uint8Array(0), sequence: 0xfffffffd, witness: [] }],
      outputs: [output, { amountSat, script: this.script }],
      locktime: 0,
    })
    const fee = feeForWeight(feerate, txWeight(change(sat(0))) + P2WPKH_INPUT_WEIGHT)
    assert(coin.amountSat > output.amountSat + fee, 'the demo gives its wallets enough')
    return signP2wpkhInput(change(sat(coin.amountSat - output.amountSat - fee)), 0, coin.amountSat, this.secret)
  }
}
