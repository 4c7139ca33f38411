import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { BookendError } from '../../base/index.ts'
import { formatAddress, tcpNetwork } from '../../net/index.ts'
import { serveTower, type Tower } from '../../node/index.ts'
import { type DataDirectory, openDataDirectory, sqliteStore } from '../../storage/index.ts'
import { openChain } from '../chain/open.ts'
import { writePrivateFile } from '../dataDirectory.ts'
import { painter } from '../print.ts'
import { problemOf } from '../problems.ts'
import type { Shell } from '../shell.ts'
import { untilEnded } from '../start/ending.ts'
import { type Outlet, outletOf } from '../start/outlet.ts'
import type { WatchOptions } from './options.ts'

/** Beside the lock: 32 bytes, by which clients know the tower; and what it keeps for them. */
const FILES = { key: 'tower-key', store: 'tower.sqlite' } as const
const KEY_BYTES = 32

/** Runs a tower until someone asks it to end. Whatever was opened is closed again, also where the start fails. */
export async function runTower(shell: Shell, options: WatchOptions): Promise<void> {
  const ending = untilEnded(shell)
  const outlet = outletOf(shell)
  try {
    const directory = openDataDirectory(options.dataDir)
    try {
      const tower = await openTower(options, directory, outlet)
      try {
        tellReady(shell, {
          nodeId: tower.nodeId,
          network: options.network,
          listen: formatAddress(tower.listening),
          dataDir: directory.path,
        })
        await Promise.race([ending.asked, tower.stopped])
      } finally {
        await tower.stop()
      }
    } finally {
      directory.close()
    }
  } catch (error) {
    if (!ending.signal.aborted || problemOf(error).code !== 'aborted') throw error
  } finally {
    ending.calm()
  }
}

/** The chain first: it says at once what is wrong with it. */
async function openTower(options: WatchOptions, directory: DataDirectory, { say }: Outlet): Promise<Tower> {
  const { network, listen, clients } = options
  const chain = await openChain(options.chain, network, say)
  try {
    return await serveTower({
      network,
      chain,
      store: await sqliteStore({ file: directory.file(FILES.store) }),
      nodeSecret: keyIn(directory),
      net: nodeSecret => tcpNetwork({ nodeSecret }),
      listen,
      ...(clients !== undefined && { clients }),
      log: say,
    })
  } catch (error) {
    // What it was handed the tower has closed already, and closing twice is nothing.
    await chain.close()
    throw error
  }
}

/** Made at the first start. Who has it can pretend to be the tower, and take nobody's money. */
function keyIn(directory: DataDirectory): Uint8Array {
  const file = directory.file(FILES.key)
  if (!existsSync(file)) writePrivateFile(file, new Uint8Array(randomBytes(KEY_BYTES)))
  const key = new Uint8Array(readFileSync(file))
  if (key.length === KEY_BYTES) return key
  throw new BookendError('data_directory', `${file} has ${key.length} bytes, and a key has ${KEY_BYTES}.`, {
    advice: 'Put back the file of this tower, or remove it: its clients have to be told the new address then.',
  })
}

interface Ready {
  readonly nodeId: string
  readonly network: string
  readonly listen: string
  readonly dataDir: string
}

function tellReady(shell: Shell, facts: Ready): void {
  if (shell.json) {
    shell.out(`${JSON.stringify({ event: 'ready', ...facts, pid: process.pid })}\n`)
    return
  }
  const { nodeId, listen, network } = facts
  const paint = painter(shell.color)
  shell.out(`${paint('good', 'Watching')} ${network}. Ctrl-C ends it. Nodes that it is to watch for are started with\n`)
  shell.out(`  --watchtower ${nodeId}@${listen}\n`)
}
