import { readFile } from 'node:fs/promises'
import type { Endpoint } from '../http.ts'
import { type ChainNetwork, NETWORKS } from '../networks.ts'
import { badUrl, noCookie, noLogin } from './errors.ts'

// Where bitcoind is, and who we are there.

/** What goes into the header `Authorization`. */
export interface Login {
  header(): Promise<string>
  /** The one to use now that this one was turned away; `undefined` where there is no other. */
  renewed(refused: string): Promise<string | undefined>
}

/** Rejects with a `ChainError` that does not repeat the URL: it may hold a password. */
export function parseUrl(text: string, network: ChainNetwork): { readonly endpoint: Endpoint; readonly login?: Login } {
  const url = URL.parse(text)
  if (url?.protocol !== 'http:' || url.hostname === '') throw badUrl()
  const port = url.port === '' ? NETWORKS[network].rpcPort : Number(url.port)
  // Brackets set an IPv6 address off from the port, and are no part of it.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const endpoint = { host, port, path: url.pathname, where: `${url.hostname}:${port}` }
  if (url.username === '' && url.password === '') return { endpoint }
  return { endpoint, login: fixedLogin(`${unescaped(url.username)}:${unescaped(url.password)}`) }
}

export function loginOf(
  { endpoint, login }: { readonly endpoint: Endpoint; readonly login?: Login },
  cookieFile: string | undefined,
): Login {
  if (cookieFile !== undefined) return cookieLogin(cookieFile)
  if (login === undefined) throw noLogin(endpoint.where)
  return login
}

function fixedLogin(credentials: string): Login {
  const header = basic(credentials)
  return { header: async () => header, renewed: async () => undefined }
}

/** bitcoind writes `__cookie__:<password>` each time it starts, and takes the file away when it ends. */
function cookieLogin(file: string): Login {
  let last: string | undefined
  const read = async (): Promise<string> => {
    last = basic(await readCookie(file))
    return last
  }
  return {
    header: async () => last ?? (await read()),
    async renewed(refused) {
      const now = await read()
      return now === refused ? undefined : now
    },
  }
}

async function readCookie(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw noCookie(file, error.code ?? 'it cannot be read')
  })
  const cookie = text.trim()
  if (!/^[^\s:]+:\S+$/.test(cookie)) throw noCookie(file, 'it does not hold a user and a password')
  return cookie
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badUrl()
  }
}
