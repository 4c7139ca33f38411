import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OutPoint, sat, type Txid } from '../../src/base/index.ts'
import {
  OP,
  p2wpkhScript,
  p2wshScript,
  script,
  segwitV0Sighash,
  type Tx,
  withWitness,
  witnessSignature,
} from '../../src/bitcoin/index.ts'
import { activeBackends, publicKeyFromSecret, sha256, signEcdsa, verifyEcdsa } from '../../src/crypto/index.ts'
import { createRegtestChain, judgeInput, type ScriptRules, type VerifySignature } from '../../src/regtest/index.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import { otherS } from '../crypto/backends.ts'
import { input, reasonOf, spend, value, wallet } from './support.ts'

// A chain may be told who verifies ECDSA signatures. Encodings, signature hashes and scripts are judged as before.

// Any output will do: the judge sees none of the chain.
const outpoint: OutPoint = { txid: 'ab'.repeat(32) as Txid, vout: 0 }
const amountSat = sat(50_000)

/** A spend of a 2 of 2 whose two signatures go through `shape` before they are put into the witness. */
function multisig(shape: (signature: Uint8Array) => Uint8Array = signature => signature) {
  const secrets = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))] as const
  const witnessScript = script(OP.OP_2, ...secrets.map(publicKeyFromSecret), OP.OP_2, OP.OP_CHECKMULTISIG)
  const prevout = { amountSat, script: p2wshScript(witnessScript) }
  const output = { amountSat: sat(49_000), script: prevout.script }
  const unsigned: Tx = { version: 2, inputs: [input(outpoint)], outputs: [output], locktime: 0 }
  const digest = segwitV0Sighash({ tx: unsigned, inputIndex: 0, scriptCode: witnessScript, amountSat, sighashType: 1 })
  const signatures = secrets.map(secret => witnessSignature(shape(signEcdsa(digest, secret)), 1))
  const tx = withWitness(unsigned, 0, [new Uint8Array(0), ...signatures, witnessScript])
  return { tx, prevout, digest }
}

function verdict({ tx, prevout }: ReturnType<typeof multisig>, verifySignature?: VerifySignature, rules?: ScriptRules) {
  const asked = { tx, inputIndex: 0, prevouts: [prevout], ...(rules !== undefined && { rules }) }
  return reasonOf(judgeInput({ ...asked, verifySignature }))
}

describe('a verifier that is named', () => {
  test('is asked for each signature with the digest of BIP 143 and the key of the script, and believed', () => {
    const asked: Parameters<VerifySignature>[] = []
    const says =
      (answer: boolean) =>
      (...args: Parameters<VerifySignature>) => {
        asked.push(args)
        return answer
      }
    const spending = multisig()
    expect(verdict(spending, says(true))).toBe('accepted')
    expect(asked.map(([signature, digest]) => [signature.length, digest])).toEqual([
      [64, spending.digest],
      [64, spending.digest],
    ])
    for (const [signature, digest, key] of asked) expect(verifyEcdsa(signature, digest, key)).toBe(true)
    for (const bytes of asked.flat()) expect(bytes.constructor).toBe(Uint8Array)
    expect(verdict(spending, says(false))).toMatch(/^mandatory-script-verify-flag-failed/)
  })

  test('says the same as the interpreter alone, of good signatures and of broken ones', () => {
    const broken = (signature: Uint8Array) => signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte))
    for (const shape of [undefined, broken, otherS]) {
      for (const rules of ['standard', 'consensus'] as const) {
        const spending = multisig(shape)
        expect(verdict(spending, verifyEcdsa, rules)).toBe(verdict(spending, undefined, rules))
      }
    }
    // The high S is policy alone: what the verifier sees is low.
    expect(verdict(multisig(otherS), verifyEcdsa, 'consensus')).toBe('accepted')
    expect(verdict(multisig(otherS), verifyEcdsa, 'standard')).toMatch(/unnecessarily high/)
  })

  test('is gone when the judging is over, also when it throws', () => {
    const throws = () => {
      throw new Error('never mind')
    }
    expect(verdict(multisig(), throws)).not.toBe('accepted')
    expect(verdict(multisig())).toBe('accepted')
    expect(Error.stackTraceLimit).toBeGreaterThan(0)
  })

  test('is not asked by a chain that was given none', () => {
    const asked: number[] = []
    const verifySignature: VerifySignature = (...args) => {
      asked.push(1)
      return verifyEcdsa(...args)
    }
    const script = wallet('anyone').script
    value(createRegtestChain().fund(script, sat(10_000)))
    expect(asked).toEqual([])
    value(createRegtestChain({ verifySignature }).fund(script, sat(10_000)))
    expect(asked.length).toBeGreaterThan(0)
  })
})

describe('with keys without a curve', () => {
  beforeAll(() => useCrypto('fast'))
  afterAll(() => useCrypto('real'))

  test('the chain mines, pays and judges as it does with real ones', () => {
    expect(activeBackends().secp256k1).toBe('fast')
    const chain = createRegtestChain({ verifySignature: verifyEcdsa })
    const secret = sha256(Uint8Array.of(7))
    const pubkey = publicKeyFromSecret(secret)
    const owner = { secret, pubkey, script: p2wpkhScript(pubkey) }
    const { outpoint, output } = value(chain.fund(owner.script, sat(100_000)))
    const tx = spend([{ outpoint, ...output }], { from: owner })
    value(chain.submit(tx))
    chain.mine(1)
    expect(chain.utxo(outpoint)).toBeUndefined()
    expect(verdict(multisig(), verifyEcdsa)).toBe('accepted')
  })

  test('refuses what another key signed, and what was changed after it was signed', () => {
    const chain = createRegtestChain({ verifySignature: verifyEcdsa })
    const secret = sha256(Uint8Array.of(7))
    const pubkey = publicKeyFromSecret(secret)
    const owner = { secret, pubkey, script: p2wpkhScript(pubkey) }
    const { outpoint, output } = value(chain.fund(owner.script, sat(100_000)))
    const tx = spend([{ outpoint, ...output }], { from: owner })
    const thief = spend([{ outpoint, ...output }], { from: { ...owner, secret: sha256(Uint8Array.of(8)) } })
    expect(reasonOf(chain.testAccept({ ...tx, locktime: 1 }))).toMatch(/^mandatory-script-verify-flag-failed/)
    expect(reasonOf(chain.testAccept(thief))).not.toBe('accepted')
    expect(reasonOf(chain.testAccept(tx))).toBe('accepted')
  })

  test('the interpreter alone believes none of it: its curve is a real one', () => {
    expect(verdict(multisig())).not.toBe('accepted')
  })
})
