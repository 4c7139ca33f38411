import { expect, test } from 'vitest'
import { ForwardLine } from '../../bench/forwardLine.ts'
import { memoryStore } from '../../src/storage/index.ts'

// Five nodes in a row, each with the driver of the node room and a store, and payments from both ends at once.
// `node bench/line.ts` does the same with as many payments as one likes, and looks at the memory.

const NAMES = ['a', 'b', 'c', 'd', 'e']

const opened = () => ForwardLine.open({ names: NAMES, storeOf: () => memoryStore(), seed: 7 })

test('payments both ways leave nothing behind, and everybody has what is due to the millisatoshi', async () => {
  const line = await opened()
  const before = line.balances()
  await line.run({ payments: 30, inFlight: 6, refusedOneOf: 6, paymentsPerBlock: 4 })
  expect([line.fulfilled, line.refused]).toEqual([25, 5])
  expect(await line.complaints()).toEqual([])
  const gained = line.balances().map((balance, at) => balance - (before[at] ?? 0n))
  expect(gained.reduce((sum, msat) => sum + msat, 0n)).toBe(0n)
  // Those in between have earned fees of 25 payments: 1,000 msat each at least, and 100 millionths.
  for (const fees of gained.slice(1, -1)) expect(fees).toBeGreaterThan(25_000n)
  await line.stop()
})

test('while payments are on their way, it is said what is not at rest yet', async () => {
  const line = await opened()
  let complaints: readonly string[] = []
  await line.run({
    payments: 12,
    inFlight: 6,
    refusedOneOf: 100,
    paymentsPerBlock: 100,
    onDone: async done => {
      if (done === 1) complaints = await line.complaints()
    },
  })
  expect(complaints.join('\n')).toMatch(/HTLCs in a channel/)
  expect(await line.complaints()).toEqual([])
  await line.stop()
})
