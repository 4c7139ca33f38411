import type { ApiOptions, ServedApi } from './server.ts'

/**
 * Serves the API of a node; see `ApiOptions`. The server comes with its libraries only when it is asked for: whoever only wants the
 * client, such as a command that asks a running node, does not wait for them.
 */
export async function serveApi(options: ApiOptions): Promise<ServedApi> {
  const server = await import('./server.ts')
  return server.serveApi(options)
}
