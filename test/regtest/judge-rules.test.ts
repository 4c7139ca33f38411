import { schnorr } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, sat, txidToWire } from '../../src/base/index.ts'
import {
  encodeTx,
  OP,
  p2aScript,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wshScript,
  script,
  scriptNumber,
  signatureFromDer,
  signatureToDer,
  type Tx,
  type TxOut,
  withWitness,
} from '../../src/bitcoin/index.ts'
import { hash160, sha256, sha256d, signEcdsa } from '../../src/crypto/index.ts'
import { judgeInput, type ScriptRules } from '../../src/regtest/index.ts'
import { ScriptJudge } from '../../src/regtest/judge.ts'
import { type Draft, draft, EMPTY, fundingScript, ONE, signature, withItems } from './scripts.ts'
import { alice, bob, coinOf, spend as pay, reasonOf, value } from './support.ts'

const OP_DROP = 0x75
const OP_NOP4 = 0xb3
const OP_NOT = 0x91

const verdict = (spend: Draft, tx: Tx, rules: ScriptRules = 'standard') =>
  reasonOf(judgeInput({ tx, inputIndex: 0, prevouts: [spend.prevout], rules }))
const policy = (message: string) => `non-mandatory-script-verify-flag (${message})`
const mandatory = (message: string) => `mandatory-script-verify-flag-failed (${message})`

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The same signature with S on the other side, which verifies all the same. */
function highS(witnessSignature: Uint8Array): Uint8Array {
  const compact = value(signatureFromDer(witnessSignature.slice(0, -1)))
  const s = BigInt(`0x${Buffer.from(compact.slice(32)).toString('hex')}`)
  const flipped = fromHex((ORDER - s).toString(16).padStart(64, '0'))
  return concat(signatureToDer(concat(compact.slice(0, 32), flipped)), witnessSignature.slice(-1))
}

/** What relay refuses and a block may hold. */
function expectPolicyOnly(spend: Draft, tx: Tx, message: string): void {
  expect(verdict(spend, tx)).toBe(policy(message))
  expect(verdict(spend, tx, 'consensus')).toBe('accepted')
}

describe('rules of relay', () => {
  const single = draft(script(alice.pubkey, OP.OP_CHECKSIG))

  test('a high S', () => {
    const good = signature(single, alice)
    expect(verdict(single, withItems(single, good))).toBe('accepted')
    expectPolicyOnly(single, withItems(single, highS(good)), 'Non-canonical signature: S value is unnecessarily high')
  })

  test('a high S of one of two parties', () => {
    const funding = draft(fundingScript(alice, bob))
    const items = [EMPTY, signature(funding, alice), highS(signature(funding, bob))]
    expectPolicyOnly(funding, withItems(funding, ...items), 'Non-canonical signature: S value is unnecessarily high')
  })

  test('an undefined hash type', () => {
    // Type 0x04 hashes like ALL in the old rules of BIP 143, so the signature is good, only not defined.
    const type = 0x04
    const digest = bip143(single, type)
    const sig = concat(signatureToDer(signEcdsa(digest, alice.secret)), Uint8Array.of(type))
    expectPolicyOnly(single, withItems(single, sig), 'Signature hash type missing or not understood')
  })

  test('a failed signature that is not empty', () => {
    const spend = draft(script(alice.pubkey, OP.OP_CHECKSIG, OP_NOT))
    expect(verdict(spend, withItems(spend, EMPTY))).toBe('accepted')
    expectPolicyOnly(
      spend,
      withItems(spend, signature(spend, bob)),
      'Signature must be zero for failed CHECK(MULTI)SIG operation',
    )
  })

  test('an argument of OP_IF that is neither empty nor 1', () => {
    const spend = draft(script(OP.OP_IF, OP.OP_1, OP.OP_ELSE, OP.OP_1, OP.OP_ENDIF))
    expect(verdict(spend, withItems(spend, ONE))).toBe('accepted')
    for (const odd of [Uint8Array.of(2), Uint8Array.of(1, 0)]) {
      expectPolicyOnly(spend, withItems(spend, odd), 'OP_IF/NOTIF argument must be minimal')
    }
  })

  test('an uncompressed key in a witness script', () => {
    const uncompressed = fromHex(
      '0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' +
        '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
    )
    const secretOne = fromHex('01'.padStart(64, '0'))
    const spend = draft(script(uncompressed, OP.OP_CHECKSIG))
    const sig = signature(spend, { ...alice, secret: secretOne })
    expectPolicyOnly(spend, withItems(spend, sig), 'Using non-compressed keys in segwit')
  })

  test('bytes that are no key', () => {
    const spend = draft(script(new Uint8Array(33).fill(5), OP.OP_CHECKSIG, OP_NOT))
    expectPolicyOnly(spend, withItems(spend, EMPTY), 'Public key is neither compressed or uncompressed')
  })

  test('a push that is longer than need be', () => {
    const spend = draft(concat(Uint8Array.of(1, 1)))
    expectPolicyOnly(spend, withItems(spend), 'Data push larger than necessary')
  })

  test('an opcode reserved for upgrades', () => {
    const spend = draft(script(OP_NOP4, OP.OP_1))
    expectPolicyOnly(spend, withItems(spend), 'NOPx reserved for soft-fork upgrades')
  })

  test('an unknown witness version; an anchor is known', () => {
    const base = draft(ONE)
    const unknown: Draft = { ...base, prevout: { amountSat: sat(0), script: fromHex('5202abcd') } }
    expectPolicyOnly(unknown, base.tx, 'Witness version reserved for soft-fork upgrades')
    const anchor: Draft = { ...base, prevout: { amountSat: sat(0), script: p2aScript } }
    expect(verdict(anchor, base.tx)).toBe('accepted')
  })
})

