import { describe, expect, onTestFinished, test } from 'vitest'
import { txid } from '../../src/bitcoin/index.ts'
import { createNode, regtest, serveTower, type Tower } from '../../src/node/index.ts'
import { pipe } from '../../src/node/parts.ts'
import { type MemoryStore, memoryStore } from '../../src/storage/index.ts'
import { type Actor, phraseOf, Stage, spends } from './backupStage.ts'

// A tower stands in for a node that is away: the cheat publishes what is revoked, and the tower takes it for the victim.

const COINS = 5_000_000n
const CAPACITY = 1_000_000n
const TIMEOUT = 240_000
const SECRET = new Uint8Array(32).fill(77)
const TOWER_AT = { host: 'tower', port: 9911 }

async function startTower(stage: Stage, store: MemoryStore, more: object = {}): Promise<Tower> {
  const tower = await serveTower({
    chain: regtest(stage.chain),
    store,
    nodeSecret: SECRET,
    net: pipe({ hub: stage.hub }).network,
    listen: TOWER_AT,
    ...more,
  })
  onTestFinished(() => tower.stop())
  return tower
}

const waitingOf = async ({ node }: Actor) => (await node.info()).watchtowers.map(({ waiting }) => waiting)
const hasAll = async (actor: Actor) => (await waitingOf(actor)).every(waiting => waiting === 0)

/** Bob as he was, alone: he closes by force, with what he has revoked since. */
async function cheat(stage: Stage, old: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const ghost = await createNode({
    chain: regtest(stage.chain),
    store: memoryStore(new Map(old)),
    phrase: phraseOf('b'.charCodeAt(0)),
  })
  onTestFinished(() => ghost.stop())
  const [channel] = await ghost.channels()
  if (channel === undefined) throw new Error('the old copy has a channel')
  await ghost.closeChannel({ channelId: channel.channelId, force: true })
  await ghost.stop()
}

/** Alice is told of by a tower; Bob has been richer than he is now. */
async function afterPayments(stage: Stage, tower: Tower) {
  const watchtowers = [{ nodeId: tower.nodeId, address: TOWER_AT }]
  const alice = await stage.start('alice', memoryStore(), undefined, { watchtowers })
  const bob = await stage.start('bob')
  await stage.fund(alice, COINS)
  const channel = await stage.open(alice, bob, CAPACITY)
  await stage.pay(alice, bob, 600_000_000n)
  await stage.pay(alice, bob, 100_000_000n)
  await stage.until(async () => (await bob.node.channels()).every(({ htlcs }) => htlcs === 0))
  const rich = new Map(bob.store.snapshot())
  for (let i = 0; i < 5; i++) await stage.pay(bob, alice, 100_000_000n)
  return { alice, bob, channel, rich, watchtowers }
}

