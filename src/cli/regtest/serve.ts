import { err, ok, type Result } from '../../base/index.ts'
import { serveRegtestRpc } from '../../regtest/index.ts'
import { type Keeper, keepInFolder, keepInMemory } from './keeper.ts'
import type { RegtestCommandOptions } from './options.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Serves until a signal or the `stop` call comes, and ends with everything saved. The failure is a sentence. */
export async function serve(
  options: RegtestCommandOptions,
  print: (line: string) => void,
): Promise<Result<true, string>> {
  const now = () => Math.floor(Date.now() / 1000)
  const { dataDir } = options
  const kept = dataDir === undefined ? ok(keepInMemory(now)) : keepInFolder(dataDir, now)
  if (!kept.ok) return kept
  const keeper = kept.value
  try {
    return await serveKept(keeper, options, { now, print })
  } finally {
    keeper.release()
  }
}

async function serveKept(
  keeper: Keeper,
  options: RegtestCommandOptions,
  { now, print }: { readonly now: () => number; readonly print: (line: string) => void },
): Promise<Result<true, string>> {
  const { chain, save } = keeper
  const { port, user, password } = options
  const ended = Promise.withResolvers<void>()
  const end = () => ended.resolve()
  // From before the first request on, so that a signal never meets a chain that is not saved.
  for (const signal of SIGNALS) process.on(signal, end)
  try {
    const server = await serveRegtestRpc({ chain, port, user, password, now, save, onStop: end })
    if (!server.ok) return err(`port ${port} cannot be listened on: ${server.error}.`)
    print(readyLine(keeper, options, server.value.url))
    await ended.promise
    await server.value.close()
    return await save()
  } finally {
    for (const signal of SIGNALS) process.off(signal, end)
  }
}

/** For a program one JSON object, for a person a sentence. The password is in neither. */
function readyLine({ chain }: Keeper, { dataDir, user, json }: RegtestCommandOptions, rpc: string): string {
  const { height, tip } = chain
  if (json) {
    const place = dataDir === undefined ? {} : { dataDir }
    return JSON.stringify({
      event: 'ready',
      rpc,
      user,
      pid: process.pid,
      height,
      bestblockhash: tip.hash,
      ...place,
    })
  }
  const kept = dataDir === undefined ? 'kept in memory only' : `kept in ${dataDir}`
  return `Regtest is ready at ${rpc}, user ${user}: height ${height}, ${kept}. Ctrl-C ends it.`
}
