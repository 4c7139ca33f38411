import { describe, expect, test } from 'vitest'
import { expectedBits, type HeaderFacts, lowestNeeded, POW_RULES, warpsTime } from '../../src/chain/powRules.ts'

// Real adjustments, as Bitcoin Core's pow_tests.cpp has them, and the rules of BIP 94.

const { bitcoin, testnet4, regtest, signet } = POW_RULES

/** A branch of which only some blocks are looked at. */
const branch =
  (blocks: Readonly<Record<number, HeaderFacts>>) =>
  (height: number): HeaderFacts => {
    const found = blocks[height]
    if (found === undefined) throw new Error(`block ${height} was not to be looked at`)
    return found
  }

describe('the adjustment after 2016 blocks', () => {
  test.each([
    ['an ordinary one', 32_256, 1_261_130_161, 1_262_152_739, 0x1d00ffff, 0x1d00d86a],
    ['not easier than the limit', 2016, 1_231_006_505, 1_233_061_996, 0x1d00ffff, 0x1d00ffff],
    ['a quarter at most', 68_544, 1_279_008_237, 1_279_297_671, 0x1c05a3f4, 0x1c0168fd],
    ['four times at most', 46_368, 1_263_163_443, 1_269_211_443, 0x1c387f6f, 0x1d00e1fd],
  ])('%s', (_, height, firstTime, lastTime, bits, expected) => {
    const at = branch({ [height - 2016]: { time: firstTime, bits }, [height - 1]: { time: lastTime, bits } })
    expect(expectedBits(bitcoin, height, lastTime + 600, at)).toBe(expected)
    expect(lowestNeeded(bitcoin, height)).toBe(height - 2016)
  })

  test('in between nothing moves', () => {
    const at = branch({ 99: { time: 1000, bits: 0x1c05a3f4 } })
    expect(expectedBits(bitcoin, 100, 9_999_999, at)).toBe(0x1c05a3f4)
    expect(expectedBits(signet, 100, 9_999_999, at)).toBe(0x1c05a3f4)
    expect(lowestNeeded(bitcoin, 100)).toBe(99)
  })

  test('on regtest nothing ever moves', () => {
    expect(expectedBits(regtest, 2016, 1, branch({}))).toBe(0x207fffff)
    expect(lowestNeeded(regtest, 2016)).toBe(2015)
  })
})

describe('testnet4 (BIP 94)', () => {
  const hard: HeaderFacts = { time: 10_000, bits: 0x1c05a3f4 }
  const easy: HeaderFacts = { time: 10_000, bits: 0x1d00ffff }

  test('a block that comes late may be easy, and must be', () => {
    expect(expectedBits(testnet4, 4000, 11_201, branch({ 3999: hard }))).toBe(0x1d00ffff)
    expect(expectedBits(testnet4, 4000, 11_200, branch({ 3999: hard }))).toBe(0x1c05a3f4)
  })

  test('after easy ones it is as hard as the last that was not, back to the beginning of the period', () => {
    expect(expectedBits(testnet4, 4000, 10_001, branch({ 3999: easy, 3998: easy, 3997: hard }))).toBe(0x1c05a3f4)
    expect(expectedBits(testnet4, 4034, 10_001, branch({ 4033: easy, 4032: hard }))).toBe(0x1c05a3f4)
    expect(lowestNeeded(testnet4, 4034)).toBe(4032)
  })

  test('a period is adjusted from its first block, not from a last one that was easy', () => {
    const at = branch({ 2016: { time: 0, bits: 0x1c05a3f4 }, 4031: { time: 1_209_600, bits: 0x1d00ffff } })
    expect(expectedBits(testnet4, 4032, 1_210_000, at)).toBe(0x1c05a3f4)
  })

  test('no period begins more than ten minutes before the one before ends', () => {
    const at = branch({ 4031: hard })
    expect([9399, 9400].map(time => warpsTime(testnet4, 4032, time, at))).toStrictEqual([true, false])
    expect(warpsTime(bitcoin, 4032, 0, at)).toBe(false)
    expect(warpsTime(testnet4, 4033, 0, at)).toBe(false)
  })
})
