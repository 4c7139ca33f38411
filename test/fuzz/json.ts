import { concat, utf8Encode } from '../../src/base/index.ts'
import type { Random } from '../processes/random.ts'
import { mutateBytes } from './mutate.ts'
import { nudgedLeaf } from './nudge.ts'

// Bodies and records of JSON, changed as values: what stands in quotes stays in quotes, until it does not.

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e21,
  -0,
  '',
  '0',
  '-1',
  '1e3',
  '0x10',
  ' 1',
  '٣',
  'all',
  '18446744073709551616',
  [],
  {},
  [[]],
  { length: 3 },
  'a'.repeat(300),
  '\ud800',
]
const KEYS = ['__proto__', 'constructor', 'toString', 'type', 'id', '', 'amountMsat']

/** The text of another value that is like it, or rarely a text that is no JSON. */
export function mutateJson(input: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  if (random.chance(0.1)) return mutateBytes(input, random, others)
  try {
    let value: unknown = JSON.parse(new TextDecoder().decode(input))
    for (let edits = random.between(1, 3); edits > 0; edits--) value = changed(value, random)
    return utf8Encode(wellFormed(JSON.stringify(value) ?? 'null'))
  } catch {
    return mutateBytes(input, random, others)
  }
}

/** The same with so many bytes before it that say what the body is for. */
export function mutateBody(input: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const bodies = others.map(other => other.subarray(1))
  return concat(input.subarray(0, 1), mutateJson(input.subarray(1), random, bodies))
}

// UTF-8 has no halves of surrogate pairs; JSON says them with escapes.
const wellFormed = (text: string): string =>
  text.replace(/[\ud800-\udfff]/gu, half => `\\u${half.charCodeAt(0).toString(16)}`)

function changed(value: unknown, random: Random): unknown {
  if (random.chance(0.15)) return random.of(STRANGE)
  if (Array.isArray(value)) return changedList(value, random)
  if (typeof value === 'object' && value !== null) return changedObject(value, random)
  if (typeof value === 'string' && /^\d+$/.test(value) && random.chance(0.7)) {
    return String(nudgedLeaf(BigInt(value), random))
  }
  return nudgedLeaf(value, random)
}

function changedList(list: readonly unknown[], random: Random): readonly unknown[] {
  if (list.length === 0) return [random.of(STRANGE)]
  const at = random.between(0, list.length - 1)
  const way = random.next()
  if (way < 0.2) return list.toSpliced(at, 1)
  if (way < 0.35) return [...list, list[at]]
  return list.with(at, changed(list[at], random))
}

function changedObject(object: object, random: Random): object {
  const entries = Object.entries(object)
  const way = random.next()
  if (entries.length === 0 || way < 0.1) return fromEntries([...entries, [random.of(KEYS), random.of(STRANGE)]])
  const at = random.between(0, entries.length - 1)
  const [key, value] = entries[at] ?? ['', undefined]
  if (way < 0.25) return fromEntries(entries.toSpliced(at, 1))
  if (way < 0.3) return fromEntries(entries.with(at, [random.of(KEYS), value]))
  return fromEntries(entries.with(at, [key, changed(value, random)]))
}

/** Also `__proto__` becomes a field of its own, as `JSON.parse` has it. */
const fromEntries = (entries: readonly (readonly [string, unknown])[]): object => Object.fromEntries(entries)
