import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  emptyPMap,
  type PMap,
  pmapChanges,
  pmapDelete,
  pmapEntries,
  pmapFrom,
  pmapGet,
  pmapHas,
  pmapSet,
  pmapValues,
} from '../../src/base/index.ts'

describe('a map that is never changed', () => {
  test('does what a Map does, and its older selves stay as they were', () => {
    const operation = fc.record({
      kind: fc.constantFrom('set', 'set', 'delete'),
      // Few keys, so that they meet; some that differ only behind what chooses the slot.
      key: fc.oneof(
        fc.nat(40).map(String),
        fc.nat(5).map(n => 'x'.repeat(40) + n),
      ),
      value: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), operations => {
        const model = new Map<string, number>()
        const history: [PMap<number>, ReadonlyMap<string, number>][] = []
        let map = emptyPMap<number>()
        for (const { kind, key, value } of operations) {
          const unchanged = kind === 'set' ? model.get(key) === value : !model.has(key)
          const next = kind === 'set' ? pmapSet(map, key, value) : pmapDelete(map, key)
          if (unchanged) expect(next).toBe(map)
          map = next
          if (kind === 'set') model.set(key, value)
          else model.delete(key)
          expect(pmapGet(map, key)).toBe(model.get(key))
          expect(pmapHas(map, key)).toBe(model.has(key))
          history.push([map, new Map(model)])
        }
        for (const [then, what] of history) {
          expect(new Map(pmapEntries(then))).toEqual(what)
          expect([...pmapEntries(then)]).toHaveLength(then.size)
          expect([...pmapValues(then)].sort()).toEqual([...what.values()].sort())
        }
        expect(pmapFrom(pmapEntries(map)).size).toBe(model.size)
        for (const [index, [earlier]] of history.entries()) {
          const later = history[Math.floor((index + history.length) / 2)]?.[0] ?? map
          const changed = pmapEntries(later).filter(([key, value]) => pmapGet(earlier, key) !== value)
          expect(pmapChanges(earlier, later)).toEqual(changed)
        }
      }),
    )
  })

  test('spreads ids of both kinds over its slots', () => {
    const longest = (keys: readonly string[]) =>
      Math.max(...pmapFrom(keys.map(key => [key, 1])).root.flatMap(branch => branch?.map(b => b?.length ?? 0) ?? []))
    const numbers = Array.from({ length: 10_000 }, (_, i) => String(i))
    const nodes = numbers.map(i => `02${Number(i).toString(16).padStart(10, '0')}${'ab'.repeat(27)}`)
    // About ten in each; a slot that most keys share would make every change dear.
    expect(longest(numbers)).toBeLessThan(60)
    expect(longest(nodes)).toBeLessThan(60)
  })
})
