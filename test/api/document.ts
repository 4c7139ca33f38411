import { readFileSync } from 'node:fs'
import { serveApi } from '../../src/api/index.ts'
import { fakeNode } from './fakeNode.ts'

/** The OpenAPI document as the API of this version serves it, with every key in its place. */
export async function servedDocument(): Promise<unknown> {
  const api = await serveApi({
    node: fakeNode().node,
    listen: { host: '127.0.0.1', port: 0 },
    adminSecret: 'unused',
    onStop: () => {},
    version: versionOfPackage(),
  })
  try {
    return await (await fetch(`${api.url}/v1/openapi.json`)).json()
  } finally {
    await api.close()
  }
}

export function versionOfPackage(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return manifest.version
}
