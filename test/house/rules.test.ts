import { describe, expect, it } from 'vitest'
import {
  dependenciesHaveReasons,
  linksLead,
  locksAgree,
  manifestPointsAtSources,
  planIsDrawn,
  readmeCommandsAreRun,
} from './documents.ts'
import { FLOOR_OF_ROOM, PURE_ROOMS } from './floorPlan.ts'
import {
  doorsOpenWithWords,
  everyTestRuns,
  filesFitOneIdea,
  noAny,
  noBang,
  noSilencedCompiler,
  nothingLeftUndone,
  nothingOfThisMachine,
} from './habits.ts'
import { floorsAndDoors, noCycles, packagesAtHome, roomsHaveFloors } from './imports.ts'
import { pureFloors } from './purity.ts'
import type { Complaint, Rule } from './tree.ts'

// The negative twins of the house test: each rule sees a planted violation, and leaves the honest neighbour alone.

/** The complaints of a rule about files that exist only here. */
function judge(rule: Rule, files: Readonly<Record<string, string>>): readonly Complaint[] {
  return rule(Object.entries(files).map(([path, text]) => ({ path, text })))
}

function expectComplaint(rule: Rule, files: Readonly<Record<string, string>>, ...parts: readonly string[]): void {
  const complaints = judge(rule, files)
  expect(complaints).toHaveLength(1)
  for (const part of parts) expect(complaints[0]).toContain(part)
}

describe('floors', () => {
  it('finds a room without a floor', () => {
    expectComplaint(roomsHaveFloors, { 'src/attic/index.ts': '', 'src/base/index.ts': '' }, 'src/attic has no floor')
  })

  it('finds an import of a room upstairs, with its line', () => {
    expectComplaint(
      floorsAndDoors,
      { 'src/wire/a.ts': "\nimport { x } from '../channel/index.ts'" },
      'src/wire/a.ts:2',
      'upstairs',
    )
  })

  it('finds type imports, re-exports and dynamic imports upstairs', () => {
    for (const text of [
      "import type { X } from '../channel/index.ts'",
      "export { x } from '../channel/index.ts'",
      "export type * from '../channel/index.ts'",
      "const x = import('../channel/index.ts')",
    ]) {
      expectComplaint(floorsAndDoors, { 'src/wire/a.ts': text }, 'upstairs')
    }
  })

  it('finds rooms on one floor that know each other', () => {
    expectComplaint(floorsAndDoors, { 'src/bitcoin/a.ts': "import '../wire/index.ts'" }, 'strangers')
  })

  it('finds an import past the door, also from a folder inside the room', () => {
    expectComplaint(floorsAndDoors, { 'src/wire/a.ts': "import '../base/units.ts'" }, 'src/base/index.ts')
    expectComplaint(floorsAndDoors, { 'src/wire/m/a.ts': "import '../../base/units.ts'" }, 'src/base/index.ts')
  })

  it('finds a room that imports from outside src, or the file that gathers the rooms', () => {
    expectComplaint(floorsAndDoors, { 'src/wire/a.ts': "import '../../test/house/tree.ts'" }, 'outside src/')
    expectComplaint(floorsAndDoors, { 'src/wire/a.ts': "import '../index.ts'" }, 'gathers the rooms')
  })

  it('says nothing about lower floors, the own room, and imports in comments and strings', () => {
    const text = [
      "import { sat } from '../base/index.ts'",
      "import { tlv } from './tlv.ts'",
      "// import '../channel/index.ts'",
      `const text = "import '../channel/index.ts'"`,
    ].join('\n')
    expect(judge(floorsAndDoors, { 'src/wire/a.ts': text, 'src/index.ts': "export * from './cli/main.ts'" })).toEqual(
      [],
    )
  })
})

