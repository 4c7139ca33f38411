import { ok, type Result } from '../../base/index.ts'
import { fail, RPC, type RpcFailure } from './failure.ts'
import { type Json, type JsonType, objectOf, typeOfJson } from './json.ts'
import type { Param } from './params.ts'
import type { Session } from './session.ts'

/** One method of the interface. */
export interface Call {
  readonly name: string
  /** The name with its parameters, optional ones in brackets, then a sentence on what it does. */
  readonly usage: string
  /** Whether the chain may be another one afterwards, and so has to be saved. */
  readonly changes: boolean
  /** `params`: a list by position, or an object by name; whatever came over the wire. */
  readonly run: (session: Session, params: unknown) => Result<Json, RpcFailure>
}

type ParamsOf<V> = { readonly [K in keyof V]: Param<V[K]> }

interface CallSpec<V> {
  readonly does: string
  readonly changes?: true
  /** In the order of their positions. */
  readonly params: ParamsOf<V>
  readonly run: (session: Session, values: V) => Result<Json, RpcFailure>
}

/** A call whose parameters are read and judged before it runs, in Core's order: their number, their types, their values. */
export function defineCall<V extends Readonly<Record<string, unknown>>>(name: string, spec: CallSpec<V>): Call {
  const params: readonly (readonly [string, Param<unknown>])[] = Object.entries<Param<unknown>>(spec.params)
  const words = params.map(([param, { optional }]) => (optional ? `( ${param} )` : param))
  const usage = `${[name, ...words].join(' ')}\n\n${spec.does}`
  return {
    name,
    usage,
    changes: spec.changes === true,
    run: (session, given) => {
      const placed = inPlace(params, given, usage)
      if (!placed.ok) return placed
      const values: Record<string, unknown> = {}
      for (const [index, [param, { read }]] of params.entries()) {
        const value = read(placed.value[index], param)
        if (!value.ok) return value
        values[param] = value.value
      }
      // Each field was made by the parameter of its name, which is what V says.
      return spec.run(session, values as V)
    },
  }
}

type Params = readonly (readonly [string, Param<unknown>])[]

/** The values by position, their number and their types checked. */
function inPlace(params: Params, given: unknown, usage: string): Result<readonly unknown[], RpcFailure> {
  const listed = Array.isArray(given) ? ok<readonly unknown[]>(given) : byName(params, objectOf(given) ?? {})
  if (!listed.ok) return listed
  const values = listed.value
  const missing = params.some(([, { optional }], index) => !optional && typeOfJson(values[index]) === 'null')
  if (missing || values.length > params.length) return fail(RPC.MISC_ERROR, usage)
  const wrong: Record<string, string> = {}
  for (const [index, [name, { types }]] of params.entries()) {
    const type = typeOfJson(values[index])
    if (type === 'null' || types.includes(type)) continue
    wrong[`Position ${index + 1} (${name})`] = typeComplaint(type, types)
  }
  if (Object.keys(wrong).length === 0) return ok(values)
  return fail(RPC.TYPE_ERROR, `Wrong type passed:\n${JSON.stringify(wrong, null, 4)}`)
}

function byName(params: Params, given: Readonly<Record<string, unknown>>): Result<readonly unknown[], RpcFailure> {
  const unknown = Object.keys(given).find(key => !params.some(([name]) => name === key))
  if (unknown !== undefined) return fail(RPC.INVALID_PARAMETER, `Unknown named parameter ${unknown}`)
  return ok(params.map(([name]) => given[name]))
}

function typeComplaint(came: JsonType, expected: readonly JsonType[]): string {
  return `JSON value of type ${came} is not of expected type ${expected.join(' or ')}`
}
