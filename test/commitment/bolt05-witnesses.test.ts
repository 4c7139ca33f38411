import { describe, expect, it } from 'vitest'
import { sat, type Txid } from '../../src/base/index.ts'
import {
  p2wpkhScriptFromHash,
  SIGHASH_ALL,
  segwitV0Sighash,
  type Tx,
  type TxOut,
  withWitness,
  witnessSignature,
  witnessWeight,
} from '../../src/bitcoin/index.ts'
import {
  ANCHOR_WITNESS_WEIGHT,
  anchorAnyoneWitness,
  anchorWitness,
  buildCommitmentTx,
  buildHtlcTx,
  type CommitmentOutput,
  DELAYED_WITNESS_WEIGHT,
  delayedWitness,
  FUNDING_WITNESS_WEIGHT,
  fundingScript,
  HTLC_EXPIRED_WITNESS_WEIGHT,
  HTLC_PREIMAGE_WITNESS_WEIGHT,
  HTLC_SUCCESS_WITNESS_WEIGHT,
  HTLC_TIMEOUT_WITNESS_WEIGHT,
  type HtlcOutput,
  type HtlcTx,
  htlcExpiredWitness,
  htlcPreimageWitness,
  htlcRevokedWitness,
  htlcSuccessWitness,
  htlcTimeoutWitness,
  OFFERED_HTLC_REVOKED_WITNESS_WEIGHT,
  RECEIVED_HTLC_REVOKED_WITNESS_WEIGHT,
  REVOKED_WITNESS_WEIGHT,
  revokedWitness,
  secondStageScript,
  signCommitment,
  signedCommitmentTx,
  signHtlcTx,
  TO_REMOTE_WITNESS_WEIGHT,
  toRemoteAnchorWitness,
  type Witness,
} from '../../src/commitment/index.ts'
import { signEcdsa } from '../../src/crypto/index.ts'
import { judgeInput } from '../../src/regtest/index.ts'
import {
  alice,
  aliceDelayedSecret,
  aliceHtlcSecret,
  bob,
  bobBasepoints,
  bobHtlcSecret,
  bobRevocationSecret,
  CAPACITY,
  commitmentInput,
  FORMATS,
  htlc,
  keys,
  preimage,
  TO_SELF_DELAY,
} from './fixture.ts'

// Every way to spend an output of a commitment (BOLT 3, BOLT 5), before an interpreter that shares no code with us. Alice holds
// the commitment; each good spend has its twins with one thing wrong.

const EXPIRY = 500

