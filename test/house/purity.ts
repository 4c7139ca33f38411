import ts from 'typescript'
import { isPureRoom } from './floorPlan.ts'
import { walk } from './syntax.ts'
import { type Complaint, isSource, type ProjectFile, type Rule, roomOf } from './tree.ts'

/** What the pure floors go without, and what they use instead. */
const REPLACEMENT_OF_NAME: Readonly<Record<string, string>> = {
  Date: 'take the time from the context or the input, as a value',
  Promise: 'return an effect and take its outcome as an input',
  process: 'take what you need from the context',
  Buffer: 'use Uint8Array and the helpers of base/bytes.ts',
  console: 'return a value or an event effect; the driver logs',
  setTimeout: 'return a wake effect; the timer comes back as an input',
  setInterval: 'return a wake effect; the timer comes back as an input',
  setImmediate: 'return an effect',
  queueMicrotask: 'return an effect',
  fetch: 'return an effect; the driver talks to the network',
  performance: 'take the time from the context or the input, as a value',
  globalThis: 'take what you need from the context',
  require: 'import at the top of the file',
}
const REPLACEMENT_OF_MEMBER: Readonly<Record<string, string>> = {
  'Math.random': 'take entropy from the context or the input, as bytes',
  'crypto.getRandomValues': 'take entropy from the context or the input, as bytes',
  'crypto.randomUUID': 'take entropy from the context or the input, as bytes',
}

/** Floors 0 to 7 have no clock, no entropy, no host and no promise. */
export const pureFloors: Rule = tree =>
  tree.filter(file => isSource(file) && isPureRoom(roomOf(file.path) ?? '')).flatMap(impurities)

function impurities(file: ProjectFile): readonly Complaint[] {
  const complaints: Complaint[] = []
  const complain = (line: () => number, what: string, instead: string) =>
    complaints.push(`${file.path}:${line()} uses ${what} on a pure floor: ${instead}.`)
  walk(file, (node, line) => {
    if (node.kind === ts.SyntaxKind.AsyncKeyword)
      complain(line, 'async', 'a step is synchronous, return an effect instead')
    if (ts.isAwaitExpression(node)) complain(line, 'await', 'return an effect and take its outcome as an input')
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      complain(line, 'import()', 'import at the top of the file')
    if (ts.isPropertyAccessExpression(node)) {
      const member = node.getText()
      const instead = REPLACEMENT_OF_MEMBER[member]
      if (instead !== undefined) complain(line, member, instead)
    }
    if (ts.isIdentifier(node) && !isMemberName(node) && Object.hasOwn(REPLACEMENT_OF_NAME, node.text))
      complain(line, node.text, REPLACEMENT_OF_NAME[node.text] ?? '')
  })
  return complaints
}

/** `x.process` and `{ process: … }` name a field, not the global. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  const isField = ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent)
  return (isField || ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent)) && parent.name === node
}