describe('rules of consensus', () => {
  test('the extra item of CHECKMULTISIG is empty (BIP 147)', () => {
    const funding = draft(fundingScript(alice, bob))
    const tx = withItems(funding, ONE, signature(funding, alice), signature(funding, bob))
    for (const rules of ['standard', 'consensus'] as const) {
      expect(verdict(funding, tx, rules)).toBe(mandatory('Dummy CHECKMULTISIG argument must be zero'))
    }
  })

  test('strict DER (BIP 66)', () => {
    const spend = draft(script(alice.pubkey, OP.OP_CHECKSIG))
    const good = signature(spend, alice)
    // One byte more than the lengths say, in front of the hash type.
    const padded = concat(good.slice(0, -1), Uint8Array.of(0), good.slice(-1))
    expect(verdict(spend, withItems(spend, padded), 'consensus')).toBe(mandatory('Non-canonical DER signature'))
  })

  test('a witness script leaves exactly one element', () => {
    const spend = draft(script(OP.OP_1, OP.OP_1))
    expect(verdict(spend, withItems(spend), 'consensus')).toBe(
      mandatory('Stack size must be exactly one after execution'),
    )
  })

  test.each([
    ['OP_RETURN', script(OP.OP_RETURN), 'OP_RETURN was encountered'],
    ['an open OP_IF', script(OP.OP_1, OP.OP_IF, OP.OP_1), 'Invalid OP_IF construction'],
    ['an unknown opcode', Uint8Array.of(0xba), 'Opcode missing or not understood'],
    ['a push beyond the end', Uint8Array.of(5, 1), 'Opcode missing or not understood'],
    ['a disabled opcode', Uint8Array.of(0x51, 0x51, 0x7e), 'Attempted to use a disabled opcode'],
    ['an element of 521 bytes', script(new Uint8Array(521), OP_DROP, OP.OP_1), 'Push value size limit exceeded'],
    ['a negative lock', script(scriptNumber(-1), OP.OP_CHECKLOCKTIMEVERIFY), 'Negative locktime'],
  ])('%s', (_, witnessScript, message) => {
    const spend = draft(witnessScript)
    expect(verdict(spend, withItems(spend), 'consensus')).toBe(mandatory(message))
  })

  test('a script above 10,000 bytes', () => {
    const fits = draft(new Uint8Array(10_000).fill(0x61).fill(0x51, 9_999))
    expect(verdict(fits, withItems(fits), 'consensus')).toBe(mandatory('Operation limit exceeded'))
    const tooLong = draft(new Uint8Array(10_001).fill(0x51))
    expect(verdict(tooLong, withItems(tooLong), 'consensus')).toBe(mandatory('Script is too big'))
  })
})