describe('a watchtower', () => {
  test(
    'takes all that is the cheat’s while its client is away, also after it was killed itself',
    async () => {
      const stage = new Stage()
      const store = memoryStore()
      const first = await startTower(stage, store)
      const { alice, bob, channel, rich, watchtowers } = await afterPayments(stage, first)
      await stage.until(() => hasAll(alice))
      const [use] = [...first.status().clients.values()]
      expect(use?.blobs).toBeGreaterThan(5)
      await alice.node.stop()
      await bob.node.stop()
      await first.stop()

      const tower = await startTower(stage, memoryStore(new Map(store.snapshot())))
      await cheat(stage, rich)
      stage.chain.mine(1)
      const commitment = stage.spenderOf(channel)
      if (commitment === undefined) throw new Error('the cheat is on the chain')
      await stage.until(async () => tower.status().cases > 0)
      const punished = await untilFound(stage, () =>
        stage.chain.mempool().find(({ tx }) => tx.inputs.some(({ outpoint }) => outpoint.txid === txid(commitment))),
      )
      stage.chain.mine(1)
      const taken = punished.tx.outputs.map(({ amountSat }) => amountSat)
      // The cheat's balance, but for the fee.
      expect(taken.length).toBe(1)
      expect(taken[0]).toBeGreaterThan(690_000n)

      const again = await stage.start('alice', memoryStore(new Map(alice.store.snapshot())), undefined, { watchtowers })
      await stage.until(async () => (await again.node.channels()).length === 0, 1)
      const { onchainConfirmedSat } = await again.node.balance()
      expect(onchainConfirmedSat).toBeGreaterThan(COINS - 20_000n)
      expect(again.published.some(tx => spends(tx, `${txid(punished.tx)}:0`))).toBe(false)
    },
    TIMEOUT,
  )

  test(
    'hears later what it could not hear at once, and all of it, over deaths of both',
    async () => {
      const stage = new Stage()
      const store = memoryStore()
      const first = await startTower(stage, store)
      await first.stop()
      const { alice, bob, rich, watchtowers } = await afterPayments(stage, first)
      expect(await hasAll(alice)).toBe(false)
      const [waiting] = await waitingOf(alice)
      await alice.node.stop()
      const again = await stage.start('alice', memoryStore(new Map(alice.store.snapshot())), undefined, { watchtowers })
      expect((await waitingOf(again))[0]).toBe(waiting)
      const tower = await startTower(stage, store)
      await stage.until(() => hasAll(again))
      await again.node.stop()
      await bob.node.stop()
      await cheat(stage, rich)
      stage.chain.mine(1)
      await stage.until(async () => tower.status().cases > 0)
      expect([...again.store.snapshot().keys()].filter(key => key.startsWith('tower-job/'))).toEqual([])
    },
    TIMEOUT,
  )

  test(
    'forgets a channel that is closed for good, and says no where it is for others, or full',
    async () => {
      const stage = new Stage()
      const tower = await startTower(stage, memoryStore())
      const { alice, channel } = await afterPayments(stage, tower)
      await stage.until(() => hasAll(alice))
      await alice.node.closeChannel({ channelId: channel.channelId })
      await stage.until(async () => (await alice.node.channels()).length === 0, 1)
      await stage.until(async () => tower.status().clients.size === 0)
      await stage.until(() => hasAll(alice))
      await tower.stop()

      const other = new Stage()
      const full = await startTower(other, memoryStore(), { limits: { maxBlobsPerClient: 2 } })
      const client = await afterPayments(other, full)
      const refusals = async () => (await client.alice.node.info()).watchtowers.map(({ refusal }) => refusal)
      await other.until(async () => (await refusals())[0] !== undefined)
      expect(await refusals()).toEqual(['this tower keeps as much for you as it keeps for anybody'])
      expect((await waitingOf(client.alice))[0]).toBeGreaterThan(0)

      const third = new Stage()
      const closed = await startTower(third, memoryStore(), { clients: [client.bob.node.nodeId] })
      const stranger = await afterPayments(third, closed)
      const said = async () => (await stranger.alice.node.info()).watchtowers.map(({ refusal }) => refusal)
      await third.until(async () => (await said())[0] !== undefined)
      expect(closed.status().clients.size).toBe(0)
    },
    TIMEOUT,
  )

  test(
    'is not asked anything where none is named: nothing of it is stored',
    async () => {
      const stage = new Stage()
      const [alice, bob] = [await stage.start('alice'), await stage.start('bob')]
      await stage.fund(alice, COINS)
      await stage.open(alice, bob, CAPACITY)
      await stage.pay(alice, bob, 1_000_000n)
      const keys = [...alice.store.snapshot().keys()].filter(key => key.includes('tower'))
      expect(keys).toEqual([])
    },
    TIMEOUT,
  )
})

async function untilFound<T>(stage: Stage, look: () => T | undefined): Promise<T> {
  let found: T | undefined
  await stage.until(async () => {
    found = look()
    return found !== undefined
  })
  if (found === undefined) throw new Error('it was there')
  return found
}
