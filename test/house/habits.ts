import ts from 'typescript'
import { doorOf, LONGER_FILES, LONGEST_OTHER, LONGEST_SOURCE } from './floorPlan.ts'
import { commentsOf, walk } from './syntax.ts'
import { type Complaint, isSource, isTypeScript, lineAt, type Rule, roomOf, type Tree } from './tree.ts'

/** Each room has a door, and the door opens with lines of comment. */
export const doorsOpenWithWords: Rule = tree => {
  const rooms = new Set(tree.filter(isSource).flatMap(file => roomOf(file.path) ?? []))
  return [...rooms].flatMap(room => {
    const door = tree.find(file => file.path === doorOf(room))
    if (door === undefined) return [`src/${room} has no door: write ${doorOf(room)}.`]
    const [first = '', second = ''] = door.text.split('\n')
    if (first.startsWith(`// ${room}: `) && second.startsWith('// ')) return []
    return [
      `${door.path} should open with "// ${room}: …": what lives here, what it must not know, where to start reading.`,
    ]
  })
}

/** `any` switches the compiler off; where nothing else can be said, Biome's ignore comment beside it gives the reason. */
export const noAny: Rule = tree =>
  tree.filter(isTypeScript).flatMap(file => {
    const lines = file.text.split('\n')
    const complaints: Complaint[] = []
    walk(file, (node, line) => {
      if (node.kind !== ts.SyntaxKind.AnyKeyword) return
      if (/biome-ignore lint\/suspicious\/noExplicitAny: \S/.test(lines[line() - 2] ?? '')) return
      complaints.push(`${file.path}:${line()} says any: say what it is, or unknown and look.`)
    })
    return complaints
  })

/** `x!` silences the compiler as well: `defined(x, why)` of base says what the reader should know. */
export const noBang: Rule = tree =>
  tree.filter(isSource).flatMap(file => {
    const complaints: Complaint[] = []
    walk(file, (node, line) => {
      if (!ts.isNonNullExpression(node)) return
      complaints.push(`${file.path}:${line()} uses !: use defined(value, why) of base, or handle the absent case.`)
    })
    return complaints
  })

/** A switched-off compiler is a hole that nobody sees. `@ts-expect-error` at least fails when it is no longer needed. */
export const noSilencedCompiler: Rule = tree =>
  tree.filter(isTypeScript).flatMap(file =>
    commentsOf(file)
      .filter(comment => /@ts-(ignore|nocheck)/.test(comment.text))
      .map(comment => `${file.path}:${comment.line} silences the compiler: mend the types instead.`),
  )

const RUNNERS = new Set(['it', 'test', 'describe', 'suite'])
const SWITCHES = new Set(['only', 'skip', 'todo'])

/** Every test runs, or it is not there. */
export const everyTestRuns: Rule = tree =>
  tree
    .filter(file => file.path.endsWith('.test.ts'))
    .flatMap(file => {
      const complaints: Complaint[] = []
      walk(file, (node, line) => {
        if (!ts.isPropertyAccessExpression(node) || !SWITCHES.has(node.name.text)) return
        const runner = node.expression.getText().split('.')[0] ?? ''
        if (RUNNERS.has(runner))
          complaints.push(`${file.path}:${line()} has ${node.getText()}: let it run, or take it out.`)
      })
      return complaints
    })

/** Work that is not done is not in the code: it is in an issue, or it is done. The words are put together here from halves. */
const UNDONE = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`)

export const nothingLeftUndone: Rule = tree =>
  tree
    .filter(file => /\.(ts|js)$/.test(file.path))
    .flatMap(file =>
      commentsOf(file)
        .filter(comment => UNDONE.test(comment.text))
        .map(
          comment =>
            `${file.path}:${comment.line} leaves work for later (${UNDONE.exec(comment.text)?.[0]}): do it now.`,
        ),
    )

/** One file, one idea. The list of longer files is a ratchet: its numbers go down, and what fits is taken off it. */
export function filesFitOneIdea(tree: Tree, longer = LONGER_FILES): readonly Complaint[] {
  const complaints: Complaint[] = []
  for (const file of tree.filter(isTypeScript)) {
    const lines = file.text.split('\n').length - 1
    const exception = longer[file.path]
    const usual = isSource(file) ? LONGEST_SOURCE : LONGEST_OTHER
    const limit = exception?.lines ?? usual
    if (lines > limit)
      complaints.push(`${file.path} has ${lines} lines, more than ${limit}: it holds more than one idea.`)
    else if (exception !== undefined && lines <= usual)
      complaints.push(`${file.path} fits ${usual} lines now: take it off LONGER_FILES in test/house/floorPlan.ts.`)
  }
  for (const path of Object.keys(longer)) {
    if (!tree.some(file => file.path === path)) complaints.push(`LONGER_FILES names ${path}, which does not exist.`)
  }
  return complaints
}

// Put together from halves, so that this file does not complain about itself.
const MACHINE_PATH = new RegExp(
  `(?<![\\w.~-])/(${['wo' + 'rk', 'ro' + 'ot', 'ho' + 'me', 'Us' + 'ers'].join('|')})/\\w[\\w.-]*`,
)
const REGISTRY = new RegExp(
  ['registry' + '\\.[a-z]', '"reso' + 'lved":', 'localhost' + ':4873', 'arti' + 'factory'].join('|'),
)

/** The project is the same on every machine: no path of one, and no host that packages came from. */
export const nothingOfThisMachine: Rule = tree =>
  tree.flatMap(file =>
    [
      { pattern: MACHINE_PATH, what: 'a path of one machine' },
      { pattern: REGISTRY, what: 'the host of a package registry' },
    ].flatMap(({ pattern, what }) => {
      const found = pattern.exec(file.text)
      return found === null
        ? []
        : [`${file.path}:${lineAt(file.text, found.index)} names ${what} (${found[0]}): take it out.`]
    }),
  )
