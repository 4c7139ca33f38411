import { assert, compareBytes, concat, fromHex, type PaymentHash } from '../base/index.ts'
import { OP, p2wshScript, script, scriptNumber } from '../bitcoin/index.ts'
import { hash160, ripemd160 } from '../crypto/index.ts'
import type { CommitmentFormat, CommitmentKeys } from './types.ts'

// The witness scripts of BOLT 3. "Holder" and "counterparty" as in types.ts.

/** 2-of-2 of the funding keys, lesser one first (BOLT 3, funding transaction output). */
export function fundingWitnessScript(pubkeyA: Uint8Array, pubkeyB: Uint8Array): Uint8Array {
  const [first, second] = compareBytes(pubkeyA, pubkeyB) < 0 ? [pubkeyA, pubkeyB] : [pubkeyB, pubkeyA]
  return script(OP.OP_2, key(first), key(second), OP.OP_2, OP.OP_CHECKMULTISIG)
}

/** The output script of the funding transaction. */
export function fundingScript(pubkeyA: Uint8Array, pubkeyB: Uint8Array): Uint8Array {
  return p2wshScript(fundingWitnessScript(pubkeyA, pubkeyB))
}

/** `to_local`: the counterparty by revocation at once, or the holder after the delay (BOLT 3, to_local output). */
export function toLocalScript(
  keys: Pick<CommitmentKeys, 'revocationPubkey' | 'holderDelayedPubkey'>,
  toSelfDelay: number,
): Uint8Array {
  return script(
    OP.OP_IF,
    key(keys.revocationPubkey),
    OP.OP_ELSE,
    scriptNumber(toSelfDelay),
    OP.OP_CHECKSEQUENCEVERIFY,
    OP.OP_DROP,
    key(keys.holderDelayedPubkey),
    OP.OP_ENDIF,
    OP.OP_CHECKSIG,
  )
}

/** What HTLC-timeout and HTLC-success pay to: the form of `to_local` (BOLT 3, HTLC-timeout and HTLC-success). */
export const secondStageScript = toLocalScript

/** `to_remote` with option_anchors: the counterparty after one block (BOLT 3, to_remote output). */
export function toRemoteAnchorScript(counterpartyPaymentPubkey: Uint8Array): Uint8Array {
  return script(key(counterpartyPaymentPubkey), OP.OP_CHECKSIGVERIFY, OP.OP_1, OP.OP_CHECKSEQUENCEVERIFY)
}

/** An anchor: its owner at once, anyone after 16 blocks (BOLT 3, to_local_anchor and to_remote_anchor). */
export function anchorScript(fundingPubkey: Uint8Array): Uint8Array {
  return script(
    key(fundingPubkey),
    OP.OP_CHECKSIG,
    OP.OP_IFDUP,
    OP.OP_NOTIF,
    OP.OP_16,
    OP.OP_CHECKSEQUENCEVERIFY,
    OP.OP_ENDIF,
  )
}

/** The HTLC scripts of one commitment, which differ only in hash and expiry: the keys are hashed once for all of them. */
export interface HtlcScripts {
  /** BOLT 3, offered HTLC outputs. */
  offered(paymentHash: PaymentHash): Uint8Array
  /** BOLT 3, received HTLC outputs. */
  received(paymentHash: PaymentHash, cltvExpiry: number): Uint8Array
}

export function htlcScripts(format: CommitmentFormat, keys: CommitmentKeys): HtlcScripts {
  const holder = key(keys.holderHtlcPubkey)
  const counterparty = key(keys.counterpartyHtlcPubkey)
  const byRevocation = [OP.OP_DUP, OP.OP_HASH160, hash160(key(keys.revocationPubkey)), OP.OP_EQUAL]
  const orElse = [OP.OP_IF, OP.OP_CHECKSIG, OP.OP_ELSE, counterparty, OP.OP_SWAP, OP.OP_SIZE, scriptNumber(32)]
  const start = [...byRevocation, ...orElse, OP.OP_EQUAL]
  const bothSign = [OP.OP_2, OP.OP_SWAP, holder, OP.OP_2, OP.OP_CHECKMULTISIG]
  // With anchors every branch but the revocation waits for one block, so that nothing but anchors can pin the commitment.
  const oneBlock = format === 'anchors_zero_fee_htlc' ? [OP.OP_1, OP.OP_CHECKSEQUENCEVERIFY, OP.OP_DROP] : []
  const end = [OP.OP_ENDIF, ...oneBlock, OP.OP_ENDIF]
  // The bytes around what differs, made once for up to 966 scripts.
  const offeredHead = script(...start, OP.OP_NOTIF, OP.OP_DROP, ...bothSign, OP.OP_ELSE, OP.OP_HASH160)
  const offeredTail = script(OP.OP_EQUALVERIFY, OP.OP_CHECKSIG, ...end)
  const receivedHead = script(...start, OP.OP_IF, OP.OP_HASH160)
  const receivedMiddle = script(OP.OP_EQUALVERIFY, ...bothSign, OP.OP_ELSE, OP.OP_DROP)
  const receivedTail = script(OP.OP_CHECKLOCKTIMEVERIFY, OP.OP_DROP, OP.OP_CHECKSIG, ...end)
  const hashPush = (paymentHash: PaymentHash) => script(ripemd160(fromHex(paymentHash)))
  return {
    offered: paymentHash => concat(offeredHead, hashPush(paymentHash), offeredTail),
    received(paymentHash, cltvExpiry) {
      const expiryPush = script(scriptNumber(cltvExpiry))
      return concat(receivedHead, hashPush(paymentHash), receivedMiddle, expiryPush, receivedTail)
    },
  }
}

/** The script of one HTLC that the holder offered. For many of one commitment: `htlcScripts`. */
export function offeredHtlcScript(format: CommitmentFormat, keys: CommitmentKeys, hash: PaymentHash): Uint8Array {
  return htlcScripts(format, keys).offered(hash)
}

/** The script of one HTLC that the holder received. For many of one commitment: `htlcScripts`. */
export function receivedHtlcScript(
  format: CommitmentFormat,
  keys: CommitmentKeys,
  htlc: { readonly paymentHash: PaymentHash; readonly cltvExpiry: number },
): Uint8Array {
  return htlcScripts(format, keys).received(htlc.paymentHash, htlc.cltvExpiry)
}

function key(pubkey: Uint8Array): Uint8Array {
  assert(pubkey.length === 33, () => `expected a public key of 33 bytes, got ${pubkey.length}`)
  return pubkey
}
