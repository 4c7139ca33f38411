import { expect, test } from 'vitest'
import type { Txid } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import type { MempoolPlan, Plan } from '../../src/sim/plan.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import { World } from '../../src/sim/world.ts'

// What nodes of a world see of the mempool, and what it asks for.

await useCrypto('fast')

const MINED = { type: 'mine', count: 1, contents: 'all' } as const

/** Two nodes, a channel that one of them ends alone on a dear day, and blocks afterwards. */
function planWith(mempool: MempoolPlan): Plan {
  const node = { isAdversary: false, coinsSat: [3_000_000], toSelfDelay: 24, minimumDepth: 1 }
  const deeds = [
    { type: 'feerate', perKw: 10_000 },
    { type: 'close', who: 0, channel: 0, force: true },
    MINED,
    MINED,
  ] as const
  return {
    seed: 'mempool sight',
    mode: 'fast',
    nodes: ['alice', 'bob'].map(name => ({ ...node, name, syncMs: [0, 3] })),
    channels: [{ from: 0, to: 1, capacitySat: 500_000, pushSat: 200_000 }],
    deeds: deeds.map((deed, id) => ({ id, at: 20_000 * (id + 1), deed })),
    healAt: 100_000,
    closesAll: false,
    mempool,
  }
}

function run(mempool: MempoolPlan) {
  const seen: { readonly by: string; readonly txid: Txid; readonly isConfirmed: boolean }[] = []
  const published: (readonly [role: string, outcome: string])[] = []
  const tested: (string | undefined)[] = []
  const world = new World(planWith(mempool), ({ chain }) => [
    {
      name: 'what is seen',
      turn: ({ name }, { inputs }) => {
        for (const input of inputs) {
          if (input.type === 'funding_tested') tested.push(input.refusal)
          if (input.type !== 'spend_seen') continue
          const id = txid(input.tx)
          seen.push({ by: name, txid: id, isConfirmed: chain.transaction(id)?.height !== undefined })
        }
        return undefined
      },
      published: (_, __, role, outcome) => {
        published.push([role, outcome])
        return undefined
      },
    },
  ])
  world.run()
  return { seen, published, tested }
}

test('what waits and spends an output of theirs is told to nodes that look, once, before it is in a block', () => {
  const { seen } = run({ isWatched: true })
  expect(new Set(seen.map(({ by }) => by))).toEqual(new Set(['alice', 'bob']))
  expect(seen.every(({ isConfirmed }) => !isConfirmed)).toBe(true)
  expect(new Set(seen.map(({ by, txid: id }) => `${by} ${id}`)).size).toBe(seen.length)
})

test('nodes that do not look hear of blocks alone', () => {
  expect(run({}).seen).toEqual([])
})

test('in a full mempool a commitment of a quiet day is refused by itself, and waits there with its child', () => {
  const ways = run({ isFull: true }).published
  expect(ways).toContainEqual(['commitment', 'mempool min fee not met'])
  expect(ways).toContainEqual(['anchor', 'accepted'])
  expect(run({}).published).not.toContainEqual(['commitment', 'mempool min fee not met'])
})

test('who asks before it funds a channel hears nothing against what will be taken', () => {
  expect(run({ isAsked: true }).tested).toEqual([undefined])
})
