import { describe, expect, onTestFinished, test } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { restoreFromPeers } from '../../src/node/index.ts'
import { pipe } from '../../src/node/parts.ts'
import { memoryStore } from '../../src/storage/index.ts'
import { type Actor, localMsat, onchainKinds, phraseOf, Stage, spends } from './backupStage.ts'

// A node of which nothing is left but its words, and one honest peer: it gets what it had in all of its channels.

const COINS = 5_000_000n
const CAPACITY = 1_000_000n
const MOST_FEES = 20_000n
const TIMEOUT = 240_000

const at = ({ name, node }: Actor) => ({ nodeId: node.nodeId, address: { host: name, port: 9735 } })

/** Alice, with channels to Bob, whom she dialled, and to Carol, who dialled her; both have the list of the two channels. */
async function lostAlice(stage: Stage) {
  const [alice, bob, carol] = [await stage.start('alice'), await stage.start('bob'), await stage.start('carol')]
  await stage.fund(alice, COINS)
  await stage.fund(carol, COINS)
  const withBob = await stage.open(alice, bob, CAPACITY)
  const withCarol = await stage.open(carol, alice, CAPACITY, 300_000_000n)
  for (let i = 0; i < 6; i++) {
    await stage.pay(alice, bob, 30_000_000n)
    await stage.pay(carol, alice, 10_000_000n)
  }
  const isStored = ({ store }: Actor) => store.snapshot().has(`storage-blob/${alice.node.nodeId}`)
  await stage.until(async () => [bob, carol].every(isStored))
  await stage.until(async () => (await alice.node.channels()).every(({ htlcs }) => htlcs === 0))
  return { alice, bob, carol, withBob, withCarol }
}

async function comeBack(stage: Stage, alice: Actor, peers: readonly Actor[]) {
  const store = memoryStore()
  const restored = await restoreFromPeers({
    phrase: alice.phrase,
    peers: peers.map(at),
    net: pipe({ hub: stage.hub }),
    store,
    patienceMs: 5_000,
  })
  return { ...(await stage.start(alice.name, store)), restored }
}

