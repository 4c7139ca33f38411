// What a server wrote in JSON, looked at field by field.

/** Nothing but fields; none where it is no object. */
export function fieldsOf(json: unknown): Readonly<Record<string, unknown>> {
  // Objects of JSON have nothing but fields.
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
}

export const isHash = (json: unknown): json is string => typeof json === 'string' && /^[0-9a-f]{64}$/.test(json)
export const isWhole = (json: unknown): json is number =>
  typeof json === 'number' && Number.isSafeInteger(json) && json >= 0