describe('packages', () => {
  it('finds a package in a room that should not know it, and one that no room may know', () => {
    expectComplaint(
      packagesAtHome,
      { 'src/channel/a.ts': "import '@noble/curves/secp256k1.js'" },
      'only crypto may know',
    )
    expectComplaint(packagesAtHome, { 'src/channel/a.ts': "import 'left-pad'" }, "'left-pad'", 'no room')
    expectComplaint(
      packagesAtHome,
      { 'src/cli/a.ts': "const b = createRequire(import.meta.url)('secp256k1/bindings')" },
      'only node may know',
    )
  })

  it('finds the host on a pure floor, and a builtin without its prefix anywhere', () => {
    expectComplaint(packagesAtHome, { 'src/channel/a.ts': "import 'node:fs'" }, 'channel is pure')
    expectComplaint(packagesAtHome, { 'src/node/a.ts': "import 'fs'" }, "write 'node:fs'")
  })

  it('says nothing where the package is at home', () => {
    expect(
      judge(packagesAtHome, {
        'src/crypto/a.ts': "import '@noble/hashes/sha2.js'",
        'src/node/a.ts': "import 'node:fs'",
      }),
    ).toEqual([])
  })
})

describe('circles', () => {
  it('finds one inside a room, and names the way around', () => {
    expectComplaint(
      noCycles,
      {
        'src/wire/a.ts': "import './b.ts'",
        'src/wire/b.ts': "import type { C } from './c.ts'",
        'src/wire/c.ts': "import './a.ts'",
        'src/wire/d.ts': "import './a.ts'",
      },
      'src/wire/a.ts → src/wire/b.ts → src/wire/c.ts → src/wire/a.ts',
    )
  })

  it('finds a file that goes in by its own door', () => {
    expectComplaint(
      noCycles,
      { 'src/wire/index.ts': "import './a.ts'", 'src/wire/a.ts': "import './index.ts'" },
      'circle',
    )
  })

  it('says nothing about two ways to one file', () => {
    const files = {
      'src/wire/a.ts': "import './b.ts'\nimport './c.ts'",
      'src/wire/b.ts': "import './c.ts'",
      'src/wire/c.ts': '',
    }
    expect(judge(noCycles, files)).toEqual([])
  })
})

describe('purity', () => {
  it.each([
    ['const t = Date.now()', 'Date'],
    ['const t = new Date()', 'Date'],
    ['const r = Math.random()', 'Math.random'],
    ['const e = process.env', 'process'],
    ['const b = Buffer.alloc(1)', 'Buffer'],
    ['console.log(1)', 'console'],
    ['setTimeout(f, 1)', 'setTimeout'],
    ['queueMicrotask(f)', 'queueMicrotask'],
    ['const r = fetch(u)', 'fetch'],
    ['let p: Promise<number>', 'Promise'],
    ['async function f() {}', 'async'],
    ['const m = import("./b.ts")', 'import()'],
    ['crypto.getRandomValues(b)', 'crypto.getRandomValues'],
    ['globalThis.x = 1', 'globalThis'],
  ])('finds %s', (text, name) => {
    expectComplaint(pureFloors, { 'src/link/a.ts': `\n${text}` }, 'src/link/a.ts:2', `uses ${name} on a pure floor: `)
  })

  it('says nothing about fields of the same name, comments, strings, and the floors above', () => {
    const text = [
      'interface I { process: number; fetch(): void }',
      'const o = { console: 1 }',
      'export const p = (i: I) => [i.process, o.console, Math.min(1, 2), "Date.now()"] // setTimeout',
    ].join('\n')
    expect(judge(pureFloors, { 'src/link/a.ts': text, 'src/node/a.ts': 'await fetch(String(Date.now()))' })).toEqual([])
  })
})

