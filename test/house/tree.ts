import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A text file of the project; `path` is relative to the root, with forward slashes. */
export interface ProjectFile {
  readonly path: string
  readonly text: string
}

/** What the rules judge: files as values, so that a test can plant a violation without touching the disk. */
export type Tree = readonly ProjectFile[]

/** One sentence that says what is wrong, where, and what to do. */
export type Complaint = string
export type Rule = (tree: Tree) => readonly Complaint[]

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** What .gitignore names, plus git's own folder. Read from the disk, so that a copy without git is judged too. */
const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'coverage', 'reports', '.stryker-tmp'])
const TEXT = /\.(ts|js|json|md|yml|yaml|toml|html|css|svg|sh)$|(^|\/)(\.npmrc|\.gitignore|LICENSE|run)$/

export function readProject(): Tree {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter(entry => !NOT_OURS.has(entry.name))
    .flatMap(entry => (entry.isDirectory() ? filesBelow(entry.name) : [entry.name]))
    .filter(path => TEXT.test(path))
    .sort()
    .map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(entry => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? (NOT_OURS.has(entry.name) ? [] : filesBelow(path)) : [path]
  })
}

export const isTypeScript = (file: ProjectFile): boolean => file.path.endsWith('.ts')
export const isSource = (file: ProjectFile): boolean => file.path.startsWith('src/') && isTypeScript(file)

/** The room of a file below src/, or undefined for a file that stands in src/ itself. */
export function roomOf(path: string): string | undefined {
  const [top, room, ...rest] = path.split('/')
  return top === 'src' && rest.length > 0 ? room : undefined
}

export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}
