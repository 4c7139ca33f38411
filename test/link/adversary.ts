import { bytesEqual, type OutPoint, sat, type Txid } from '../../src/base/index.ts'
import {
  p2wpkhScript,
  SIGHASH_ALL,
  segwitV0Sighash,
  signP2wpkhInput,
  type Tx,
  type TxIn,
  type TxOut,
  withWitness,
} from '../../src/bitcoin/index.ts'
import { type ChannelDurable, commitmentContents, commitmentInput } from '../../src/channel/index.ts'
import {
  buildCommitmentTx,
  buildHtlcTx,
  type CommitmentTx,
  type HtlcOutput,
  type HtlcTx,
  htlcExpiredWitness,
  htlcPreimageWitness,
  htlcSuccessWitness,
  htlcTimeoutWitness,
  signCommitment,
  signedCommitmentTx,
  signHtlcTx,
  type Witness,
} from '../../src/commitment/index.ts'
import { publicKeyFromSecret, sha256, signEcdsa } from '../../src/crypto/index.ts'
import { type ChannelSecrets, commitmentPoint, deriveChannelSecrets, deriveSecretKey } from '../../src/keys/index.ts'
import { loadLink } from '../../src/link/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { preimageFor } from './history.ts'

// A side without a conscience: it has its keys and any of its old records, and publishes what it likes by hand.

/** A commitment transaction that a side could publish at some moment of its life. */
export interface Held {
  readonly tx: Tx
  readonly built: CommitmentTx
  readonly htlcSignatures: readonly Uint8Array[]
  readonly durable: ChannelDurable
}

export interface Coin {
  readonly outpoint: OutPoint
  readonly amountSat: bigint
}

/** Enough for any of its transactions. */
const ADVERSARYS_FEE_SAT = 3_000n
const LARGEST_FEE_COIN_SAT = 100_000n

export class Adversary {
  readonly secrets: ChannelSecrets
  readonly walletSecret: Uint8Array
  readonly walletScript: Uint8Array
  readonly #coins: Coin[]

  constructor(seed: Uint8Array, coins: readonly Coin[]) {
    this.secrets = deriveChannelSecrets(seed, 0)
    this.walletSecret = sha256(seed)
    this.walletScript = p2wpkhScript(publicKeyFromSecret(this.walletSecret))
    this.#coins = [...coins]
  }

  /** Its commitment as these records of its own have it, signed by both. */
  held(records: ReadonlyMap<string, Uint8Array>): Held {
    const loaded = loadLink(records)
    const channel = loaded.ok ? loaded.value.channel : undefined
    if (channel === undefined || !('durable' in channel)) throw new Error('no channel in the records')
    const { durable } = channel
    const { number, signature, htlcSignatures } = durable.localCommit
    const contents = commitmentContents(durable, 'local', 'latest')
    const point = commitmentPoint(this.secrets, number)
    const built = buildCommitmentTx(commitmentInput(durable, contents, { holder: 'local', number, point }))
    const holder = signCommitment(built, this.secrets.fundingSecret)
    const tx = signedCommitmentTx(built, { holder, counterparty: signature })
    return { tx, built, htlcSignatures, durable }
  }

  /** The second stage of one HTLC of its own commitment. */
  secondStage(held: Held, output: HtlcOutput): Tx {
    return held.built.input.format === 'static_remotekey'
      ? this.#signedAlone(held, output)
      : this.joinedSecondStages(held, [output])
  }

