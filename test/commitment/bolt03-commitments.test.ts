import { describe, expect, it } from 'vitest'
import {
  bytesEqual,
  feeratePerKw,
  fromHex,
  msat,
  type PaymentHash,
  sat,
  type Txid,
  toHex,
} from '../../src/base/index.ts'
import { encodeTx, signatureFromDer, signatureToDer, txid, withWitness } from '../../src/bitcoin/index.ts'
import {
  buildCommitmentTx,
  buildHtlcTx,
  type CommitmentFormat,
  type CommitmentHtlc,
  type CommitmentInput,
  type CommitmentTx,
  commitmentFeeSat,
  commitmentNumberOf,
  deriveCommitmentKeys,
  type HtlcOutput,
  htlcSuccessWitness,
  htlcTimeoutWitness,
  obscuringFactor,
  signCommitment,
  signedCommitmentTx,
  signHtlcTx,
  verifyCommitmentSignature,
  verifyHtlcSignature,
} from '../../src/commitment/index.ts'
import { deriveSecretKey } from '../../src/keys/index.ts'
import anchors from './bolt03-commitments-anchors.vectors.json' with { type: 'json' }
import legacy from './bolt03-commitments-legacy.vectors.json' with { type: 'json' }

// BOLT 3 appendix C (static_remotekey) and appendix F (anchors with zero-fee HTLC transactions).

type Common = (typeof legacy)['common'] | (typeof anchors)['common']

/** What both appendices say of a case, in one shape. */
interface Case {
  readonly name: string
  readonly toLocalMsat: string
  readonly toRemoteMsat: string
  readonly feeratePerKw: number
  readonly dustLimitSat?: string
  readonly htlcIds: readonly number[]
  readonly baseFeeSat?: string
  readonly actualFeeSat?: string
  readonly remoteSignature: string
  readonly localSignature: string
  readonly commitmentTx: string
  readonly untrimmedHtlcs: number
  readonly outputs: readonly {
    readonly kind: string
    readonly amountSat: string
    readonly scriptPubkey: string
    readonly witnessScript?: string
    readonly htlcId?: number
  }[]
  readonly htlcTxs: readonly {
    readonly outputIndex: number
    readonly kind: string
    readonly htlcId: number
    readonly remoteSignature: string
    readonly localSignature: string
    readonly tx: string
  }[]
}

const FORMATS: readonly [CommitmentFormat, Common, readonly Case[]][] = [
  ['static_remotekey', legacy.common, legacy.cases],
  ['anchors_zero_fee_htlc', anchors.common, anchors.cases],
]