describe('kinds of output', () => {
  const prevout = (outputScript: Uint8Array): TxOut => ({ amountSat: sat(5_000), script: outputScript })
  const source: Tx = {
    version: 2,
    inputs: [],
    outputs: [prevout(alice.script), prevout(p2pkhScript(hash160(alice.pubkey)))],
    locktime: 0,
  }

  test('P2WPKH', () => {
    const coin = coinOf(source)
    const tx = pay([coin])
    expect(reasonOf(judgeInput({ tx, inputIndex: 0, prevouts: [coin] }))).toBe('accepted')
    const other = { ...coin, script: bob.script }
    expect(reasonOf(judgeInput({ tx, inputIndex: 0, prevouts: [other] }))).toBe(
      mandatory('Script failed an OP_EQUALVERIFY operation'),
    )
    const withScriptSig = { ...tx, inputs: tx.inputs.map(input => ({ ...input, scriptSig: ONE })) }
    expect(reasonOf(judgeInput({ tx: withScriptSig, inputIndex: 0, prevouts: [coin] }))).toMatch(
      /^mandatory-script-verify-flag-failed/,
    )
  })

  test('P2PKH, which has no witness and leaves a clean stack', () => {
    const coin = coinOf(source, 1)
    const unsigned = pay([coin])
    const sig = legacySignature(unsigned, coin.script)
    const signed = (scriptSig: Uint8Array): Tx => ({
      ...unsigned,
      inputs: unsigned.inputs.map(input => ({ ...input, scriptSig })),
    })
    const judge = (tx: Tx, rules: ScriptRules) => reasonOf(judgeInput({ tx, inputIndex: 0, prevouts: [coin], rules }))
    expect(judge(signed(script(sig, alice.pubkey)), 'standard')).toBe('accepted')
    const cluttered = signed(script(OP.OP_1, sig, alice.pubkey))
    expect(judge(cluttered, 'standard')).toBe(policy('Stack size must be exactly one after execution'))
    expect(judge(cluttered, 'consensus')).toBe('accepted')
    const decorated = withWitness(signed(script(sig, alice.pubkey)), 0, [ONE])
    expect(judge(decorated, 'consensus')).toBe(mandatory('Witness provided for non-witness script'))
  })

  test('P2SH, bare and around a witness script', () => {
    const redeem = script(OP.OP_2, OP.OP_EQUAL)
    const coin = { ...coinOf(source), script: p2shScript(hash160(redeem)) }
    const unsigned = pay([coin])
    const spent = (scriptSig: Uint8Array, witness: readonly Uint8Array[] = []): string => {
      const tx = { ...unsigned, inputs: unsigned.inputs.map(input => ({ ...input, scriptSig, witness })) }
      return reasonOf(judgeInput({ tx, inputIndex: 0, prevouts: [coin] }))
    }
    expect(spent(script(OP.OP_2, redeem))).toBe('accepted')
    expect(spent(script(OP.OP_1, OP.OP_2, redeem))).toBe(policy('Stack size must be exactly one after execution'))
    expect(spent(script(OP.OP_16, redeem))).toMatch(/finished with a false/)

    const wrapped = p2wshScript(script(OP.OP_1))
    const outer = { ...coin, script: p2shScript(hash160(wrapped)) }
    const tx = {
      ...unsigned,
      inputs: unsigned.inputs.map(i => ({ ...i, scriptSig: script(wrapped), witness: [script(OP.OP_1)] })),
    }
    expect(reasonOf(judgeInput({ tx, inputIndex: 0, prevouts: [outer] }))).toBe('accepted')
  })
})

