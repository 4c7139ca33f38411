import { randomBytes } from 'node:crypto'
import { existsSync, unlinkSync } from 'node:fs'
import { serveApi } from '../../api/index.ts'
import type { BookendNode } from '../../node/index.ts'
import type { NetAddress } from '../../ports/index.ts'
import type { DataDirectory } from '../../storage/index.ts'
import { FILES, readText, writePrivateFile } from '../dataDirectory.ts'
import type { Ending } from './ending.ts'
import type { Outlet } from './outlet.ts'

interface ApiOf {
  readonly node: BookendNode
  readonly options: { readonly api: NetAddress }
  readonly version: string
  readonly directory: DataDirectory
  readonly ending: Ending
  readonly outlet: Outlet
}

export interface OpenApi {
  readonly url: string
  close(): Promise<void>
}

/** Serves the API, and leaves in the data directory where it is and what opens it. */
export async function openApi({ node, options, version, directory, ending, outlet }: ApiOf): Promise<OpenApi> {
  const file = directory.file(FILES.api)
  const api = await serveApi({
    node,
    listen: options.api,
    adminSecret: adminSecretIn(directory.file(FILES.token)),
    onStop: ending.ask,
    version,
    log: message => outlet.say({ level: 'error', message }),
  })
  const url = urlFromHere(api.url)
  const close = async (): Promise<void> => {
    try {
      // Not `rmSync`, whose errors have no code.
      if (existsSync(file)) unlinkSync(file)
    } finally {
      // Whatever the disk says: while the API is open, the process does not end.
      await api.close()
    }
  }
  try {
    writePrivateFile(file, `${JSON.stringify({ url, pid: process.pid })}\n`)
  } catch (error) {
    await close()
    throw error
  }
  return { url, close }
}

/** The same for the life of the directory, so that scripts can keep it. */
function adminSecretIn(file: string): string {
  const kept = readText(file)?.trim() ?? ''
  if (kept !== '') return kept
  const secret = randomBytes(32).toString('hex')
  writePrivateFile(file, `${secret}\n`)
  return secret
}

/** Who listens on all addresses of a machine is found on its loopback. */
const urlFromHere = (url: string): string => url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
