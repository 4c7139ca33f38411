import { expect, test } from 'vitest'
import { ChainFollower } from '../../src/node/follower.ts'
import { HOST_TIMERS } from '../../src/node/timers.ts'
import type { Chain, ChainTip } from '../../src/ports/index.ts'
import { chainPort, createRegtestChain } from '../../src/regtest/index.ts'

// Following a chain that may turn, end early, or be another one: what the node has seen is taken back only when it is known where
// the branches part.

function follow(chain: Chain, seen: ChainTip[] = [], birthHeight: number | 'now' = 'now') {
  const log: string[] = []
  const follower = new ChainFollower({
    chain,
    birthHeight,
    retryMs: 5,
    timers: HOST_TIMERS,
    seen: () => seen,
    connect: async ({ height, hash }) => {
      seen.push({ height, hash })
      log.push(`+${height}`)
    },
    disconnect: async () => {
      log.push(`-${seen.pop()?.height}`)
    },
    onTrouble: error => log.push(error === undefined ? 'well' : `trouble: ${error.message}`),
  })
  return { follower, log, seen }
}

const settled = async (holds: () => boolean) => {
  for (let i = 0; i < 1_000 && !holds(); i++) await new Promise(resolve => setTimeout(resolve, 2))
  expect(holds()).toBe(true)
}

test('begins some blocks below the tip: its first blocks may be reorganised away, and what the other branch holds is seen', async () => {
  const chain = createRegtestChain()
  chain.mine(20)
  const { height } = chain
  const fresh = follow(chainPort(chain))
  await fresh.follower.start()
  expect(fresh.seen.map(block => block.height)).toEqual([6, 5, 4, 3, 2, 1, 0].map(below => height - below))
  expect(chain.reorganize({ depth: 6 }).ok).toBe(true)
  await settled(() => fresh.seen.at(-1)?.hash === chain.tip.hash)
  expect(fresh.log.filter(line => line.startsWith('trouble'))).toEqual([])
  // The other branch is read from its first block on.
  expect(fresh.seen.map(({ height: at, hash }) => chain.blockAt(at)?.hash === hash)).not.toContain(false)
  expect(fresh.seen.map(block => block.height)).toEqual([...fresh.seen.keys()].map(index => height - 6 + index))
  await fresh.follower.stop()
})

test('begins at the tip of a chain that has just begun, or at a height, and takes every block that comes', async () => {
  const chain = createRegtestChain()
  const { height } = chain
  const now = follow(chainPort(chain))
  await now.follower.start()
  expect(now.log).toEqual([`+${height}`])
  expect(now.follower.synced).toBe(true)
  chain.mine(3)
  await settled(() => now.log.length === 4)
  expect(now.log).toEqual([height, height + 1, height + 2, height + 3].map(each => `+${each}`))
  const early = follow(chainPort(chain), [], height)
  await early.follower.start()
  expect(early.log).toEqual(now.log)
  await now.follower.stop()
  chain.mine(1)
  await early.follower.stop()
  expect(now.log).toHaveLength(4)
})

test('what came while nobody was looking comes in its turn, a reorganisation too', async () => {
  const chain = createRegtestChain()
  const first = follow(chainPort(chain))
  await first.follower.start()
  const { height } = chain
  chain.mine(3)
  await settled(() => first.seen.length === 4)
  await first.follower.stop()
  expect(chain.reorganize({ depth: 2 }).ok).toBe(true)
  const again = follow(chainPort(chain), first.seen)
  await again.follower.start()
  expect(again.log.slice(0, 2)).toEqual([`-${height + 3}`, `-${height + 2}`])
  expect(again.seen.map(({ hash }) => hash)).toEqual(
    await Promise.all(again.seen.map(({ height: at }) => chainPort(chain).hashAt(at))),
  )
  await again.follower.stop()
})

test('a chain that ends below what was seen is waited for: nothing is taken back', async () => {
  const chain = createRegtestChain()
  const port = chainPort(chain)
  const { height } = chain
  const seen = [
    { height: height - 1, hash: (await port.hashAt(height - 1)) as ChainTip['hash'] },
    { height, hash: (await port.hashAt(height)) as ChainTip['hash'] },
    { height: height + 1, hash: 'ab'.repeat(32) as ChainTip['hash'] },
  ]
  const { follower, log } = follow(port, seen)
  await expect(follower.start()).rejects.toThrow(
    `The chain is at block ${height}, and this node has seen block ${height + 1}`,
  )
  expect(log).toEqual([])
  // Once it has another branch, it is one that has turned.
  chain.mine(2)
  const later = follow(port, seen)
  await later.follower.start()
  expect(later.log).toEqual([`-${height + 1}`, `+${height + 1}`, `+${height + 2}`])
  await later.follower.stop()
})

test('another chain is refused as a whole', async () => {
  const seen = [{ height: 1, hash: 'ab'.repeat(32) as ChainTip['hash'] }]
  const { follower, log } = follow(chainPort(createRegtestChain()), seen)
  await expect(follower.start()).rejects.toThrow('it is another one, or was begun anew')
  expect(log).toEqual([])
  expect(seen).toHaveLength(1)
})

test('a chain that cannot be asked for a while is asked again, and its news come', async () => {
  const chain = createRegtestChain()
  const port = chainPort(chain)
  let broken = false
  const moody: Chain = {
    ...port,
    hashAt: height => (broken ? Promise.reject(new Error('no answer')) : port.hashAt(height)),
  }
  const { follower, log } = follow(moody)
  await follower.start()
  broken = true
  chain.mine(1)
  await settled(() => log.includes('trouble: no answer'))
  expect(follower.synced).toBe(false)
  broken = false
  await settled(() => follower.synced)
  expect(log).toEqual([`+${chain.height - 1}`, 'trouble: no answer', `+${chain.height}`, 'well'])
  await follower.stop()
})
