import { inspect } from 'node:util'
import { afterEach, expect, vi } from 'vitest'
import { type BitcoindOptions, bitcoindChain } from '../../src/chain/index.ts'
import { type Chain, ChainError } from '../../src/ports/index.ts'
import { basic, PASSWORD, USER } from '../regtest/rpcClient.ts'
import { type Stub, type StubScript, stubBitcoind } from './stubBitcoind.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Ends something after the test, the last one first. */
export function afterwards(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup)
}

export async function stub(script: StubScript, port?: number): Promise<Stub> {
  const made = await stubBitcoind(script, port)
  afterwards(made.close)
  return made
}

/** A view of a chain that bitcoind does not let wait: pauses are short. */
export async function connect(url: string, options: Partial<BitcoindOptions> = {}): Promise<Chain> {
  const limits = { firstPauseMs: 1, ...options.limits }
  const chain = await bitcoindChain({ url, network: 'regtest', pollMs: 1, ...options, limits })
  afterwards(() => chain.close())
  return chain
}

export async function scripted(script: StubScript, options: Partial<BitcoindOptions> = {}) {
  const bitcoind = await stub(script)
  return { bitcoind, chain: await connect(bitcoind.url, options) }
}

/** What a question fails with: a `ChainError`, wherever one looks without the password. */
export async function failureOf(asked: Promise<unknown>): Promise<ChainError> {
  const error: unknown = await asked.then(
    value => new Error(`expected a failure, got ${JSON.stringify(value)}`),
    reason => reason,
  )
  if (!(error instanceof ChainError)) throw error
  const all = inspect(error, { depth: null, showHidden: true })
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), basic(USER, PASSWORD).slice('Basic '.length)])
    expect(all).not.toContain(secret)
  return error
}

/** Waits until it holds, however busy the computer is. */
export const eventually = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 20_000, interval: 5 })