describe('a node that is restored from its words and what its peers keep', () => {
  test(
    'gets its newest balance of every channel, with one peer named and the others away until later',
    async () => {
      const stage = new Stage()
      const { alice, bob, carol, withBob, withCarol } = await lostAlice(stage)
      const due = [await localMsat(alice, withBob.channelId), await localMsat(alice, withCarol.channelId)]
      expect(due).toEqual([820_000_000n, 360_000_000n])
      await alice.node.stop()
      // The list that Bob holds is older than the newest payments, which it says nothing of.
      const again = await comeBack(stage, alice, [bob])
      expect(again.restored).toMatchObject({ nodeId: alice.node.nodeId, channelsToClose: 2 })
      const before = (await again.node.balance()).onchainConfirmedSat
      await stage.until(async () => {
        const open = await Promise.all([again, bob, carol].map(async ({ node }) => (await node.channels()).length))
        return open.every(count => count === 0)
      }, 1)
      const gained = (await again.node.balance()).onchainConfirmedSat - before
      const all = (due[0] ?? 0n) + (due[1] ?? 0n)
      expect(gained).toBeGreaterThan(all / 1000n - MOST_FEES)
      expect(gained).toBeLessThanOrEqual(all / 1000n)
      const paid = [withBob, withCarol].flatMap(channel => stage.spenderOf(channel)?.outputs ?? [])
      expect(paid.map(({ amountSat }) => amountSat)).toContain(sat(360_000n))
      for (const channel of [withBob, withCarol]) {
        const key = `${channel.txid}:${channel.vout}`
        expect(again.published.filter(tx => spends(tx, key))).toEqual([])
      }
      expect(await onchainKinds(again)).toContain('data_loss')
      for (const peer of [bob, carol]) expect(await onchainKinds(peer)).not.toContain('revoked_commitment')
    },
    TIMEOUT,
  )

  test(
    'finds channels that were closed meanwhile',
    async () => {
      const stage = new Stage()
      const { alice, bob, carol, withBob } = await lostAlice(stage)
      const due = await localMsat(alice, withBob.channelId)
      await alice.node.stop()
      await bob.node.closeChannel({ channelId: withBob.channelId, force: true })
      stage.chain.mine(12)
      const again = await comeBack(stage, alice, [carol])
      await stage.until(async () => (await again.node.channels()).length === 0, 1)
      const { onchainConfirmedSat } = await again.node.balance()
      expect(onchainConfirmedSat).toBeGreaterThan(due / 1000n + 360_000n - MOST_FEES)
    },
    TIMEOUT,
  )

  test(
    'knows channels of the newest list, where another peer gives an older one',
    async () => {
      const stage = new Stage()
      const [alice, bob] = [await stage.start('alice'), await stage.start('bob')]
      await stage.fund(alice, COINS)
      const old = await stage.open(alice, bob, CAPACITY)
      const key = `storage-blob/${alice.node.nodeId}`
      await stage.until(async () => bob.store.snapshot().has(key))
      const older = bob.store.snapshot().get(key)
      await bob.node.stop()
      const carol = await stage.start('carol')
      await stage.open(alice, carol, CAPACITY)
      await stage.until(async () => carol.store.snapshot().has(key))
      await alice.node.stop()
      const stale = memoryStore(new Map(bob.store.snapshot()))
      expect(stale.snapshot().get(key)).toEqual(older)
      const lazy = await stage.start('bob', stale)
      const ofBob = await comeBack(stage, alice, [lazy])
      expect(ofBob.restored.channelsToClose).toBe(1)
      await ofBob.node.stop()
      const ofBoth = await comeBack(stage, alice, [lazy, carol])
      expect(ofBoth.restored.channelsToClose).toBe(2)
      expect(ofBoth.restored.asked.map(({ peer }) => peer)).toEqual([lazy.node.nodeId, carol.node.nodeId])
      expect((await ofBoth.node.channels()).map(({ channelId }) => channelId)).toContain(old.channelId)
    },
    TIMEOUT,
  )

  test('hears why there is nothing, and nothing is stored: nobody there, nothing kept, or the list of somebody else', async () => {
    const stage = new Stage()
    const [alice, bob] = [await stage.start('alice'), await stage.start('bob')]
    await stage.fund(alice, COINS)
    const store = memoryStore()
    const ask = (seed: number, peers: readonly ReturnType<typeof at>[]) =>
      restoreFromPeers({ phrase: phraseOf(seed), peers, net: pipe({ hub: stage.hub }), store, patienceMs: 300 })
    const nowhere = { nodeId: bob.node.nodeId, address: { host: 'nowhere', port: 9735 } }
    await expect(ask(7, [nowhere])).rejects.toMatchObject({
      code: 'not_found',
      message: /No node of this process listens/,
    })
    await expect(ask(7, [at(bob)])).rejects.toMatchObject({
      code: 'not_found',
      message: /did not give anything back in time/,
    })
    await stage.open(alice, bob, CAPACITY)
    const key = `storage-blob/${alice.node.nodeId}`
    await stage.until(async () => bob.store.snapshot().has(key))
    const blob = bob.store.snapshot().get(key) ?? new Uint8Array(0)
    await bob.node.stop()
    // A peer that gives somebody the list of somebody else.
    const [other] = [await stage.start('zoe')]
    const swapped = new Map(bob.store.snapshot())
    swapped.set(`storage-of/${other.node.nodeId}`, new TextEncoder().encode('{}'))
    swapped.set(`storage-blob/${other.node.nodeId}`, blob)
    await other.node.stop()
    const again = await stage.start('bob', memoryStore(swapped))
    onTestFinished(() => again.node.stop())
    await expect(ask('z'.charCodeAt(0), [at(again)])).rejects.toMatchObject({
      code: 'not_found',
      message: /a list that this node has sealed, got another one/,
    })
    expect(store.snapshot().size).toBe(0)
  })
})
