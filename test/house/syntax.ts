import ts from 'typescript'
import { lineAt, type ProjectFile } from './tree.ts'

export interface Import {
  readonly from: string
  readonly specifier: string
  readonly line: number
}

/** Every module that a file names: imports, re-exports, type imports, dynamic imports and what `createRequire` loads. */
export function importsOf(file: ProjectFile): readonly Import[] {
  const imports = ts
    .preProcessFile(file.text, true, true)
    .importedFiles.map(found => ({ from: file.path, specifier: found.fileName, line: lineAt(file.text, found.pos) }))
  if (!file.text.includes('createRequire(')) return imports
  walk(file, (node, line) => {
    if (!ts.isCallExpression(node) || !node.expression.getText().startsWith('createRequire(')) return
    const [module] = node.arguments
    if (module !== undefined && ts.isStringLiteral(module))
      imports.push({ from: file.path, specifier: module.text, line: line() })
  })
  return imports
}

/** Calls `visit` for each node of the file; `line()` tells where the node starts. Comments and strings are no nodes. */
export function walk(file: ProjectFile, visit: (node: ts.Node, line: () => number) => void): void {
  const source = sourceOf(file)
  const enter = (node: ts.Node): void => {
    visit(node, () => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1)
    ts.forEachChild(node, enter)
  }
  enter(source)
}

const parsed = new WeakMap<ProjectFile, ts.SourceFile>()

function sourceOf(file: ProjectFile): ts.SourceFile {
  const known = parsed.get(file)
  if (known !== undefined) return known
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ESNext, true)
  parsed.set(file, source)
  return source
}

/** The comments of a file with the lines they start on. */
export function commentsOf(file: ProjectFile): readonly { readonly text: string; readonly line: number }[] {
  // With the literals blanked out, a comment can be told by its first two characters.
  let code = file.text
  walk(file, node => {
    if (!ts.isLiteralExpression(node) && !ts.isTemplateMiddleOrTemplateTail(node) && !ts.isTemplateHead(node)) return
    const start = node.getStart()
    code = code.slice(0, start) + code.slice(start, node.end).replace(/[^\n]/g, ' ') + code.slice(node.end)
  })
  return [...code.matchAll(/\/\/.*|\/\*[\s\S]*?\*\//g)].map(found => ({
    text: found[0],
    line: lineAt(code, found.index),
  }))
}