describe.each(FORMATS)('BOLT 3 and BOLT 5 witnesses, %s', format => {
  const anchors = format === 'anchors_zero_fee_htlc'
  const htlcs = [htlc('offered', 0, 50_000_000, EXPIRY), htlc('received', 1, 60_000_000, EXPIRY)]
  const commitment = buildCommitmentTx(commitmentInput(format, { htlcs }))
  const offered = output('htlc', each => each.htlc.direction === 'offered')
  const received = output('htlc', each => each.htlc.direction === 'received')
  // BOLT 3: with anchors, whatever the counterparty spends waits for one block.
  const sequence = anchors ? 1 : 0xfffffffe

  function output<T extends CommitmentOutput['type']>(
    type: T,
    accepts: (found: Extract<CommitmentOutput, { type: T }>) => boolean = () => true,
  ): Extract<CommitmentOutput, { type: T }> {
    for (const each of commitment.outputs) {
      // The type has just been compared, which is what narrows a union by a generic tag.
      if (each.type === type && accepts(each as Extract<CommitmentOutput, { type: T }>))
        return each as Extract<CommitmentOutput, { type: T }>
    }
    throw new Error(`no ${type}`)
  }

  it('commitment', () => {
    const signatures = {
      holder: signCommitment(commitment, alice.fundingSecret),
      counterparty: signCommitment(commitment, bob.fundingSecret),
    }
    const prevout = {
      amountSat: CAPACITY,
      script: fundingScript(keys.holderFundingPubkey, keys.counterpartyFundingPubkey),
    }
    const signed = signedCommitmentTx(commitment, signatures)
    expect(isGood(signed, prevout)).toBe(true)
    expect(witnessWeight(signed.inputs[0]?.witness ?? [])).toBeLessThanOrEqual(FUNDING_WITNESS_WEIGHT)
    const crossed = { holder: signatures.counterparty, counterparty: signatures.holder }
    expect(isGood(signedCommitmentTx(commitment, crossed), prevout)).toBe(false)
  })

  it('to_local by its holder, after the delay', () => {
    const spent = output('to_local')
    const weight = DELAYED_WITNESS_WEIGHT
    const spend = spender(spent, signature => delayedWitness(signature, spent.witnessScript), weight)
    expect(spend(aliceDelayedSecret, { sequence: TO_SELF_DELAY })).toBe(true)
    expect(spend(aliceDelayedSecret, { sequence: TO_SELF_DELAY - 1 })).toBe(false)
    expect(spend(bobRevocationSecret, { sequence: TO_SELF_DELAY })).toBe(false)
  })

  it('to_local by revocation, at once', () => {
    const spent = output('to_local')
    const weight = REVOKED_WITNESS_WEIGHT
    const spend = spender(spent, signature => revokedWitness(signature, spent.witnessScript), weight)
    expect(spend(bobRevocationSecret, { sequence: 0xfffffffd })).toBe(true)
    expect(spend(aliceDelayedSecret, { sequence: TO_SELF_DELAY })).toBe(false)
  })

  it('to_remote', () => {
    const spent = output('to_remote')
    const weight = TO_REMOTE_WITNESS_WEIGHT[format]
    const { witnessScript } = spent
    expect(witnessScript !== undefined).toBe(anchors)
    if (witnessScript === undefined) {
      const p2wpkh = (signature: Uint8Array) => [
        witnessSignature(signature, SIGHASH_ALL),
        bobBasepoints.paymentBasepoint,
      ]
      const code = Uint8Array.of(0x76, 0xa9, 0x14, ...spent.script.slice(2), 0x88, 0xac)
      const spend = spender({ ...spent, witnessScript: code }, p2wpkh, weight)
      expect(spend(bob.paymentBasepointSecret, { sequence: 0xffffffff })).toBe(true)
      expect(spend(alice.paymentBasepointSecret, { sequence: 0xffffffff })).toBe(false)
      return
    }
    const spend = spender(
      { ...spent, witnessScript },
      signature => toRemoteAnchorWitness(signature, witnessScript),
      weight,
    )
    expect(spend(bob.paymentBasepointSecret, { sequence: 1 })).toBe(true)
    expect(spend(bob.paymentBasepointSecret, { sequence: 0 })).toBe(false)
    expect(spend(alice.paymentBasepointSecret, { sequence: 1 })).toBe(false)
  })

  it('anchors, by their owner at once and by anyone after 16 blocks', () => {
    expect(commitment.outputs.some(({ type }) => type === 'local_anchor')).toBe(anchors)
    if (!anchors) return
    const owners = [
      [output('local_anchor'), alice.fundingSecret, bob.fundingSecret],
      [output('remote_anchor'), bob.fundingSecret, alice.fundingSecret],
    ] as const
    for (const [spent, owner, other] of owners) {
      const weight = ANCHOR_WITNESS_WEIGHT
      const spend = spender(spent, signature => anchorWitness(signature, spent.witnessScript), weight)
      expect(spend(owner, { sequence: 0xfffffffd })).toBe(true)
      expect(spend(other, { sequence: 0xfffffffd })).toBe(false)
      const anyone = (blocks: number) =>
        withWitness(claim(spent, { sequence: blocks }), 0, anchorAnyoneWitness(spent.witnessScript))
      expect(isGood(anyone(16), spent)).toBe(true)
      expect(isGood(anyone(15), spent)).toBe(false)
    }
  })

  it('an offered HTLC by the counterparty with the preimage', () => {
    const weight = HTLC_PREIMAGE_WITNESS_WEIGHT[format]
    const withPreimage = (id: number) =>
      spender(offered, signature => htlcPreimageWitness(signature, preimage(id), offered.witnessScript), weight)
    expect(withPreimage(0)(bobHtlcSecret, { sequence })).toBe(true)
    expect(withPreimage(1)(bobHtlcSecret, { sequence })).toBe(false)
    expect(withPreimage(0)(aliceHtlcSecret, { sequence })).toBe(false)
    if (anchors) expect(withPreimage(0)(bobHtlcSecret, { sequence: 0 })).toBe(false)
  })

  it('a received HTLC by the counterparty after its expiry', () => {
    const weight = HTLC_EXPIRED_WITNESS_WEIGHT[format]
    const spend = spender(received, signature => htlcExpiredWitness(signature, received.witnessScript), weight)
    expect(spend(bobHtlcSecret, { sequence, locktime: EXPIRY })).toBe(true)
    expect(spend(bobHtlcSecret, { sequence, locktime: EXPIRY - 1 })).toBe(false)
    expect(spend(aliceHtlcSecret, { sequence, locktime: EXPIRY })).toBe(false)
  })

  it.each([
    ['offered', offered, OFFERED_HTLC_REVOKED_WITNESS_WEIGHT[format]],
    ['received', received, RECEIVED_HTLC_REVOKED_WITNESS_WEIGHT[format]],
  ] as const)('an HTLC by revocation: %s', (_, spent, weight) => {
    const witness = (signature: Uint8Array) => htlcRevokedWitness(signature, keys.revocationPubkey, spent.witnessScript)
    const spend = spender(spent, witness, weight)
    expect(spend(bobRevocationSecret, { sequence: 0xfffffffd })).toBe(true)
    expect(spend(bobHtlcSecret, { sequence: 0xfffffffd })).toBe(false)
  })

  describe('second stages', () => {
    const timeout = buildHtlcTx(commitment, offered)
    const success = buildHtlcTx(commitment, received)
    const signaturesOf = (htlcTx: HtlcTx, place?: { readonly tx: Tx; readonly inputIndex: number }) => ({
      holder: signHtlcTx(htlcTx, 'holder', aliceHtlcSecret, place),
      counterparty: signHtlcTx(htlcTx, 'counterparty', bobHtlcSecret),
    })

    it('HTLC-timeout', () => {
      const witness = htlcTimeoutWitness(timeout, signaturesOf(timeout))
      expect(isGood(withWitness(timeout.tx, 0, witness), offered)).toBe(true)
      expect(witnessWeight(witness)).toBeLessThanOrEqual(HTLC_TIMEOUT_WITNESS_WEIGHT[format])
      const early = { ...timeout, tx: { ...timeout.tx, locktime: EXPIRY - 1 } }
      const crossed = { holder: signaturesOf(timeout).counterparty, counterparty: signaturesOf(timeout).holder }
      expect(isGood(withWitness(early.tx, 0, htlcTimeoutWitness(early, signaturesOf(timeout))), offered)).toBe(false)
      expect(isGood(withWitness(timeout.tx, 0, htlcTimeoutWitness(timeout, crossed)), offered)).toBe(false)
    })

    it('HTLC-success', () => {
      const good = htlcSuccessWitness(success, signaturesOf(success), preimage(1))
      expect(isGood(withWitness(success.tx, 0, good), received)).toBe(true)
      expect(witnessWeight(good)).toBeLessThanOrEqual(HTLC_SUCCESS_WITNESS_WEIGHT[format])
      const wrong = htlcSuccessWitness(success, signaturesOf(success), preimage(0))
      expect(isGood(withWitness(success.tx, 0, wrong), received)).toBe(false)
    })

    it('each has its own witness', () => {
      expect(() => htlcTimeoutWitness(success, signaturesOf(success))).toThrow('offered')
      expect(() => htlcSuccessWitness(timeout, signaturesOf(timeout), preimage(0))).toThrow('received')
    })

    it('may be combined with other inputs and outputs exactly when the format has anchors', () => {
      const fee = {
        outpoint: { txid: '3d'.repeat(32) as Txid, vout: 0 },
        scriptSig: new Uint8Array(0),
        sequence: 0,
        witness: [],
      }
      const change = { amountSat: sat(1000), script: p2wpkhScriptFromHash(new Uint8Array(20)) }
      const tx = { ...timeout.tx, inputs: [...timeout.tx.inputs, fee], outputs: [...timeout.tx.outputs, change] }
      const place = { tx, inputIndex: 0 }
      const witness = htlcTimeoutWitness(timeout, signaturesOf(timeout, place))
      const prevouts = [offered, { amountSat: sat(5000), script: change.script }]
      expect(judgeInput({ tx: withWitness(tx, 0, witness), inputIndex: 0, prevouts }).ok).toBe(anchors)
      // The holder's own signature covers everything, so what it signed alone does not hold in company.
      const alone = htlcTimeoutWitness(timeout, signaturesOf(timeout))
      expect(judgeInput({ tx: withWitness(tx, 0, alone), inputIndex: 0, prevouts }).ok).toBe(false)
    })

    it.each([timeout, success])('the output of $type, by its holder after the delay and by revocation', htlcTx => {
      const paid = htlcTx.tx.outputs[0]
      if (paid === undefined) throw new Error('no output')
      const witnessScript = htlcTx.outputWitnessScript
      expect(witnessScript).toEqual(secondStageScript(keys, TO_SELF_DELAY))
      const delayed = spender(
        { ...paid, witnessScript },
        each => delayedWitness(each, witnessScript),
        DELAYED_WITNESS_WEIGHT,
      )
      expect(delayed(aliceDelayedSecret, { sequence: TO_SELF_DELAY })).toBe(true)
      expect(delayed(aliceDelayedSecret, { sequence: TO_SELF_DELAY - 1 })).toBe(false)
      const revoked = spender(
        { ...paid, witnessScript },
        each => revokedWitness(each, witnessScript),
        REVOKED_WITNESS_WEIGHT,
      )
      expect(revoked(bobRevocationSecret, { sequence: 0 })).toBe(true)
      expect(revoked(aliceDelayedSecret, { sequence: 0 })).toBe(false)
    })
  })
})

