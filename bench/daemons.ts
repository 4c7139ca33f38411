import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Sat, sat } from '../src/base/index.ts'
import { scriptFromAddress } from '../src/bitcoin/index.ts'
import { createRegtestChain, type RegtestChain, serveRegtestRpc } from '../src/regtest/index.ts'
import type { DaemonMethods, Started } from './daemon.ts'

/** A chain served over RPC by this process, for nodes in others. */
export interface ServedChain {
  readonly chain: RegtestChain
  readonly url: string
  close(): Promise<void>
}

export async function serveChain(): Promise<ServedChain> {
  const chain = createRegtestChain()
  const credentials = { user: 'bookend', password: 'bookend' }
  const served = await serveRegtestRpc({ chain, port: 0, ...credentials, now: () => Math.floor(Date.now() / 1000) })
  if (!served.ok) throw new Error(served.error)
  return { chain, url: `http://bookend:bookend@127.0.0.1:${served.value.port}`, close: served.value.close }
}

export function fund(chain: RegtestChain, address: string, amountSat: Sat): void {
  const script = scriptFromAddress(address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  const funded = chain.fund(script.value, amountSat)
  if (!funded.ok) throw new Error(funded.error.reason)
}

/** One daemon, as its parent has it. */
export class Daemon {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error))
    })
    child.on('exit', code => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`a daemon has ended with ${code}`))
    })
  }

  ask<M extends keyof DaemonMethods>(
    method: M,
    ...[content]: Parameters<DaemonMethods[M]>
  ): Promise<Awaited<ReturnType<DaemonMethods[M]>>> {
    this.#last += 1
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(this.#last, waiting)
    this.#child.send({ id: this.#last, method, content })
    // The daemon answers with what its method returns.
    return waiting.promise as Promise<Awaited<ReturnType<DaemonMethods[M]>>>
  }

  async stop(): Promise<void> {
    this.#child.disconnect()
    await once(this.#child, 'exit')
  }
}

export interface DaemonPair {
  readonly payer: Daemon
  readonly payee: Daemon
  readonly payeeAt: Started
  stop(): Promise<void>
}

export interface PairOptions {
  /** Each writes a profile of its processor time there. */
  readonly profileIn?: string
  /** The tower of both, as `NODEID@PORT`: asked for when their chain is there. */
  readonly tower?: (chainUrl: string) => Promise<string>
}

/** Two daemons with a channel that is all the payer's. */
export async function startPair({ profileIn, tower }: PairOptions = {}): Promise<DaemonPair> {
  const served = await serveChain()
  const uri = await tower?.(served.url)
  const [payer, payee] = [await startDaemon(served.url, profileIn, uri), await startDaemon(served.url, profileIn, uri)]
  const payeeAt = await payee.ask('started')
  fund(served.chain, await payer.ask('address'), sat(20_000_000))
  await until(async () => (await payer.ask('confirmedSat')) > 0)
  await payer.ask('open', { peer: payeeAt, capacitySat: 16_000_000 })
  await until(async () => {
    // The funding transaction is on its way to the chain: it is in one of the blocks.
    served.chain.mine(1)
    return (await payer.ask('usable')) > 0 && (await payee.ask('usable')) > 0
  })
  for (const side of [payer, payee]) await until(async () => (await side.ask('height')) === served.chain.height)
  return {
    payer,
    payee,
    payeeAt,
    async stop() {
      await payer.stop()
      await payee.stop()
      await served.close()
    },
  }
}

export async function startDaemon(chainUrl: string, profileIn?: string, tower = ''): Promise<Daemon> {
  const profile = profileIn === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileIn}`]
  const child = fork(fileURLToPath(new URL('daemon.ts', import.meta.url)), [chainUrl, tower], { execArgv: profile })
  await once(child, 'message')
  return new Daemon(child)
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (await holds()) return
    await pause(50)
  }
  throw new Error('it took too long')
}
