import { expect, test } from 'vitest'
import { type OutPoint, outPointKey, type Txid } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import { LOOK_AT_MEMPOOL_MS, MempoolWatch } from '../../src/node/mempoolWatch.ts'
import { type Chain, ChainError, type Timers } from '../../src/ports/index.ts'

// How the node looks into the mempool: again and again, for some outpoints at a time, and each find is told once.

const outpoint = (index: number): OutPoint => ({ txid: index.toString(16).padStart(64, '0') as Txid, vout: 0 })
const spending = (spent: OutPoint): Tx => ({
  version: 2,
  inputs: [{ outpoint: spent, scriptSig: new Uint8Array(0), sequence: 0, witness: [] }],
  outputs: [],
  locktime: 0,
})

/** A watch whose time passes by `next`. */
function watching(outpoints: () => readonly OutPoint[], answer: (asked: readonly OutPoint[]) => readonly Tx[]) {
  const asked: (readonly OutPoint[])[] = []
  const told: Txid[] = []
  let due: (() => void) | undefined
  const timers: Timers = {
    after(ms, call) {
      expect(ms).toBe(LOOK_AT_MEMPOOL_MS)
      due = call
      return () => {
        due = undefined
      }
    },
    whenIdle: () => undefined,
  }
  const waitingSpends: Chain['waitingSpends'] = async wanted => {
    asked.push(wanted)
    return answer(wanted)
  }
  // It asks for nothing else.
  const chain = { waitingSpends } as Chain
  const watch = new MempoolWatch({ chain, outpoints, tell: tx => told.push(txid(tx)), timers })
  watch.start()
  const next = async (): Promise<void> => {
    due?.()
    await new Promise(resolve => setImmediate(resolve))
  }
  return { asked, told, next, watch, isWaiting: () => due !== undefined }
}

test('each transaction is told once, and what is found later is told then', async () => {
  const found: Tx[] = [spending(outpoint(1))]
  const { told, next } = watching(
    () => [outpoint(1), outpoint(2)],
    () => found,
  )
  await next()
  await next()
  found.push(spending(outpoint(2)))
  await next()
  expect(told).toEqual([txid(spending(outpoint(1))), txid(spending(outpoint(2)))])
})

test('where there is nothing at stake nothing is asked, until there is', async () => {
  let at: readonly OutPoint[] = []
  const { asked, next } = watching(
    () => at,
    () => [],
  )
  await next()
  expect(asked).toEqual([])
  at = [outpoint(7)]
  await next()
  expect(asked).toEqual([[outpoint(7)]])
})

test('of many outpoints each has its turn', async () => {
  const all = Array.from({ length: 450 }, (_, index) => outpoint(index))
  const { asked, next } = watching(
    () => all,
    () => [],
  )
  for (let i = 0; i < 3; i++) await next()
  expect(asked.map(({ length }) => length)).toEqual([200, 200, 200])
  expect(new Set(asked.flat().map(outPointKey)).size).toBe(450)
})

test('a chain that cannot be asked is asked again', async () => {
  let isAway = true
  const { told, next } = watching(
    () => [outpoint(1)],
    () => {
      if (isAway) throw new ChainError('unreachable', 'away')
      return [spending(outpoint(1))]
    },
  )
  await next()
  expect(told).toEqual([])
  isAway = false
  await next()
  expect(told).toHaveLength(1)
})

test('after its end it neither asks nor tells', async () => {
  const { asked, watch, next, isWaiting } = watching(
    () => [outpoint(1)],
    () => [],
  )
  await next()
  watch.stop()
  expect(isWaiting()).toBe(false)
  watch.start()
  await next()
  expect(asked).toHaveLength(1)
})