describe('habits', () => {
  it('finds a room without a door, and a door without words', () => {
    expectComplaint(doorsOpenWithWords, { 'src/wire/a.ts': '' }, 'src/wire has no door')
    expectComplaint(doorsOpenWithWords, { 'src/wire/index.ts': 'export {}' }, 'should open with')
    expectComplaint(doorsOpenWithWords, { 'src/wire/index.ts': '// wire: one line\nexport {}' }, 'should open with')
    expect(judge(doorsOpenWithWords, { 'src/wire/index.ts': '// wire: messages.\n// It knows no keys.' })).toEqual([])
  })

  it('finds any, unless the reason stands above it', () => {
    expectComplaint(noAny, { 'src/wire/a.ts': 'const x: any = 1 // any' }, 'src/wire/a.ts:1')
    expectComplaint(noAny, { 'test/wire/a.test.ts': 'f(x as any)' }, 'says any')
    const reasoned = '// biome-ignore lint/suspicious/noExplicitAny: both directions\ntype C = Codec<any>'
    expect(judge(noAny, { 'src/wire/a.ts': reasoned })).toEqual([])
  })

  it('finds a non-null assertion in the source', () => {
    expectComplaint(noBang, { 'src/wire/a.ts': 'const y = x!.z' }, 'src/wire/a.ts:1')
    expect(judge(noBang, { 'src/wire/a.ts': 'const y = !x' })).toEqual([])
  })

  it('finds a silenced compiler', () => {
    expectComplaint(noSilencedCompiler, { 'src/wire/a.ts': '// @ts-ignore\nf()' }, 'src/wire/a.ts:1')
    expect(judge(noSilencedCompiler, { 'src/wire/a.ts': '// @ts-expect-error a Sat is no Msat\nf()' })).toEqual([])
  })

  it.each(['it.only', 'it.skip', 'test.todo', 'describe.only', 'describe.concurrent.skip', 'it.only.each'])(
    'finds %s',
    name => {
      expectComplaint(everyTestRuns, { 'test/wire/a.test.ts': `${name}('x', () => {})` }, 'let it run')
    },
  )

  it('says nothing about a reader that skips', () => {
    expect(judge(everyTestRuns, { 'test/wire/a.test.ts': 'reader.skip(1)' })).toEqual([])
  })

  it('finds work left for later in comments', () => {
    for (const word of ['TO', 'FIX'].map((half, i) => half + ['DO', 'ME'][i])) {
      expectComplaint(nothingLeftUndone, { 'src/wire/a.ts': `// ${word}: later` }, word)
      expectComplaint(nothingLeftUndone, { 'bin/a.js': `/* ${word} */` }, word)
    }
    const word = 'TO' + 'DO'
    const inLiterals = `f('// ${word}', /${word}\\//, \`// ${word} \${x} // ${word}\`) // A method list`
    expect(judge(nothingLeftUndone, { 'src/wire/a.ts': inLiterals })).toEqual([])
    expectComplaint(nothingLeftUndone, { 'src/wire/a.ts': `${inLiterals}\n/* so\n ${word} */` }, 'src/wire/a.ts:2')
  })

  it('finds a file that is too long, and turns the ratchet of the longer ones', () => {
    const tree = (lines: number) => [{ path: 'src/wire/a.ts', text: 'x\n'.repeat(lines) }]
    const longer = { 'src/wire/a.ts': { lines: 450, why: 'one table' } }
    expect(filesFitOneIdea(tree(400), {})).toEqual([])
    expect(filesFitOneIdea(tree(401), {})).toHaveLength(1)
    expect(filesFitOneIdea(tree(450), longer)).toEqual([])
    expect(filesFitOneIdea(tree(451), longer)[0]).toContain('more than 450')
    expect(filesFitOneIdea(tree(400), longer)[0]).toContain('take it off')
    expect(filesFitOneIdea([], longer)[0]).toContain('does not exist')
    const test = (lines: number) => [{ path: 'test/wire/a.test.ts', text: 'x\n'.repeat(lines) }]
    expect(filesFitOneIdea(test(600), {})).toEqual([])
    expect(filesFitOneIdea(test(601), {})).toHaveLength(1)
  })

  it('finds paths of one machine and hosts of packages, and leaves links alone', () => {
    const folder = (name: string) => `/${name}/someone/notes`
    for (const name of ['wo' + 'rk', 'ro' + 'ot', 'ho' + 'me', 'Us' + 'ers'])
      expectComplaint(
        nothingOfThisMachine,
        { 'README.md': `see\n${folder(name)}` },
        'README.md:2',
        'a path of one machine',
      )
    for (const host of ['registry' + '.example.org', '"reso' + 'lved": "x"'])
      expectComplaint(nothingOfThisMachine, { 'package-lock.json': host }, 'package registry')
    expect(judge(nothingOfThisMachine, { 'README.md': 'https://example.org/ho' + 'me/page ../wo' + 'rk/a' })).toEqual(
      [],
    )
  })
})