  /**
   * With anchors: second stages of one locktime in one transaction, behind the coin that pays for them, so that none stands
   * where it stood when it was signed for.
   */
  joinedSecondStages(held: Held, outputs: readonly HtlcOutput[]): Tx {
    const coin = this.#coins.shift()
    if (coin === undefined) throw new Error('the adversary has no coins left')
    const stages = outputs.map(output => buildHtlcTx(held.built, output))
    const change: TxOut = { amountSat: sat(coin.amountSat - ADVERSARYS_FEE_SAT), script: this.walletScript }
    let tx: Tx = {
      version: 2,
      inputs: [spending(coin.outpoint, 0xfffffffd), ...stages.flatMap(stage => stage.tx.inputs)],
      outputs: [change, ...stages.flatMap(stage => stage.tx.outputs)],
      locktime: Math.max(...stages.map(stage => stage.tx.locktime)),
    }
    const unsigned = tx
    for (const [index, stage] of stages.entries()) {
      tx = withWitness(tx, index + 1, this.#stageWitness(held, stage, { tx: unsigned, inputIndex: index + 1 }))
    }
    return signP2wpkhInput(tx, 0, sat(coin.amountSat), this.walletSecret)
  }

  #signedAlone(held: Held, output: HtlcOutput): Tx {
    const stage = buildHtlcTx(held.built, output)
    return withWitness(stage.tx, 0, this.#stageWitness(held, stage, { tx: stage.tx, inputIndex: 0 }))
  }

  #stageWitness(held: Held, stage: HtlcTx, place: { readonly tx: Tx; readonly inputIndex: number }): Witness {
    const { htlcBasepointSecret } = this.secrets
    const secret = deriveSecretKey(htlcBasepointSecret, commitmentPoint(this.secrets, held.durable.localCommit.number))
    const counterparty = held.htlcSignatures[held.built.htlcs.indexOf(stage.spends)]
    if (counterparty === undefined) throw new Error('no signature for this HTLC')
    const signatures = { holder: signHtlcTx(stage, 'holder', secret, place), counterparty }
    return stage.type === 'htlc_timeout'
      ? htlcTimeoutWitness(stage, signatures)
      : htlcSuccessWitness(stage, signatures, preimageFor(stage.spends.htlc.paymentHash))
  }

  /** An HTLC output of the other side's commitment, of which `point` is the per-commitment point, taken by hand. */
  takeFrom(commitment: { readonly txid: Txid; readonly point: Uint8Array }, output: HtlcOutput, format: string): Tx {
    const secret = deriveSecretKey(this.secrets.htlcBasepointSecret, commitment.point)
    const { direction, cltvExpiry, paymentHash } = output.htlc
    const unsigned: Tx = {
      version: 2,
      inputs: [
        spending({ txid: commitment.txid, vout: output.vout }, format === 'anchors_zero_fee_htlc' ? 1 : 0xfffffffd),
      ],
      outputs: [{ amountSat: sat(output.amountSat - 600n), script: this.walletScript }],
      locktime: direction === 'offered' ? 0 : cltvExpiry,
    }
    const { witnessScript: scriptCode, amountSat } = output
    const digest = segwitV0Sighash({ tx: unsigned, inputIndex: 0, scriptCode, amountSat, sighashType: SIGHASH_ALL })
    const signature = signEcdsa(digest, secret)
    const witness =
      direction === 'offered'
        ? htlcPreimageWitness(signature, preimageFor(paymentHash), scriptCode)
        : htlcExpiredWitness(signature, scriptCode)
    return withWitness(unsigned, 0, witness)
  }
}

function spending(outpoint: OutPoint, sequence: number): TxIn {
  return { outpoint, scriptSig: new Uint8Array(0), sequence, witness: [] }
}

/** The small coins that a script has on the chain: what an adversary pays fees with. */
export function coinsOf(chain: RegtestChain, walletScript: Uint8Array): readonly Coin[] {
  const coins: Coin[] = []
  for (const [key, { script, amountSat }] of chain.utxos()) {
    if (!bytesEqual(script, walletScript) || amountSat > LARGEST_FEE_COIN_SAT) continue
    const [id, vout] = key.split(':')
    // The chain's own keys are txid:vout.
    coins.push({ outpoint: { txid: id as Txid, vout: Number(vout) }, amountSat })
  }
  return coins
}
