import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type NodeId, sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { createRegtestChain, type RegtestChain, type RpcServer, serveRegtestRpc } from '../../src/regtest/index.ts'
import { value } from '../regtest/support.ts'
import type { LdkOptions } from './ldk/protocol.ts'
import { LdkProcess } from './ldkProcess.ts'

// A chain, and LDK on it in a process of its own, which reaches it as it would reach a Bitcoin Core.

const STEP_MS = 10
const PATIENCE_MS = 120_000
const COIN_SAT = 20_000_000n
const COINS = 3
const [USER, PASSWORD] = ['ldk', 'ldk']
const seconds = (): number => Math.floor(Date.now() / 1000)

export class Stage {
  readonly chain: RegtestChain
  readonly ldk: LdkProcess
  readonly #rpc: RpcServer
  readonly #folders: string[] = []
  readonly #others: LdkProcess[] = []

  private constructor(chain: RegtestChain, rpc: RpcServer, ldk: LdkProcess, folder: string) {
    this.chain = chain
    this.#rpc = rpc
    this.ldk = ldk
    this.#folders.push(folder)
  }

  static async create(options: Partial<LdkOptions> = {}): Promise<Stage> {
    const chain = createRegtestChain({ now: seconds })
    chain.mine(1)
    const rpc = value(await serveRegtestRpc({ chain, port: 0, user: USER, password: PASSWORD, now: seconds }))
    const folder = mkdtempSync(join(tmpdir(), 'bookend-ldk-'))
    const ldk = await LdkProcess.start({ ...ldkOn(rpc, folder), ...options })
    const stage = new Stage(chain, rpc, ldk, folder)
    const { address } = await ldk.ask('address')
    for (let coin = 0; coin < COINS; coin++) stage.pay(address)
    await ldk.ask('sync')
    return stage
  }

  get dataDir(): string {
    return this.#folders[0] ?? ''
  }

  get ldkId(): NodeId {
    return this.ldk.nodeId as NodeId
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'bookend-ours-'))
    this.#folders.push(folder)
    return folder
  }

  /** One more LDK on this chain. It has no coins. */
  async another(): Promise<LdkProcess> {
    const ldk = await LdkProcess.start({ ...ldkOn(this.#rpc, this.folder()), seed: '5f'.repeat(32) })
    this.#others.push(ldk)
    return ldk
  }

  /** A coin, confirmed. */
  pay(address: string): void {
    value(this.chain.fund(value(scriptFromAddress(address, 'regtest')), sat(COIN_SAT)))
  }

  async close(): Promise<void> {
    for (const ldk of [this.ldk, ...this.#others]) await ldk.kill()
    await this.#rpc.close()
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
  }
}

function ldkOn({ port }: RpcServer, dataDir: string): LdkOptions {
  const chain = `http://${USER}:${PASSWORD}@127.0.0.1:${port}`
  return { seed: '5e'.repeat(32), dataDir, chain, port: 0, feeratePerKw: 1_000 }
}

/** Waits for what comes true by itself. */
export async function until<T>(what: string, holds: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await holds()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await pause(STEP_MS)
  }
}
