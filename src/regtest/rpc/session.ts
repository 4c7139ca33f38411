import type { Txid } from '../../base/index.ts'
import type { RegtestChain } from '../chain.ts'

/** What calls work on, for as long as the server runs. */
export interface Session {
  readonly chain: RegtestChain
  /** How each call is used, by its name. */
  readonly usages: ReadonlyMap<string, string>
  /** Seconds since 1970. */
  readonly now: () => number
  readonly startedAt: number
  /** When a waiting transaction came in, in seconds since 1970; the start of the server for those that were there before. */
  readonly arrivedAt: (txid: Txid) => number
  /** Grows with each change of the mempool. */
  readonly mempoolSequence: () => number
  /** Ends the server once the answer is out. */
  readonly stop: () => void
}

export interface SessionParts {
  readonly chain: RegtestChain
  readonly usages: ReadonlyMap<string, string>
  readonly now: () => number
  readonly stop: () => void
}

export function createSession({ chain, usages, now, stop }: SessionParts): Session & { readonly end: () => void } {
  const startedAt = now()
  const arrivals = new Map<Txid, number>()
  let sequence = 1
  const end = chain.onMempool(({ type, txid }) => {
    sequence += 1
    if (type === 'transaction_added') arrivals.set(txid, now())
    else arrivals.delete(txid)
  })
  return {
    chain,
    usages,
    now,
    startedAt,
    arrivedAt: txid => arrivals.get(txid) ?? startedAt,
    mempoolSequence: () => sequence,
    stop,
    end,
  }
}