describe('taproot', () => {
  const secret = sha256(ONE)
  const internal = schnorr.getPublicKey(secret)

  /** A key path without scripts, and one leaf. */
  function tweaked(leafScript?: Uint8Array) {
    const leaf = leafScript && taggedLeaf(leafScript)
    const tweak = BigInt(
      `0x${Buffer.from(schnorr.utils.taggedHash('TapTweak', concat(internal, leaf ?? EMPTY))).toString('hex')}`,
    )
    const point = schnorr.utils.lift_x(BigInt(`0x${Buffer.from(internal).toString('hex')}`))
    const output = point.add((point.constructor as unknown as { BASE: typeof point }).BASE.multiply(tweak))
    const parity = Number(output.toAffine().y & 1n)
    const evenSecret = evenKey(secret)
    const outputSecret = fromHex(((evenSecret + tweak) % ORDER).toString(16).padStart(64, '0'))
    return {
      output: schnorr.utils.pointToBytes(output),
      outputSecret,
      control: concat(Uint8Array.of(0xc0 | parity), internal),
    }
  }

  test('by key', () => {
    const { output, outputSecret } = tweaked()
    const base = draft(ONE)
    const spend: Draft = { ...base, prevout: { amountSat: sat(10_000), script: p2trScript(output) } }
    const sig = schnorr.sign(bip341(spend, undefined), outputSecret)
    const tx = (...items: Uint8Array[]) => withWitness(spend.tx, 0, items)
    expect(verdict(spend, tx(sig))).toBe('accepted')
    expect(verdict(spend, tx(schnorr.sign(bip341(spend, undefined), secret)))).toBe(
      mandatory('Invalid Schnorr signature'),
    )
    expect(verdict(spend, tx(sig.slice(0, 63)))).toBe(mandatory('Invalid Schnorr signature size'))
    expect(verdict(spend, tx(concat(sig, Uint8Array.of(0))))).toBe(mandatory('Invalid Schnorr signature hash type'))
    const cheaper: Draft = { ...spend, prevout: { ...spend.prevout, amountSat: sat(10_001) } }
    expect(verdict(cheaper, tx(sig))).toBe(mandatory('Invalid Schnorr signature'))
  })

  test('by script, with a relative lock on time and one block early', () => {
    const leafScript = script(scriptNumber(144), OP.OP_CHECKSEQUENCEVERIFY, OP.OP_DROP, internal, OP.OP_CHECKSIG)
    const { output, control } = tweaked(leafScript)
    const at = (sequence: number): string => {
      const base = draft(ONE, { sequence })
      const spend: Draft = { ...base, prevout: { amountSat: sat(10_000), script: p2trScript(output) } }
      const sig = schnorr.sign(bip341(spend, leafScript), secret)
      return verdict(spend, withWitness(spend.tx, 0, [sig, leafScript, control]))
    }
    expect(at(144)).toBe('accepted')
    expect(at(143)).toBe(mandatory('Locktime requirement not satisfied'))
  })

  test('a leaf that is not committed to, and CHECKMULTISIG, which tapscript has no more', () => {
    const leafScript = script(OP.OP_0, OP.OP_0, OP.OP_0, OP.OP_CHECKMULTISIG)
    const { output, control } = tweaked(leafScript)
    const base = draft(ONE)
    const spend: Draft = { ...base, prevout: { amountSat: sat(10_000), script: p2trScript(output) } }
    expect(verdict(spend, withWitness(spend.tx, 0, [leafScript, control]))).toBe(
      mandatory('OP_CHECKMULTISIG(VERIFY) is not available in tapscript'),
    )
    expect(verdict(spend, withWitness(spend.tx, 0, [script(OP.OP_1), control]))).toBe(
      mandatory('Witness program hash mismatch'),
    )
    expect(verdict(spend, withWitness(spend.tx, 0, [script(OP.OP_1), control.slice(1)]))).toBe(
      mandatory('Invalid Taproot control block size'),
    )
  })
})

