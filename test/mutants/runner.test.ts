import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Kept, keptOf, readResults, rowHash, writeResults } from './kept.ts'
import type { Mutant } from './mutant.ts'
import { sentenceOf, summaryOf, tableOf, withTable } from './report.ts'
import { MUTANTS } from './table.ts'
import { runTrial, trialOf } from './trial.ts'

const MUTANT: Mutant = {
  id: 'htlcs-by-id-alone',
  class: 'matched-by-hash',
  incident: 'One is taken for another | or both.',
  file: 'onchain/preimages.ts',
  find: 'a',
  replace: 'b',
}
const KILLED: Kept = { row: rowHash(MUTANT), firstSeed: 1, seedsRun: 12, outcome: 'killed', seed: '12', rule: 'rest' }

/** A world that loads the mutant's file and then does this. */
const worldOf = (deed: string, file = './src/onchain/preimages.ts') => [
  '--input-type=module',
  '--eval',
  `await import('${file}'); ${deed}`,
  '--',
]
const trial = (deed: string, file?: string) =>
  runTrial({ mutant: MUTANT, world: worldOf(deed, file), firstSeed: 3, seeds: 5, limitMs: 60_000 })

test('a world that ends well has not found the mutant', async () => {
  expect(await trial('')).toEqual({ type: 'survived' })
})

test('a world that reports a failure has killed it', async () => {
  const report = { seedsRun: 2, failed: true, seed: 4, rule: 'conservation', message: 'a satoshi is gone' }
  const deed = `console.log('on its way'); console.log(${JSON.stringify(JSON.stringify(report))}); process.exitCode = 1`
  const killed = { type: 'killed', seedsRun: 2, seed: '4', rule: 'conservation', message: 'a satoshi is gone' }
  expect(await trial(deed)).toEqual(killed)
})

test('the world is told which seeds', async () => {
  const deed = `
const asked = process.argv.slice(1).join(' ')
console.log(JSON.stringify({ seedsRun: 1, failed: true, seed: 3, rule: asked, message: '' })); process.exitCode = 1`
  expect(await trial(deed)).toMatchObject({ rule: '--seeds 5 --seed 3 --jobs 1 --json' })
})

test('a world that breaks down has found nothing, whatever its exit code', async () => {
  expect(await trial(`throw new Error('out of luck')`)).toMatchObject({ type: 'broken' })
  for (const code of [1, 2, 70, null])
    expect(trialOf(code, { stdout: '', stderr: '' })).toMatchObject({ type: 'broken' })
  expect(trialOf(1, { stdout: '{"seedsRun":3,"failed":false}', stderr: '' })).toMatchObject({ type: 'broken' })
})

test('a world that never loads the code of the mutant has not survived it', async () => {
  const trialed = await trial('', './src/base/index.ts')
  expect(trialed).toMatchObject({ type: 'broken', why: expect.stringContaining('never loaded its file') })
})

test('a world that never ends is ended', async () => {
  const world = worldOf('setInterval(() => undefined, 1000)')
  expect(await runTrial({ world, firstSeed: 1, seeds: 1, limitMs: 1_000 })).toEqual({ type: 'endless' })
})

test('what is known counts for the same change and the same seeds only', () => {
  const results = { [MUTANT.id]: KILLED }
  expect(keptOf(results, MUTANT, 1)).toBe(KILLED)
  expect(keptOf(results, { ...MUTANT, incident: 'Other words.' }, 1)).toBe(KILLED)
  expect(keptOf(results, { ...MUTANT, replace: 'c' }, 1)).toBeUndefined()
  expect(keptOf(results, MUTANT, 2)).toBeUndefined()
  expect(keptOf({}, MUTANT, 1)).toBeUndefined()
})

test('what is known is read as it was written, in one order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-mutants-'))
  try {
    const path = join(folder, 'results.json')
    expect(readResults(path)).toEqual({})
    writeResults(path, { b: KILLED, a: KILLED })
    expect(readResults(path)).toEqual({ a: KILLED, b: KILLED })
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')))).toEqual(['a', 'b'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('asked again, what was known of a mutant is forgotten, and of no other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-mutants-'))
  try {
    const [world, results, document] = ['world.ts', 'results.json', 'table.md'].map(name => join(folder, name))
    const file = fileURLToPath(new URL('../../src/onchain/preimages.ts', import.meta.url))
    writeFileSync(`${world}`, `await import(${JSON.stringify(file)})\n`)
    const row = rowHash(MUTANTS.find(({ id }) => id === MUTANT.id) ?? MUTANT)
    writeResults(`${results}`, { [MUTANT.id]: { ...KILLED, row }, other: KILLED })
    const places = ['--world', `${world}`, '--results', `${results}`, '--document', `${document}`, '--plans', folder]
    const args = ['test/mutants/run.ts', '--again', '--only', MUTANT.id, '--seeds', '1', ...places]
    // It ends with 1, as the mutant lives.
    expect(() => execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe' })).toThrow('')
    expect(readResults(`${results}`)).toMatchObject({
      [MUTANT.id]: { row, seedsRun: 1, outcome: 'alive' },
      other: KILLED,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the figures are those of the mutants that were killed', () => {
  const kept = (seedsRun: number, outcome: Kept['outcome']) => ({
    mutant: MUTANT,
    kept: { ...KILLED, seedsRun, outcome },
  })
  const judged = [kept(9, 'killed'), kept(1, 'killed'), kept(400, 'endless'), kept(2_000, 'alive'), { mutant: MUTANT }]
  expect(summaryOf(judged)).toEqual({ killed: 3, alive: 1, untried: 1, median: 9, most: 400 })
  expect(sentenceOf(summaryOf(judged))).toBe(
    '3 of 5 mutants are killed, at the median after 9 seeds, at most after 400; 1 are alive, 1 not tried.',
  )
  expect(summaryOf([])).toEqual({ killed: 0, alive: 0, untried: 0 })
})

test('the table goes between its markers, and what is around it stays', () => {
  const classes = [
    { id: 'gossip', words: 'too much gossip', notYet: { issue: 5, brings: 'gossip' } },
    { id: 'files', words: 'torn files', guardedBy: 'test/storage/x.test.ts' },
    { id: 'matched-by-hash', words: 'mixed up' },
  ]
  const table = tableOf([{ mutant: MUTANT, kept: KILLED }], classes)
  expect(table).toContain(
    '| `htlcs-by-id-alone` | matched-by-hash | One is taken for another \\| or both. | 12 | any | rest |',
  )
  expect(table).toContain('| too much gossip | comes with gossip (issue 5) |')
  expect(table).toContain('| torn files | outside of the world: `test/storage/x.test.ts` |')
  expect(table).not.toContain('mixed up')
  const [begin, end] = ['<!-- mutants: written by `npm run mutants` -->', '<!-- end of mutants -->']
  expect(withTable(`# A\n\n${begin}\nold\n${end}\n\nB\n`, 'new')).toBe(`# A\n\n${begin}\n\nnew\n\n${end}\n\nB\n`)
  expect(withTable('# A\n', 'new')).toBeUndefined()
})
