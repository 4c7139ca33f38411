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
      imports.push({ from: file.path, specifier: module.text, line })
  })
  return imports
}

/** Calls `visit` for each node of the file with the line where it starts. Comments and strings are no nodes. */
export function walk(file: ProjectFile, visit: (node: ts.Node, line: number) => void): void {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ESNext, true)
  const enter = (node: ts.Node): void => {
    visit(node, source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1)
    ts.forEachChild(node, enter)
  }
  enter(source)
}

/** The comments of a file with the lines they start on. */
export function commentsOf(file: ProjectFile): readonly { readonly text: string; readonly line: number }[] {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, false, ts.LanguageVariant.Standard, file.text)
  const comments: { text: string; line: number }[] = []
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    if (token !== ts.SyntaxKind.SingleLineCommentTrivia && token !== ts.SyntaxKind.MultiLineCommentTrivia) continue
    comments.push({ text: scanner.getTokenText(), line: lineAt(file.text, scanner.getTokenStart()) })
  }
  return comments
}
