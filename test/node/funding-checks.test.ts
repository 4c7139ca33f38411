import { expect, test } from 'vitest'
import { sat, type Txid } from '../../src/base/index.ts'
import type { FundingOutput } from '../../src/gossip/index.ts'
import { FundingChecks } from '../../src/node/fundingChecks.ts'
import { type Chain, ChainError, type ChainOutput } from '../../src/ports/index.ts'
import { chainPort, createRegtestChain } from '../../src/regtest/index.ts'
import { type ShortChannelId, shortChannelId } from '../../src/wire/index.ts'

// How the node asks its chain about channels of others.

const scid = (blockHeight: number): ShortChannelId => shortChannelId({ blockHeight, txIndex: 1, outputIndex: 0 })
const TXID = '11'.repeat(32) as Txid
const SCRIPT = Uint8Array.of(0, 32)
const UNSPENT: ChainOutput = { txid: TXID, unspent: { amountSat: sat(7), script: SCRIPT } }

function checking(outputAt: Chain['outputAt']) {
  const answers = new Map<ShortChannelId, FundingOutput | 'unknown' | undefined>()
  const pruned: string[] = []
  const retries: (() => void)[] = []
  const checks = new FundingChecks({
    chain: { ...chainPort(createRegtestChain()), outputAt },
    height: () => 500,
    answer: (id, output) => answers.set(id, output),
    onPruned: error => pruned.push(error.message),
    retryMs: 1,
    timers: {
      after: (_, act) => {
        retries.push(act)
        return () => undefined
      },
      whenIdle: () => undefined,
    },
  })
  return { checks, answers, pruned, retries }
}

const soon = () => new Promise(resolve => setImmediate(resolve))

test('what is unspent, spent or not there is told as that', async () => {
  const outputs = [UNSPENT, { txid: TXID }, undefined]
  const { checks, answers } = checking(async ({ height }) => outputs[height])
  for (const height of [0, 1, 2]) checks.ask(scid(height))
  await soon()
  expect([...answers]).toEqual([
    [scid(0), { txid: TXID, amountSat: 7n, scriptPubkey: SCRIPT }],
    [scid(1), { txid: TXID, amountSat: 0n, scriptPubkey: new Uint8Array(0), spentHeight: 500 }],
    [scid(2), undefined],
  ])
})

test('two are asked for at a time, each once, in their order', async () => {
  const asked: number[] = []
  const open: (() => void)[] = []
  const { checks, answers } = checking(({ height }) => {
    asked.push(height)
    return new Promise(resolve => open.push(() => resolve(UNSPENT)))
  })
  for (const height of [1, 2, 3, 3, 4]) checks.ask(scid(height))
  expect(asked).toEqual([1, 2])
  open.shift()?.()
  await soon()
  expect(asked).toEqual([1, 2, 3])
  while (open.length > 0) {
    open.shift()?.()
    await soon()
  }
  expect(asked).toEqual([1, 2, 3, 4])
  expect(answers.size).toBe(4)
})

test('of a pruned block nobody knows, which is said once', async () => {
  const { checks, answers, pruned } = checking(() => Promise.reject(new ChainError('pruned', 'gone')))
  for (const height of [1, 2, 3]) checks.ask(scid(height))
  await soon()
  expect([...answers.values()]).toEqual(['unknown', 'unknown', 'unknown'])
  expect(pruned).toEqual(['gone'])
})

test('a chain that is away is asked again later, and not before', async () => {
  let isAway = true
  let asked = 0
  const { checks, answers, retries } = checking(async () => {
    asked += 1
    if (isAway) throw new ChainError('unreachable', 'away')
    return UNSPENT
  })
  for (const height of [1, 2, 3]) checks.ask(scid(height))
  await soon()
  expect([asked, answers.size, retries.length]).toEqual([2, 0, 1])
  checks.ask(scid(4))
  expect(asked).toBe(2)
  isAway = false
  retries[0]?.()
  await soon()
  expect([...answers.keys()].sort()).toEqual([1, 2, 3, 4].map(scid))
})

test('after the end nothing is asked and nothing is answered', async () => {
  const open: ((failure?: Error) => void)[] = []
  const { checks, answers, retries } = checking(
    () =>
      new Promise((resolve, reject) =>
        open.push(failure => (failure === undefined ? resolve(UNSPENT) : reject(failure))),
      ),
  )
  for (const height of [1, 2, 3]) checks.ask(scid(height))
  checks.stop()
  open[0]?.()
  open[1]?.(new Error('away'))
  await soon()
  checks.ask(scid(5))
  expect([open.length, answers.size, retries.length]).toEqual([2, 0, 0])
})