describe('remembering', () => {
  const source: Tx = { version: 2, inputs: [], outputs: [{ amountSat: sat(5_000), script: alice.script }], locktime: 0 }
  const coin = coinOf(source)
  const txs = [1000, 1001, 1002].map(feeSat => pay([coin], { feeSat }))

  test('a good input is run once, a standard verdict serves consensus, and not the other way round', () => {
    const judge = new ScriptJudge()
    const [tx, other] = txs as [Tx, Tx]
    for (const rules of ['standard', 'standard', 'consensus'] as const)
      expect(judge.judge(tx, [coin], rules).ok).toBe(true)
    expect(judge.runs).toBe(1)
    for (const rules of ['consensus', 'standard'] as const) expect(judge.judge(other, [coin], rules).ok).toBe(true)
    expect(judge.runs).toBe(3)
  })

  test('a bad input is never remembered, nor is a good one with another witness', () => {
    const judge = new ScriptJudge()
    const [tx] = txs as [Tx]
    expect(judge.judge(tx, [coin], 'standard').ok).toBe(true)
    const bad = withWitness(tx, 0, [highS((tx.inputs[0]?.witness ?? [])[0] ?? EMPTY), alice.pubkey])
    for (let i = 0; i < 2; i++) expect(judge.judge(bad, [coin], 'standard').ok).toBe(false)
    expect(judge.runs).toBe(3)
  })

  test('the oldest is forgotten at the bound', () => {
    const judge = new ScriptJudge({ limit: 2 })
    for (const tx of txs) expect(judge.judge(tx, [coin], 'standard').ok).toBe(true)
    expect(judge.remembered).toBe(2)
    const [first, , last] = txs as [Tx, Tx, Tx]
    judge.judge(last, [coin], 'standard')
    expect(judge.runs).toBe(3)
    judge.judge(first, [coin], 'standard')
    expect(judge.runs).toBe(4)
  })
})

function evenKey(secret: Uint8Array): bigint {
  const scalar = BigInt(`0x${Buffer.from(secret).toString('hex')}`)
  const point = schnorr.utils.lift_x(1n)
  const full = (point.constructor as unknown as { BASE: typeof point }).BASE.multiply(scalar)
  return full.toAffine().y % 2n === 0n ? scalar : ORDER - scalar
}

function taggedLeaf(leafScript: Uint8Array): Uint8Array {
  return schnorr.utils.taggedHash('TapLeaf', concat(Uint8Array.of(0xc0, leafScript.length), leafScript))
}

const le = (number: number, width: number): Uint8Array =>
  Uint8Array.from({ length: width }, (_, i) => Math.floor(number / 256 ** i) % 256)

/** The hash of BIP 341 for one input, ALL by default, written out for a draft. */
function bip341({ tx, prevout }: Draft, leafScript: Uint8Array | undefined): Uint8Array {
  const [only] = tx.inputs
  if (only === undefined) throw new Error('a draft has one input')
  const outputs = concat(...tx.outputs.map(o => concat(le(Number(o.amountSat), 8), le(o.script.length, 1), o.script)))
  return schnorr.utils.taggedHash(
    'TapSighash',
    concat(
      ...[le(0, 2), le(tx.version, 4), le(tx.locktime, 4)],
      sha256(concat(txidToWire(only.outpoint.txid), le(only.outpoint.vout, 4))),
      sha256(le(Number(prevout.amountSat), 8)),
      sha256(concat(le(prevout.script.length, 1), prevout.script)),
      ...[sha256(le(only.sequence, 4)), sha256(outputs), le(leafScript === undefined ? 0 : 2, 1), le(0, 4)],
      ...(leafScript === undefined ? [] : [taggedLeaf(leafScript), le(0, 1), le(0xffffffff, 4)]),
    ),
  )
}

/** BIP 143 for a draft's witness script and any hash type that covers everything. */
function bip143({ tx, prevout, witnessScript }: Draft, type: number): Uint8Array {
  const [only] = tx.inputs
  if (only === undefined) throw new Error('a draft has one input')
  const outpoint = concat(txidToWire(only.outpoint.txid), le(only.outpoint.vout, 4))
  const outputs = concat(...tx.outputs.map(o => concat(le(Number(o.amountSat), 8), le(o.script.length, 1), o.script)))
  return sha256d(
    concat(
      ...[le(tx.version, 4), sha256d(outpoint), sha256d(le(only.sequence, 4)), outpoint],
      ...[le(witnessScript.length, 1), witnessScript, le(Number(prevout.amountSat), 8), le(only.sequence, 4)],
      ...[sha256d(outputs), le(tx.locktime, 4), le(type, 4)],
    ),
  )
}

/** The hash from before segwit, for a transaction with one input. */
function legacySignature(tx: Tx, scriptCode: Uint8Array): Uint8Array {
  const covered = { ...tx, inputs: tx.inputs.map(input => ({ ...input, scriptSig: scriptCode, witness: [] })) }
  const digest = sha256d(concat(encodeTx(covered), le(1, 4)))
  return concat(signatureToDer(signEcdsa(digest, alice.secret)), Uint8Array.of(1))
}
