import { describe, expect, test } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { SIGHASH_ANYONECANPAY, SIGHASH_SINGLE, type Tx } from '../../src/bitcoin/index.ts'
import { judgeInput } from '../../src/regtest/index.ts'
import {
  type Draft,
  draft,
  EMPTY,
  fundingScript,
  ONE,
  paymentHash,
  preimage,
  receivedHtlcScript,
  signature,
  toLocalScript,
  withItems,
} from './scripts.ts'
import { alice, bob, reasonOf, wallet } from './support.ts'

const verdict = (spend: Draft, tx: Tx) => reasonOf(judgeInput({ tx, inputIndex: 0, prevouts: [spend.prevout] }))
const mandatory = (message: string) => `mandatory-script-verify-flag-failed (${message})`
const FALSE_RESULT = mandatory('Script evaluated without error but finished with a false/empty top stack element')
const TOO_EARLY = mandatory('Locktime requirement not satisfied')

const carol = wallet('carol')

describe('the funding output, 2 of 2', () => {
  const spend = draft(fundingScript(alice, bob))

  test('both signatures, in the order of the keys', () => {
    expect(verdict(spend, withItems(spend, EMPTY, signature(spend, alice), signature(spend, bob)))).toBe('accepted')
  })

  test('swapped signatures', () => {
    expect(verdict(spend, withItems(spend, EMPTY, signature(spend, bob), signature(spend, alice)))).toBe(FALSE_RESULT)
  })

  test('a signature by another key, and the same signature twice', () => {
    const [a, c] = [signature(spend, alice), signature(spend, carol)]
    expect(verdict(spend, withItems(spend, EMPTY, a, c))).toBe(FALSE_RESULT)
    expect(verdict(spend, withItems(spend, EMPTY, a, a))).toBe(FALSE_RESULT)
  })

  test('a signature missing', () => {
    expect(verdict(spend, withItems(spend, signature(spend, alice)))).toBe(
      mandatory('Operation not valid with the current stack size'),
    )
  })

  test('a signature over another amount', () => {
    const wrong = signature(spend, bob, { amountSat: sat(9_999) })
    expect(verdict(spend, withItems(spend, EMPTY, signature(spend, alice), wrong))).toBe(FALSE_RESULT)
  })

  test('another witness script', () => {
    const other = draft(fundingScript(alice, carol))
    const tx = withItems(other, EMPTY, signature(other, alice), signature(other, carol))
    expect(verdict(spend, tx)).toBe(mandatory('Witness program hash mismatch'))
  })

  test('no witness at all', () => {
    expect(verdict(spend, spend.tx)).toBe(mandatory('Witness program was passed an empty witness'))
  })
})

describe('to_local: by revocation at once, by its owner after a delay', () => {
  const delay = 144
  const script = toLocalScript(bob, alice, delay)

  test('the owner, on time', () => {
    const spend = draft(script, { sequence: delay })
    expect(verdict(spend, withItems(spend, signature(spend, alice), EMPTY))).toBe('accepted')
  })

  test.each([
    ['one block early', { sequence: delay - 1 }],
    ['without a relative lock', { sequence: 0x80000000 + delay }],
    ['with the delay in time instead of blocks', { sequence: 0x00400000 + delay }],
    ['with version 1, where relative locks mean nothing', { sequence: delay, version: 1 }],
  ])('the owner, %s', (_, fields) => {
    const spend = draft(script, fields)
    expect(verdict(spend, withItems(spend, signature(spend, alice), EMPTY))).toBe(TOO_EARLY)
  })

  test('by revocation, without waiting', () => {
    const spend = draft(script, { sequence: 0xffffffff })
    expect(verdict(spend, withItems(spend, signature(spend, bob), ONE))).toBe('accepted')
  })

  test('the owner on the way of the revocation', () => {
    const spend = draft(script, { sequence: delay })
    expect(verdict(spend, withItems(spend, signature(spend, alice), ONE))).toBe(FALSE_RESULT)
  })
})

describe('a received HTLC', () => {
  const expiry = 500
  const keys = { revocation: carol, remote: bob, local: alice, paymentHash, expiry }
  const script = receivedHtlcScript(keys)

  test('by preimage and both signatures', () => {
    const spend = draft(script)
    const items = [EMPTY, signature(spend, bob), signature(spend, alice), preimage]
    expect(verdict(spend, withItems(spend, ...items))).toBe('accepted')
  })

  test('the remote signature with SINGLE|ANYONECANPAY, as with anchors', () => {
    const spend = draft(script)
    const remote = signature(spend, bob, { sighashType: SIGHASH_SINGLE | SIGHASH_ANYONECANPAY })
    expect(verdict(spend, withItems(spend, EMPTY, remote, signature(spend, alice), preimage))).toBe('accepted')
  })

  test('a wrong preimage of the right length', () => {
    const spend = draft(script)
    const items = [EMPTY, signature(spend, bob), signature(spend, alice), new Uint8Array(32).fill(9)]
    expect(verdict(spend, withItems(spend, ...items))).toBe(mandatory('Script failed an OP_EQUALVERIFY operation'))
  })

  test('after the expiry', () => {
    const spend = draft(script, { locktime: expiry })
    expect(verdict(spend, withItems(spend, signature(spend, bob), EMPTY))).toBe('accepted')
  })

  test.each([
    ['one block early', { locktime: expiry - 1 }],
    ['with a final sequence, which switches the locktime off', { locktime: expiry, sequence: 0xffffffff }],
    ['with a time instead of a height', { locktime: 500_000_001 }],
  ])('timeout %s', (_, fields) => {
    const spend = draft(script, fields)
    expect(verdict(spend, withItems(spend, signature(spend, bob), EMPTY))).toBe(TOO_EARLY)
  })

  test('by revocation', () => {
    const spend = draft(script)
    expect(verdict(spend, withItems(spend, signature(spend, carol), carol.pubkey))).toBe('accepted')
    expect(verdict(spend, withItems(spend, signature(spend, bob), carol.pubkey))).toBe(FALSE_RESULT)
  })
})

test('judging changes nothing: the same spend gets the same verdict twice, in either order of good and bad', () => {
  const spend = draft(fundingScript(alice, bob))
  const good = withItems(spend, EMPTY, signature(spend, alice), signature(spend, bob))
  const bad = withItems(spend, EMPTY, signature(spend, bob), signature(spend, alice))
  expect([good, bad, good, bad].map(tx => verdict(spend, tx))).toEqual([
    'accepted',
    FALSE_RESULT,
    'accepted',
    FALSE_RESULT,
  ])
})
