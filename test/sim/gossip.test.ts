import { beforeAll, expect, test } from 'vitest'
import { pmapValues } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { CHANNEL, channelAt, channelRows, findChannel, pageOf, startOf } from '../../src/gossip/index.ts'
import { isUsable, shortChannelIdOf } from '../../src/link/index.ts'
import { invariants } from '../../src/sim/invariants/index.ts'
import type { Observer } from '../../src/sim/observer.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'
import { shortChannelIdParts } from '../../src/wire/index.ts'

// Worlds whose channels are public, with crashes, cuts, blocks and reorganisations: the rules of the world hold, and what its nodes believe
// of the network is what the chain has.

beforeAll(() => useCrypto('fast'))

function publicWorld(seed: string, nodes: number): Plan {
  const faults = { pay: 40, cut: 10, crash: 10, mine: 20, reorg: 5, lag: 5, close: 4 }
  const plan = planOf({ seed, mode: 'fast', nodes, deeds: 25, faults, adversary: false }, randomOf(seed))
  return { ...plan, closesAll: false, channels: plan.channels.map(channel => ({ ...channel, announce: true })) }
}

/** Nobody believes a channel that the chain does not have, and nobody has forgotten one of their own that can be used. */
function believers(world: World, counts: { channels: number }): Observer {
  return {
    name: 'the graph is what the chain has',
    rest: () => {
      for (const node of world.honest) {
        const { graph, own } = node.state.gossip
        for (const row of channelRows(graph)) {
          const { shortChannelId, spentHeight, capacitySat } = channelAt(graph, row)
          const { blockHeight, txIndex, outputIndex } = shortChannelIdParts(shortChannelId)
          const tx = world.chain.blockAt(blockHeight)?.transactions[txIndex]
          const output = tx?.outputs[outputIndex]
          if (tx === undefined || output?.amountSat !== capacitySat) return `${node.name} believes ${shortChannelId}`
          const isUnspent = world.chain.utxo({ txid: txid(tx), vout: outputIndex }) !== undefined
          if (isUnspent !== (spentHeight === undefined))
            return `${node.name} is wrong about the end of ${shortChannelId}`
          counts.channels += 1
        }
        for (const { facts, progress } of pmapValues(own)) {
          const isKnown = facts.shortChannelId !== undefined && findChannel(graph, facts.shortChannelId) !== undefined
          if (progress.isAnnounced && facts.isUp && !isKnown) return `${node.name} has forgotten ${facts.channelId}`
        }
        for (const { state } of pmapValues(node.state.links)) {
          const facts = [...pmapValues(own)].find(each => each.facts.shortChannelId === shortChannelIdOf(state))?.facts
          if (isUsable(state) && facts?.isUp !== true) return `${node.name} has not told its gossip of a channel`
        }
      }
      return undefined
    },
  }
}

test.each([
  ['public 2', 3],
  ['public 3', 3],
  ['public 4', 4],
] as const)('%s, %i nodes', (seed, nodes) => {
  const counts = { channels: 0 }
  const plan = publicWorld(seed, nodes)
  const { failure } = runPlan(plan, world => [...invariants(world), believers(world, counts)])
  expect(failure).toBeUndefined()
  expect(counts.channels).toBeGreaterThan(0)
})

test('a graph that says what the chain does not is noticed', () => {
  const plan = publicWorld('public 2', 3)
  let isTampered = false
  const { failure } = runPlan(plan, world => [
    {
      name: 'tamper',
      rest: () => {
        for (const { state } of world.honest) {
          const { channels } = state.gossip.graph
          for (const row of channelRows(state.gossip.graph)) {
            pageOf(channels, row).floats[startOf(channels, row) / 2 + CHANNEL.CAPACITY_SAT] = 1
            isTampered = true
          }
        }
        return undefined
      },
    },
    believers(world, { channels: 0 }),
  ])
  expect(isTampered).toBe(true)
  expect(failure?.rule).toBe('the graph is what the chain has')
})