describe('documents', () => {
  it('finds links that lead nowhere, to files and to headings', () => {
    const good = '# A title, here\n[self](#a-title-here) [code](src/a.ts) [folder](docs/) [web](https://example.org)'
    expect(
      judge(linksLead, { 'README.md': good, 'src/a.ts': '', 'docs/b.md': '[up](../README.md#a-title-here)' }),
    ).toEqual([])
    expectComplaint(linksLead, { 'README.md': 'x\n[a](docs/none.md)' }, 'README.md:2', 'docs/none.md')
    expectComplaint(linksLead, { 'README.md': '[a](b.md#none)', 'b.md': '# Some' }, 'no such heading')
    expect(judge(linksLead, { 'README.md': '`[a](none.md)`\n```\n[b](none.md)\n```' })).toEqual([])
  })

  it('finds a dependency without a reason, and one without an exact version', () => {
    const manifest = (version: string) => JSON.stringify({ devDependencies: { tool: version } })
    expectComplaint(dependenciesHaveReasons, { 'package.json': manifest('1.2.3') }, 'docs/decisions/')
    expectComplaint(
      dependenciesHaveReasons,
      { 'package.json': manifest('^1.2.3'), 'docs/decisions/0001-tool.md': '`tool` does it.' },
      'pin one exact version',
    )
  })

  it('finds an entry point without a source', () => {
    const manifest = JSON.stringify({
      bin: { tool: 'bin/tool.js' },
      exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    })
    const files = { 'package.json': manifest, 'bin/tool.js': '', 'src/index.ts': '' }
    expect(judge(manifestPointsAtSources, files)).toEqual([])
    expectComplaint(manifestPointsAtSources, { 'package.json': manifest, 'src/index.ts': '' }, 'bin/tool.js')
    expect(judge(manifestPointsAtSources, { 'package.json': manifest, 'bin/tool.js': '' })).toHaveLength(2)
  })

  it('finds a plan that differs from the drawing, in either direction', () => {
    const drawing = Object.entries(FLOOR_OF_ROOM).map(([room, floor]) => ` ${floor} ${room}/  what it is`)
    expect(judge(planIsDrawn, { 'ARCHITECTURE.md': drawing.join('\n') })).toEqual([])
    expectComplaint(planIsDrawn, { 'ARCHITECTURE.md': drawing.slice(1).join('\n') }, 'draws base on floor none')
    expectComplaint(
      planIsDrawn,
      { 'ARCHITECTURE.md': [...drawing, ' 3 attic/  boxes'].join('\n') },
      'draws attic on floor 3',
    )
  })

  it('finds a pure room that the compiler or the coverage does not know', () => {
    const files = (compiled: readonly string[], covered: readonly string[]) => ({
      'tsconfig.pure.json': `// why\n${JSON.stringify({ include: compiled.map(room => `src/${room}`) })}`,
      'vitest.config.ts': `const PURE_ROOMS = [${covered.map(room => `'${room}'`).join(', ')}]`,
    })
    expect(judge(locksAgree, files(PURE_ROOMS, PURE_ROOMS))).toEqual([])
    expectComplaint(locksAgree, files(PURE_ROOMS.slice(1), PURE_ROOMS), 'tsconfig.pure.json')
    expectComplaint(locksAgree, files(PURE_ROOMS, [...PURE_ROOMS, 'node']), 'vitest.config.ts')
  })

  it('finds commands of the README that CI does not run', () => {
    const readme = 'npm ci && npm run demo\nnpm ci && npm test\n'
    expect(judge(readmeCommandsAreRun, { 'README.md': readme, '.ci/run': 'npm ci\nnpm test\nnpm run demo' })).toEqual(
      [],
    )
    expectComplaint(readmeCommandsAreRun, { 'README.md': readme, '.ci/run': 'npm ci\nnpm test' }, 'npm run demo')
    const ci = 'npm ci npm test npm run demo'
    expectComplaint(
      readmeCommandsAreRun,
      { 'README.md': 'npm ci && npm test', '.ci/run': ci },
      'npm ci && npm run demo',
    )
    expect(judge(readmeCommandsAreRun, { 'README.md': '\n'.repeat(40) + readme, '.ci/run': ci })).toHaveLength(2)
  })
})
