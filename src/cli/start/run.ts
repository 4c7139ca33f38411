import { formatAddress, tcpNetwork } from '../../net/index.ts'
import { announcedNode, type BookendNode, createNode } from '../../node/index.ts'
import { type DataDirectory, openDataDirectory, sqliteStore } from '../../storage/index.ts'
import { openChain } from '../chain/open.ts'
import { FILES } from '../dataDirectory.ts'
import { problemOf } from '../problems.ts'
import type { Shell } from '../shell.ts'
import { openApi } from './api.ts'
import { type Ending, untilEnded } from './ending.ts'
import type { StartOptions } from './options.ts'
import { type Outlet, outletOf } from './outlet.ts'
import { phraseIn } from './seed.ts'

interface Run {
  readonly shell: Shell
  readonly options: StartOptions
  readonly version: string
  readonly directory: DataDirectory
  readonly ending: Ending
  readonly outlet: Outlet
}

/** Runs a node until someone asks it to end. Whatever was opened is closed again, also where the start fails. */
export async function runNode(shell: Shell, options: StartOptions, version: string): Promise<void> {
  const ending = untilEnded(shell)
  try {
    const directory = openDataDirectory(options.dataDir)
    try {
      await serveNode({ shell, options, version, directory, ending, outlet: outletOf(shell) })
    } finally {
      directory.close()
    }
  } catch (error) {
    // Who asks it to end while it starts gets what was asked for.
    if (!ending.signal.aborted || problemOf(error).code !== 'aborted') throw error
  } finally {
    ending.calm()
  }
}

async function serveNode(run: Run): Promise<void> {
  const { directory, ending, outlet } = run
  const node = await openNode(run)
  // Looked at below; until then it fails for nobody.
  node.stopped.catch(() => undefined)
  try {
    const api = await openApi({ ...run, node })
    try {
      const { nodeId, network, listening } = node
      const listen = listening === undefined ? null : formatAddress(listening)
      outlet.ready({ nodeId, network, listen, api: api.url, dataDir: directory.path, pid: process.pid })
      await Promise.race([ending.asked, node.stopped])
    } finally {
      await api.close()
    }
  } finally {
    await node.stop()
  }
}

/** The chain first: it says at once what is wrong with it, before somebody is asked for a passphrase. */
async function openNode({ shell, options, directory, ending, outlet }: Run): Promise<BookendNode> {
  const { network, listen, birthHeight, trustZeroConf, announce, onionMessages, watchtowers } = options
  // What nobody could be told is refused before there is a seed.
  announcedNode(announce)
  const chain = await openChain(options.chain, network, outlet.say)
  try {
    const phrase = await phraseIn(shell, directory.file(FILES.seed), options.seed)
    const store = await sqliteStore({ file: directory.file(FILES.store) })
    return await createNode({
      phrase,
      network,
      chain,
      store,
      net: { network: nodeSecret => tcpNetwork({ nodeSecret }), ...(listen === undefined ? {} : { listen }) },
      ...(birthHeight !== undefined && { birthHeight }),
      trustZeroConf,
      announce,
      onionMessages,
      watchtowers,
      log: outlet.say,
      signal: ending.signal,
    })
  } catch (error) {
    // What it was handed the node has closed already, and closing twice is nothing.
    await chain.close()
    throw error
  }
}
