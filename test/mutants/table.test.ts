import { existsSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { expect, test } from 'vitest'
import { CLASSES, type FaultClass } from './classes.ts'
import { type Mutant, mutated, sourceOf } from './mutant.ts'
import { MUTANTS } from './table.ts'

const classes: readonly FaultClass[] = CLASSES
const root = new URL('../../', import.meta.url)

test.each(MUTANTS)('$id can be planted: its text is there once, and what takes its place is code', mutant => {
  const result = mutated(mutant, sourceOf(mutant))
  expect(result.ok ? [] : [result.complaint]).toEqual([])
  if (result.ok) expect(() => stripTypeScriptTypes(result.text)).not.toThrow()
})

test('a mutant whose text is gone, or is there twice, or that changes nothing, is told of', () => {
  const mutant: Mutant = {
    id: 'some-fault',
    class: 'reorgs',
    incident: 'Nothing.',
    file: 'link/step.ts',
    find: 'a',
    replace: 'b',
  }
  expect(mutated(mutant, 'xay')).toEqual({ ok: true, text: 'xby' })
  expect(mutated({ ...mutant, replace: '$&' }, 'xay')).toEqual({ ok: true, text: 'x$&y' })
  for (const text of ['xy', 'xaya']) expect(mutated(mutant, text)).toMatchObject({ ok: false })
  expect(mutated({ ...mutant, find: '' }, 'xay')).toMatchObject({ ok: false })
  expect(mutated({ ...mutant, replace: 'a' }, 'xay')).toMatchObject({ ok: false })
})

test('each has a name of its own, and no two are the same fault', () => {
  const all = MUTANTS.map(({ id }) => id)
  expect(new Set(all).size).toBe(all.length)
  for (const id of all) expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/)
  expect(new Set(MUTANTS.map(({ file, find, replace }) => `${file} ${find} ${replace}`)).size).toBe(all.length)
})

test('what it would cost is one sentence', () => {
  for (const { incident } of MUTANTS) expect(incident).toMatch(/^[A-Z][^.]+\.$/)
})

test('there are at least 40', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(40)
})

test('each class has mutants, or an issue that brings what can go wrong, and what is not in the pure core has a test that guards it', () => {
  expect(new Set(classes.map(({ id }) => id)).size).toBe(classes.length)
  for (const { id, notYet, guardedBy } of classes) {
    const hasMutants = MUTANTS.some(mutant => mutant.class === id)
    expect([hasMutants || guardedBy !== undefined, notYet !== undefined].filter(Boolean), id).toHaveLength(1)
    if (guardedBy !== undefined) expect(existsSync(new URL(guardedBy, root)), guardedBy).toBe(true)
  }
})
