import { describe, expect, it } from 'vitest'
import { hasShape, type Shape } from '../../src/base/index.ts'

const SHAPE: Shape = {
  name: 'string',
  count: 'number',
  feeSat: 'bigint',
  isOpen: 'boolean',
  hops: 'list',
  at: { height: 'number' },
  note: 'string?',
}
const GOOD = { name: '', count: 0, feeSat: 1n, isOpen: false, hops: [], at: { height: 3 } }

describe('the shape of a value', () => {
  it('is right where each field holds what it should, whatever else there is', () => {
    expect(hasShape(GOOD, SHAPE)).toBe(true)
    expect(hasShape({ ...GOOD, note: 'x', more: {} }, SHAPE)).toBe(true)
  })

  it.each([
    ...[null, undefined, 'text', 1, [], {}],
    ...Object.keys(GOOD).map(field => ({ ...GOOD, [field]: undefined })),
    ...Object.keys(GOOD).map(field => ({ ...GOOD, [field]: null })),
    ...[
      { ...GOOD, count: 1.5 },
      { ...GOOD, count: -1 },
      { ...GOOD, count: 2 ** 53 },
      { ...GOOD, feeSat: 1 },
    ],
    ...[
      { ...GOOD, hops: {} },
      { ...GOOD, at: [] },
      { ...GOOD, at: { height: '3' } },
      { ...GOOD, note: null },
    ],
  ])('is wrong otherwise (%#)', value => {
    expect(hasShape(value, SHAPE)).toBe(false)
  })

  it('does not take what every object inherits for a field', () => {
    // As literals, the compiler takes the names for those of every object, too.
    expect(hasShape({}, Object.fromEntries([['constructor', 'string']]))).toBe(false)
    expect(hasShape({}, Object.fromEntries([['toString', 'string?']]))).toBe(true)
  })
})