interface Locks {
  readonly sequence: number
  readonly locktime?: number
}

type Spent = TxOut & Pick<HtlcOutput, 'witnessScript'>

/** Spends an output with a witness, signed by a secret, and says whether that is good; its weight is within the expected. */
function spender(spent: Spent, witnessOf: (signature: Uint8Array) => Witness, weight: number) {
  return (secret: Uint8Array, locks: Locks): boolean => {
    const tx = claim(spent, locks)
    const scriptCode = spent.witnessScript
    const digest = segwitV0Sighash({
      tx,
      inputIndex: 0,
      scriptCode,
      amountSat: spent.amountSat,
      sighashType: SIGHASH_ALL,
    })
    const witness = witnessOf(signEcdsa(digest, secret))
    expect(witnessWeight(witness)).toBeLessThanOrEqual(weight)
    return isGood(withWitness(tx, 0, witness), spent)
  }
}

function claim(spent: TxOut, { sequence, locktime = 0 }: Locks): Tx {
  const outpoint = { txid: '4c'.repeat(32) as Txid, vout: 0 }
  return {
    version: 2,
    inputs: [{ outpoint, scriptSig: new Uint8Array(0), sequence, witness: [] }],
    outputs: [{ amountSat: spent.amountSat, script: p2wpkhScriptFromHash(new Uint8Array(20)) }],
    locktime,
  }
}

function isGood(tx: Tx, { amountSat, script }: TxOut): boolean {
  return judgeInput({ tx, inputIndex: 0, prevouts: [{ amountSat, script }] }).ok
}
