import { installBestBackends } from '../../node/index.ts'
import { chainTyped } from '../chain/named.ts'
import { dataDirectoryOf, networkTyped } from '../dataDirectory.ts'
import type { Shell } from '../shell.ts'
import { apiTyped, listenTyped } from '../start/options.ts'
import { checkApi } from './api.ts'
import { checkChain, checkChainOfNode } from './chain.ts'
import type { Check } from './check.ts'
import { checkDirectory, checkSpace, checkSync } from './directory.ts'
import { checkCrypto, checkNodeVersion } from './installation.ts'
import { checkPort } from './ports.ts'
import type { TypedDoctor } from './typedDoctor.ts'

/** Looks at everything, one after the other: the disk is not measured while something else is busy. */
export async function examine(
  shell: Shell,
  typed: TypedDoctor,
  now: () => number = Date.now,
): Promise<readonly Check[]> {
  const network = networkTyped(typed.network)
  const listen = listenTyped(typed.listen)
  const address = apiTyped(typed.api)
  const path = dataDirectoryOf(shell, typed)
  const chain = chainTyped(shell, typed, network)
  const api = await checkApi(shell, typed)
  const ours = api.url === undefined || api.info === undefined ? undefined : addressIn(api.url)
  return [
    checkNodeVersion(),
    await checkCrypto(installBestBackends),
    checkDirectory(path),
    checkSync(path),
    checkSpace(path),
    ...(api.info !== undefined &&
    typed.chain === undefined &&
    typed.esplora === undefined &&
    typed.electrum === undefined
      ? [checkChainOfNode(api.info)]
      : await checkChain({ chain, network, now: Math.floor(now() / 1000) })),
    ...(listen === undefined
      ? []
      : [await checkPort({ name: 'port for peers', address: listen, option: '--listen', ours: api.info?.listening })]),
    await checkPort({ name: 'port of the API', address, option: '--api', ours }),
    api.check,
  ]
}

function addressIn(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}
