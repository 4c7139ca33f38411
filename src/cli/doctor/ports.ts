import { createServer } from 'node:net'
import { formatAddress } from '../../net/index.ts'
import type { NetAddress } from '../../ports/index.ts'
import { type Check, fail, good } from './check.ts'

export interface PortOf {
  /** `port for peers`. */
  readonly name: string
  readonly address: NetAddress
  /** The option that names another one. */
  readonly option: '--listen' | '--api'
  /** Where the node of this directory listens already. */
  readonly ours: NetAddress | undefined
}

/** Whether a start could listen there, by doing it. */
export async function checkPort({ name, address, option, ours }: PortOf): Promise<Check> {
  if (ours !== undefined) return good(name, `${formatAddress(ours)} is this node's`)
  const where = formatAddress(address)
  const reason = await tryToListen(address)
  if (reason === undefined) return good(name, `${where} is free`)
  if (reason === 'EADDRINUSE')
    return fail(
      name,
      `${where} is used by another program`,
      `Stop that one, or choose another with ${option} HOST:PORT.`,
    )
  return fail(name, `${where} cannot be listened on (${reason})`, `Choose another with ${option} HOST:PORT.`)
}

/** The code of the system where it does not let us. */
function tryToListen({ host, port }: NetAddress): Promise<string | undefined> {
  return new Promise(done => {
    const server = createServer()
    server.once('error', error => done('code' in error ? String(error.code) : error.message))
    server.listen({ host, port }, () => server.close(() => done(undefined)))
  })
}
