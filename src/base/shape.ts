// Whether a value that came out of JSON is what it is taken for. Records of our own can be damaged, or those of another version.

type Kind = 'string' | 'number' | 'bigint' | 'boolean' | 'list'

/** What each field holds; with `?` it may be absent. Fields that are not named may hold anything. */
export interface Shape {
  readonly [field: string]: Kind | `${Kind}?` | Shape
}

/** Numbers are times and counts: exact integers from 0. Of a list, only that it is one is looked at. */
export function hasShape(value: unknown, shape: Shape): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  // Fields of its own: `constructor` is there in every object.
  const fields = new Map<string, unknown>(Object.entries(value))
  return Object.entries(shape).every(([field, wanted]) => fits(fields.get(field), wanted))
}

function fits(value: unknown, wanted: Shape[string]): boolean {
  if (typeof wanted === 'object') return hasShape(value, wanted)
  if (wanted.endsWith('?') && value === undefined) return true
  const kind = wanted.replace('?', '')
  if (kind === 'list') return Array.isArray(value)
  return kind === 'number' ? Number.isSafeInteger(value) && Number(value) >= 0 : typeof value === kind
}
