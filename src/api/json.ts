// What the node's values look like in JSON: the same names, amounts as decimal strings, absent values left out.

/** A value of the node as it comes out of `JSON.parse` on the other side. */
export type JsonOf<T> = T extends bigint
  ? string
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? JsonOf<Item>[]
      : { [K in keyof T]: JsonOf<T[K]> }

/** Amounts become text, `undefined` goes. For plain data alone: what the node answers is that. */
export function toJson<T>(value: T): JsonOf<T>
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value !== 'object' || value === null) return value
  const result: Record<string, unknown> = {}
  for (const [key, part] of Object.entries(value)) if (part !== undefined) result[key] = toJson(part)
  return result
}
