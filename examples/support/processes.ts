import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type BookendClient, createClient } from '../../src/index.ts'

// `bookend regtest` and `bookend start` as processes of their own, as a script starts them: on free ports, in a folder that is gone
// at the end. In a program of yours the launcher is node_modules/.bin/bookend.

const LAUNCHER = fileURLToPath(new URL('../../bin/bookend.js', import.meta.url))

/** A daemon that is ready. */
export interface Daemon extends AsyncDisposable {
  readonly client: BookendClient
  readonly nodeId: string
  /** host:port, for `bookend open`. */
  readonly listen: string
  readonly dataDir: string
  readonly api: string
  readonly token: string
}

/** A chain that is served. */
export interface ChainProcess extends AsyncDisposable {
  /** With user and password, for `bookend start --chain`. */
  readonly url: string
  readonly call: (method: string, ...params: readonly unknown[]) => Promise<unknown>
}

export async function startChain(): Promise<ChainProcess> {
  const { ready, stop } = await startProcess(['regtest', '--rpc-port', '0', '--json'])
  const { host } = new URL(`${ready.rpc}`)
  return {
    url: `http://bookend:bookend@${host}`,
    call: async (method, ...params) => {
      const answer = await fetch(`http://${host}`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa('bookend:bookend')}` },
        body: JSON.stringify({ method, params }),
      })
      const { result, error } = (await answer.json()) as { result: unknown; error: { message: string } | null }
      if (error !== null) throw new Error(`${method}: ${error.message}`)
      return result
    },
    [Symbol.asyncDispose]: stop,
  }
}

export async function startDaemon(chain: ChainProcess): Promise<Daemon> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bookend-example-'))
  const where = ['--network', 'regtest', '--chain', chain.url, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0']
  const { ready, stop } = await startProcess(['start', '--data-dir', dataDir, ...where, '--unencrypted-seed', '--json'])
  const [nodeId, listen, api] = [`${ready.nodeId}`, `${ready.listen}`, `${ready.api}`]
  const token = readFileSync(join(dataDir, 'api-token'), 'utf8').trim()
  return {
    client: createClient({ url: api, token }),
    nodeId,
    listen,
    dataDir,
    api,
    token,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

interface Started {
  readonly ready: Readonly<Record<string, unknown>>
  /** In good order, as Ctrl-C does it. */
  readonly stop: () => Promise<void>
}

/** Resolves with the first line, which says that it is ready. Rejects with what it said where it ends before. */
function startProcess(args: readonly string[]): Promise<Started> {
  const child: ChildProcess = spawn(process.execPath, [LAUNCHER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>(done => child.once('close', () => done()))
  const stop = async (): Promise<void> => {
    child.kill('SIGINT')
    await ended
  }
  return new Promise((done, failed) => {
    let [out, errors] = ['', '']
    child.stdout?.on('data', bytes => {
      if (out.includes('\n')) return
      out += String(bytes)
      const [line, ...rest] = out.split('\n')
      if (line !== undefined && rest.length > 0) done({ ready: JSON.parse(line), stop })
    })
    child.stderr?.on('data', bytes => {
      errors += String(bytes)
    })
    child.once('close', () => failed(new Error(`bookend ${args[0]} ended:\n${errors}`)))
  })
}

/** Looks again and again until it holds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let times = 0; times < 1_200; times++) {
    if (await holds()) return
    await pause(50)
  }
  throw new Error('It did not come true.')
}

/** The same, with a block now and then. */
export async function mineUntil(chain: ChainProcess, holds: () => Promise<boolean>): Promise<void> {
  for (let times = 0; times < 100; times++) {
    await chain.call('bookend_mine', 1)
    for (let looks = 0; looks < 10; looks++) {
      if (await holds()) return
      await pause(50)
    }
  }
  throw new Error('It did not come true.')
}

/** A chain, two daemons, and a channel that is Alice's whole: for who needs a running node to talk to. */
export async function openChannelBetween(chain: ChainProcess, alice: Daemon, bob: Daemon): Promise<string> {
  const { address } = await alice.client.newAddress()
  await chain.call('bookend_fund', address, 0.02)
  await until(async () => (await alice.client.balance()).onchainConfirmedSat === '2000000')
  const [host = '', port = ''] = bob.listen.split(':')
  const { channelId } = await alice.client.openChannel({
    peer: { nodeId: bob.nodeId, address: { host, port: Number(port) } },
    capacitySat: '1000000',
  })
  await mineUntil(chain, async () => {
    const sides = await Promise.all([alice.client.channels(), bob.client.channels()])
    return sides.every(([channel]) => channel?.usable === true)
  })
  // Both have seen the same blocks: expiries are heights.
  const height = await chain.call('getblockcount')
  for (const { client } of [alice, bob]) await until(async () => (await client.info()).blockHeight === height)
  return channelId
}