describe.each(FORMATS)('BOLT 3 commitment vectors, %s', (format, common, cases) => {
  const { derivation } = common
  const htlcs = common.htlcs.map(
    (htlc): CommitmentHtlc => ({
      direction: htlc.direction === 'offered' ? 'offered' : 'received',
      id: htlc.id,
      amountMsat: msat(BigInt(htlc.amountMsat)),
      paymentHash: htlc.paymentHash as PaymentHash,
      cltvExpiry: htlc.cltvExpiry,
    }),
  )
  const remoteFundingSecret = fromHex(derivation.remoteFundingPrivateKey)
  const remoteHtlcSecret = fromHex(derivation.remoteHtlcPrivateKey)
  const localFundingSecret = fromHex(common.localFundingPrivateKey)
  const localHtlcSecret = fromHex(common.localHtlcPrivateKey)
  const factor = obscuringFactor(fromHex(common.localPaymentBasepoint), fromHex(common.remotePaymentBasepoint))

  const keys = deriveCommitmentKeys({
    holder: {
      fundingPubkey: fromHex(common.localFundingPubkey),
      revocationBasepoint: fromHex(common.localPaymentBasepoint),
      paymentBasepoint: fromHex(common.localPaymentBasepoint),
      delayedPaymentBasepoint: fromHex(derivation.localDelayedPaymentBasepoint),
      htlcBasepoint: fromHex(common.localHtlcBasepoint),
    },
    counterparty: {
      fundingPubkey: fromHex(common.remoteFundingPubkey),
      revocationBasepoint: fromHex(derivation.remoteRevocationBasepoint),
      paymentBasepoint: fromHex(common.remotePaymentBasepoint),
      delayedPaymentBasepoint: fromHex(common.remotePaymentBasepoint),
      htlcBasepoint: fromHex(common.remoteHtlcBasepoint),
    },
    perCommitmentPoint: fromHex(derivation.localPerCommitmentPoint),
  })

  function inputOf(vector: Case): CommitmentInput {
    const dust = vector.dustLimitSat ?? ('dustLimitSat' in common ? common.dustLimitSat : '')
    return {
      format,
      fundingOutpoint: { txid: common.fundingTxid as Txid, vout: common.fundingOutputIndex },
      fundingAmountSat: sat(BigInt(common.fundingAmountSat)),
      commitmentNumber: Number(common.commitmentNumber),
      obscuringFactor: factor,
      keys,
      holderIsOpener: true,
      toSelfDelay: common.toSelfDelay,
      dustLimitSat: sat(BigInt(dust)),
      feeratePerKw: feeratePerKw(vector.feeratePerKw),
      toHolderMsat: msat(BigInt(vector.toLocalMsat)),
      toCounterpartyMsat: msat(BigInt(vector.toRemoteMsat)),
      htlcs: htlcs.filter(htlc => vector.htlcIds.includes(htlc.id)),
    }
  }

  it('derives the keys', () => {
    expect(toHex(keys.revocationPubkey)).toBe(common.localRevocationPubkey)
    expect(toHex(keys.holderDelayedPubkey)).toBe(common.localDelayedPubkey)
    expect(toHex(keys.holderHtlcPubkey)).toBe(common.localHtlcPubkey)
    expect(toHex(keys.counterpartyHtlcPubkey)).toBe(common.remoteHtlcPubkey)
    expect(toHex(keys.counterpartyPaymentPubkey)).toBe(common.remotePaymentBasepoint)
    expect(factor).toBe(BigInt(`0x${common.commitmentNumberMask}`))
    const point = fromHex(derivation.localPerCommitmentPoint)
    expect(toHex(deriveSecretKey(fromHex(derivation.localPaymentBasepointSecret), point))).toBe(
      common.localHtlcPrivateKey,
    )
  })

  describe.each(cases)('$name', vector => {
    const commitment = buildCommitmentTx(inputOf(vector))

    it('has the outputs of the appendix, in their order', () => {
      const kinds = {
        to_local: 'toLocal',
        to_remote: 'toRemote',
        local_anchor: 'localAnchor',
        remote_anchor: 'remoteAnchor',
      }
      expect(commitment.outputs.map(output => ({ ...output, script: toHex(output.script) }))).toMatchObject(
        vector.outputs.map((output, vout) => ({
          vout,
          amountSat: BigInt(output.amountSat),
          script: output.scriptPubkey,
        })),
      )
      vector.outputs.forEach((output, vout) => {
        const built = commitment.outputs[vout]
        if (built === undefined) throw new Error(`no output ${vout}`)
        if (built.type === 'htlc') {
          expect(output.kind).toBe(built.htlc.direction === 'offered' ? 'htlcOffered' : 'htlcReceived')
          expect(built.htlc.id).toBe(output.htlcId)
        } else expect(kinds[built.type]).toBe(output.kind)
        if (output.witnessScript !== undefined)
          expect(toHex(built.witnessScript ?? new Uint8Array())).toBe(output.witnessScript)
      })
      expect(commitment.htlcs.length).toBe(vector.untrimmedHtlcs)
      expect(commitment.htlcs.length + commitment.trimmedHtlcs.length).toBe(vector.htlcIds.length)
    })

    it('pays the fee of the appendix', () => {
      const paid = commitment.tx.outputs.reduce((sum, output) => sum + output.amountSat, 0n)
      expect(commitment.feeSat + paid).toBe(BigInt(common.fundingAmountSat))
      const base = commitmentFeeSat(format, feeratePerKw(vector.feeratePerKw), vector.untrimmedHtlcs)
      if (vector.baseFeeSat !== undefined) expect(base).toBe(BigInt(vector.baseFeeSat))
      if (vector.actualFeeSat !== undefined) expect(commitment.feeSat).toBe(BigInt(vector.actualFeeSat))
    })

    it('is signed by both sides to the byte', () => {
      const signatures = {
        holder: signCommitment(commitment, localFundingSecret),
        counterparty: signCommitment(commitment, remoteFundingSecret),
      }
      expect(toHex(signatureToDer(signatures.holder))).toBe(vector.localSignature)
      expect(toHex(signatureToDer(signatures.counterparty))).toBe(vector.remoteSignature)
      const signed = signedCommitmentTx(commitment, signatures)
      expect(toHex(encodeTx(signed))).toBe(vector.commitmentTx)
      expect(txid(signed)).toBe(commitment.txid)
      expect(verifyCommitmentSignature(commitment, signatures.counterparty, keys.counterpartyFundingPubkey)).toBe(true)
      expect(verifyCommitmentSignature(commitment, signatures.holder, keys.holderFundingPubkey)).toBe(true)
    })

    it('refuses other signatures', () => {
      const signature = fromDer(vector.remoteSignature)
      const key = keys.counterpartyFundingPubkey
      for (const twin of spoiled(signature)) expect(verifyCommitmentSignature(commitment, twin, key)).toBe(false)
      expect(verifyCommitmentSignature(commitment, signature, keys.holderFundingPubkey)).toBe(false)
      const next = buildCommitmentTx({ ...commitment.input, commitmentNumber: 43 })
      expect(verifyCommitmentSignature(next, signature, key)).toBe(false)
    })

    it('carries its number', () => {
      expect(commitmentNumberOf(commitment.tx, factor)).toBe(42)
    })

    it('has the second stages of the appendix, to the byte', () => {
      expect(vector.htlcTxs.map(({ outputIndex }) => outputIndex)).toEqual(commitment.htlcs.map(({ vout }) => vout))
      for (const expected of vector.htlcTxs) {
        const htlcTx = buildHtlcTx(commitment, htlcOutput(commitment, expected.outputIndex))
        expect(htlcTx.type).toBe(`htlc_${expected.kind}`)
        expect(htlcTx.spends.htlc.id).toBe(expected.htlcId)
        const signatures = {
          holder: signHtlcTx(htlcTx, 'holder', localHtlcSecret),
          counterparty: signHtlcTx(htlcTx, 'counterparty', remoteHtlcSecret),
        }
        expect(toHex(signatureToDer(signatures.holder))).toBe(expected.localSignature)
        expect(toHex(signatureToDer(signatures.counterparty))).toBe(expected.remoteSignature)
        expect(verifyHtlcSignature(htlcTx, signatures.counterparty, keys.counterpartyHtlcPubkey)).toBe(true)
        const witness =
          htlcTx.type === 'htlc_timeout'
            ? htlcTimeoutWitness(htlcTx, signatures)
            : htlcSuccessWitness(htlcTx, signatures, preimageOf(expected.htlcId))
        expect(toHex(encodeTx(withWitness(htlcTx.tx, 0, witness)))).toBe(expected.tx)
      }
    })

    it('refuses other signatures of its second stages', () => {
      for (const expected of vector.htlcTxs) {
        const htlcTx = buildHtlcTx(commitment, htlcOutput(commitment, expected.outputIndex))
        const signature = fromDer(expected.remoteSignature)
        for (const twin of spoiled(signature)) {
          expect(verifyHtlcSignature(htlcTx, twin, keys.counterpartyHtlcPubkey)).toBe(false)
        }
        expect(verifyHtlcSignature(htlcTx, signature, keys.holderHtlcPubkey)).toBe(false)
        for (const other of commitment.htlcs) {
          if (other.vout === expected.outputIndex) continue
          const otherTx = buildHtlcTx(commitment, other)
          expect(verifyHtlcSignature(otherTx, signature, keys.counterpartyHtlcPubkey)).toBe(false)
        }
      }
    })
  })

  function preimageOf(htlcId: number): Uint8Array {
    const preimage = common.htlcs.find(htlc => htlc.id === htlcId)?.preimage
    if (preimage === undefined) throw new Error(`no HTLC ${htlcId}`)
    return fromHex(preimage)
  }
})

function htlcOutput(commitment: CommitmentTx, vout: number): HtlcOutput {
  const output = commitment.htlcs.find(candidate => candidate.vout === vout)
  if (output === undefined) throw new Error(`no HTLC at output ${vout}`)
  return output
}

function fromDer(hex: string): Uint8Array {
  const signature = signatureFromDer(fromHex(hex))
  if (!signature.ok) throw new Error(signature.error.message)
  return signature.value
}

/** The same signature with one bit flipped in r and in s, with S made high, and with nothing in it. */
function spoiled(signature: Uint8Array): Uint8Array[] {
  const inR = signature.slice()
  inR[5] = (inR[5] ?? 0) ^ 1
  const inS = signature.slice()
  inS[60] = (inS[60] ?? 0) ^ 0x10
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const highS = order - BigInt(`0x${toHex(signature.subarray(32))}`)
  const high = fromHex(toHex(signature.subarray(0, 32)) + highS.toString(16).padStart(64, '0'))
  const twins = [inR, inS, high, new Uint8Array(64), signature.subarray(0, 63)]
  expect(twins.some(twin => bytesEqual(twin, signature))).toBe(false)
  return twins
}
