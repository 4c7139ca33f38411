import { err, ok, type Result } from '../../base/index.ts'

// What a person may ask of `bookend regtest`, and the one sentence that says what is allowed when it was something else.

/** Where the calls go, and with which name and password. */
export interface Endpoint {
  readonly port: number
  readonly user: string
  readonly password: string
}

export interface RegtestCommandOptions extends Endpoint {
  /** Absent: the chain ends with the process. */
  readonly dataDir?: string
  readonly json: boolean
}

/** Where Bitcoin Core listens on regtest. */
export const DEFAULT_PORT = 18443
export const DEFAULT_CREDENTIAL = 'bookend'
const MAX_PORT = 65_535
/** Blocks that one `mine` asks for. */
const MAX_BLOCKS = 10_000

/** The options as they were typed. */
export interface TypedOptions {
  readonly rpcPort: string
  readonly rpcUser: string
  readonly rpcPassword: string
  readonly dataDir?: string
  readonly json?: boolean
}

/** The options as values, or a sentence that says what is allowed. */
export function readOptions(typed: TypedOptions): Result<RegtestCommandOptions, string> {
  const endpoint = readEndpoint(typed, 0)
  if (!endpoint.ok) return endpoint
  const { dataDir, json } = typed
  if (dataDir === '') return err("--data-dir is a folder, not ''.")
  return ok({ ...endpoint.value, json: json === true, ...(dataDir === undefined ? {} : { dataDir }) })
}

/** `lowest`: 0 where a port is to be listened on, any free one will do; 1 where somebody listens. */
export function readEndpoint(typed: TypedOptions, lowest: 0 | 1): Result<Endpoint, string> {
  const port = wholeNumber(typed.rpcPort)
  if (!(port >= lowest && port <= MAX_PORT)) {
    const any = lowest === 0 ? ', where 0 picks a free one' : ''
    return err(`--rpc-port is a port from ${lowest} to ${MAX_PORT}${any}, not '${typed.rpcPort}'.`)
  }
  // Basic authentication ends the name at the first colon (RFC 7617).
  if (typed.rpcUser === '' || typed.rpcUser.includes(':')) {
    return err(`--rpc-user is a name without a colon, not '${typed.rpcUser}'.`)
  }
  if (typed.rpcPassword === '') return err('--rpc-password is not empty.')
  return ok({ port, user: typed.rpcUser, password: typed.rpcPassword })
}

export function readBlockCount(typed: string): Result<number, string> {
  const count = wholeNumber(typed)
  if (count >= 1 && count <= MAX_BLOCKS) return ok(count)
  return err(`the number of blocks is a whole number from 1 to ${MAX_BLOCKS}, not '${typed}'.`)
}

/** Not a number where there are other characters than digits. */
function wholeNumber(typed: string): number {
  return /^\d{1,9}$/.test(typed) ? Number(typed) : Number.NaN
}
