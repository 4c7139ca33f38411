import { posix } from 'node:path'
import ts from 'typescript'
import { FLOOR_OF_ROOM, PURE_ROOMS } from './floorPlan.ts'
import { type Complaint, lineAt, type ProjectFile, type Rule, type Tree } from './tree.ts'

const isMarkdown = (file: ProjectFile): boolean => file.path.endsWith('.md')
const textOf = (tree: Tree, path: string): string => tree.find(file => file.path === path)?.text ?? ''

/** A link in a document leads to a file, and to a heading where it names one. */
export const linksLead: Rule = tree => tree.filter(isMarkdown).flatMap(file => brokenLinks(file, tree))

function brokenLinks(file: ProjectFile, tree: Tree): readonly Complaint[] {
  const complaints: Complaint[] = []
  for (const link of withoutCode(file.text).matchAll(/\]\(([^)\s]+)\)/g)) {
    const [, target = ''] = link
    if (/^[a-z]+:/.test(target)) continue
    const [path = '', anchor] = target.split('#')
    const full = path === '' ? file.path : posix.join(posix.dirname(file.path), path).replace(/\/$/, '')
    const where = `${file.path}:${lineAt(file.text, link.index)}`
    const document = tree.find(other => other.path === full)
    if (document === undefined && !tree.some(other => other.path.startsWith(`${full}/`)))
      complaints.push(`${where} links to ${target}, which does not exist.`)
    else if (anchor !== undefined && document !== undefined && !anchorsOf(document).has(anchor))
      complaints.push(`${where} links to ${target}, but ${full} has no such heading.`)
  }
  return complaints
}

/** Code keeps its length, so that line numbers still hold, and shows no links. */
const withoutCode = (text: string): string =>
  text.replace(/```[\s\S]*?```|`[^`\n]*`/g, code => code.replace(/[^\n]/g, ' '))

/** The names that GitHub gives to headings. */
function anchorsOf(file: ProjectFile): ReadonlySet<string> {
  const headings = file.text.matchAll(/^#+ (.+)$/gm)
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

const manifestOf = (tree: Tree): Manifest => JSON.parse(textOf(tree, 'package.json') || '{}') as Manifest

/** What package.json offers exists: as it stands, or as the source that the build makes it from. */
export const manifestPointsAtSources: Rule = tree => {
  const { bin = {}, exports = {} } = manifestOf(tree)
  const conditions = Object.values(exports).flatMap(entry =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  )
  return [...Object.values(bin), ...conditions]
    .map(path => ({ path, source: path.replace(/^\.\//, '').replace(/^dist\/(.*?)(\.d\.ts|\.js)$/, 'src/$1.ts') }))
    .filter(({ source }) => !tree.some(file => file.path === source))
    .map(({ path, source }) => `package.json offers ${path}, and there is no ${source}.`)
}

/** Each dependency has its reason in a decision note, and one exact version. */
export const dependenciesHaveReasons: Rule = tree => {
  const manifest = manifestOf(tree)
  const notes = tree.filter(file => file.path.startsWith('docs/decisions/') && isMarkdown(file))
  return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).flatMap(([name, version]) => {
    const complaints: Complaint[] = []
    if (!notes.some(note => note.text.includes(`\`${name}\``)))
      complaints.push(`package.json depends on ${name}, and no note in docs/decisions/ says why (as \`${name}\`).`)
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      complaints.push(`package.json asks for ${name} ${version}: pin one exact version.`)
    return complaints
  })
}

/** The plan that ARCHITECTURE.md draws is the plan that the rules enforce. */
export const planIsDrawn: Rule = tree => {
  const drawn = new Map<string, number>()
  for (const [, floor, room = ''] of textOf(tree, 'ARCHITECTURE.md').matchAll(/^ *(\d+) +(\w+)\/ /gm))
    drawn.set(room, Number(floor))
  const rooms = new Set([...drawn.keys(), ...Object.keys(FLOOR_OF_ROOM)])
  return [...rooms].flatMap(room =>
    drawn.get(room) === FLOOR_OF_ROOM[room]
      ? []
      : [
          `ARCHITECTURE.md draws ${room} on floor ${drawn.get(room) ?? 'none'}, ` +
            `test/house/floorPlan.ts has it on floor ${FLOOR_OF_ROOM[room] ?? 'none'}.`,
        ],
  )
}

/** The other two locks on the pure rooms, the compiler's and the coverage's, name the same rooms. */
export const locksAgree: Rule = tree => {
  const config = ts.parseConfigFileTextToJson('tsconfig.pure.json', textOf(tree, 'tsconfig.pure.json')).config as
    | { include?: readonly string[] }
    | undefined
  const compiled = (config?.include ?? []).map(path => path.replace('src/', ''))
  const covered = /PURE_ROOMS = \[(.*?)\]/s.exec(textOf(tree, 'vitest.config.ts'))?.[1]?.match(/\w+/g) ?? []
  const differ = (rooms: readonly string[]) => [...rooms].sort().join() !== [...PURE_ROOMS].sort().join()
  return [
    ...(differ(compiled) ? [`tsconfig.pure.json should include the pure rooms: ${PURE_ROOMS.join(', ')}.`] : []),
    ...(differ(covered) ? [`vitest.config.ts should cover the pure rooms: ${PURE_ROOMS.join(', ')}.`] : []),
  ]
}

/** The two commands of the README are the ones that CI runs. */
export const readmeCommandsAreRun: Rule = tree => {
  const readme = textOf(tree, 'README.md')
  const ci = textOf(tree, '.ci/run')
  return ['npm ci && npm test', 'npm ci && npm run demo'].flatMap(command => [
    ...(readme.split('\n').slice(0, 40).includes(command)
      ? []
      : [`README.md should show \`${command}\` on its first screen.`]),
    ...(command.split(' && ').every(part => ci.includes(part))
      ? []
      : [`.ci/run should run \`${command}\` of README.md.`]),
  ])
}
