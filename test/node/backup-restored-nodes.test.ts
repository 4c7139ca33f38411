import { describe, expect, test } from 'vitest'
import { type OutPoint, outPointKey } from '../../src/base/index.ts'
import type { Tx } from '../../src/bitcoin/index.ts'
import { restoreBackup, restoreWords } from '../../src/node/index.ts'
import { memoryStore } from '../../src/storage/index.ts'
import { type Actor, localMsat, onchainKinds, Stage, spends } from './backupStage.ts'

// Nodes that are lost and come back from a copy that is old: what they get on the chain, which judges every signature, and what
// their peers had to do for it (BOLT 2, message retransmission: option_data_loss_protect).

const COINS = 5_000_000n
const CAPACITY = 1_000_000n
const ANCHORS = 2n * 330n
const MOST_FEES = 20_000n
const LATER_PAYMENTS = 50
const TIMEOUT = 240_000

type Opened = Awaited<ReturnType<Stage['open']>>

/** Everything that the restored node gave to the chain: nothing of it spends a funding output. */
function expectNoCommitment({ published }: Actor, channels: readonly OutPoint[]): void {
  for (const channel of channels) {
    expect(published.filter(tx => spends(tx, outPointKey(channel)))).toEqual([])
  }
}

const amountsOf = (tx: Tx): bigint[] => tx.outputs.map(({ amountSat }) => amountSat)
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)

/** The commitment that confirmed pays both sides their newest balances; its opener pays the fee and the anchors. */
function expectNewest(tx: Tx, balances: { readonly openerMsat: bigint; readonly otherMsat: bigint }): void {
  const [opener, other] = [balances.openerMsat / 1000n, balances.otherMsat / 1000n]
  const feeAndAnchors = opener + other - (sum(amountsOf(tx)) - ANCHORS)
  expect(amountsOf(tx)).toContain(other)
  expect(amountsOf(tx)).toContain(opener - feeAndAnchors)
  expect(feeAndAnchors).toBeLessThan(MOST_FEES)
}

async function lose(actor: Actor): Promise<void> {
  await actor.node.stop()
}

async function comeBack(stage: Stage, lost: Actor, backup: Uint8Array): Promise<Actor & { channelsToClose: number }> {
  const store = memoryStore()
  const { channelsToClose } = await restoreBackup({ backup, phrase: lost.phrase, store })
  return { ...(await stage.start(lost.name, store)), channelsToClose }
}

async function closedFor(stage: Stage, actors: readonly Actor[]): Promise<void> {
  await stage.until(async () => {
    const open = await Promise.all(actors.map(async ({ node }) => (await node.channels()).length))
    return open.every(count => count === 0)
  }, 1)
}

describe('a node that is restored from a stale backup', () => {
  test(
    'gets the newest balance of every channel, and its peers theirs',
    async () => {
      const stage = new Stage()
      const [alice, bob, carol] = [await stage.start('alice'), await stage.start('bob'), await stage.start('carol')]
      await stage.fund(alice, COINS)
      await stage.fund(carol, COINS)
      const withBob = await stage.open(alice, bob, CAPACITY)
      // Nobody has told alice where carol is: it is carol who dials.
      const withCarol = await stage.open(carol, alice, CAPACITY, 300_000_000n)
      await stage.pay(alice, bob, 50_000_000n)
      const backup = await alice.node.backup()

      for (let i = 0; i < LATER_PAYMENTS; i++) {
        await stage.pay(alice, bob, 6_000_000n)
        if (i % 5 === 0) await stage.pay(bob, alice, 1_000_123n)
        if (i % 2 === 0) await stage.pay(carol, alice, 4_000_000n)
      }
      await stage.fund(alice, 7_000n + COINS * 2n)
      const settled = async () =>
        (await localMsat(alice, withBob.channelId)) + (await localMsat(bob, withBob.channelId)) === CAPACITY * 1000n &&
        (await alice.node.channels()).every(({ htlcs }) => htlcs === 0)
      await stage.until(settled)
      const [bobOwns, aliceOwns] = [await localMsat(bob, withBob.channelId), await localMsat(alice, withBob.channelId)]
      const [carolOwes, carolOwns] = [
        await localMsat(alice, withCarol.channelId),
        await localMsat(carol, withCarol.channelId),
      ]
      expect(bobOwns).toBe(350_000_000n - 10n * 1_000_123n)
      expect(carolOwes).toBe(400_000_000n)
      const onchain = (await alice.node.balance()).onchainConfirmedSat
      const bobBefore = (await bob.node.balance()).onchainConfirmedSat
      await lose(alice)

      const again = await comeBack(stage, alice, backup)
      expect(again.channelsToClose).toBe(2)
      expect((await again.node.balance()).onchainConfirmedSat).toBe(onchain)
      await closedFor(stage, [again, bob, carol])

      const [closedBob, closedCarol] = [stage.spenderOf(withBob), stage.spenderOf(withCarol)]
      if (closedBob === undefined || closedCarol === undefined) throw new Error('both are closed on the chain')
      expectNewest(closedBob, { openerMsat: aliceOwns, otherMsat: bobOwns })
      expectNewest(closedCarol, { openerMsat: carolOwns, otherMsat: carolOwes })
      expectNoCommitment(again, [withBob, withCarol])
      for (const peer of [bob, carol]) expect(await onchainKinds(peer)).not.toContain('revoked_commitment')
      expect(await onchainKinds(again)).toContain('data_loss')

      const gained = (await again.node.balance()).onchainConfirmedSat - onchain
      expect(gained).toBeGreaterThan((aliceOwns + carolOwes) / 1000n - MOST_FEES)
      expect(gained).toBeLessThanOrEqual((aliceOwns + carolOwes) / 1000n)
      const bobGained = (await bob.node.balance()).onchainConfirmedSat - bobBefore
      expect(bobGained).toBeGreaterThan(bobOwns / 1000n - MOST_FEES)
    },
    TIMEOUT,
  )

  test(
    'sends what it sweeps, and opens channels with keys that no channel had',
    async () => {
      const stage = new Stage()
      const [alice, bob] = [await stage.start('alice'), await stage.start('bob')]
      await stage.fund(alice, COINS)
      const old = await stage.open(alice, bob, CAPACITY)
      const backup = await alice.node.backup()
      await stage.pay(alice, bob, 100_000_000n)
      // The backup does not know this one.
      const unknown = await stage.open(alice, bob, CAPACITY)
      await lose(alice)
      const again = await comeBack(stage, alice, backup)
      await closedFor(stage, [again])
      const fresh = await stage.open(again, bob, CAPACITY)
      await stage.pay(again, bob, 1_000_000n)
      expect(fresh.channelId).not.toBe(unknown.channelId)
      const index = (store: Actor['store']) =>
        [...store.snapshot()].filter(([key]) => key.endsWith('/state/params')).map(([, value]) => Buffer.from(value))
      const keys = [...index(alice.store), ...index(again.store)]
      const fundingKeys = new Set(keys.map(bytes => bytes.toString('hex')))
      // Old and unknown, then old again and the fresh one: three different channels.
      expect(fundingKeys.size).toBe(3)
      expectNoCommitment(again, [old])
    },
    TIMEOUT,
  )

  test(
    'finds channels that were closed since: by agreement, by the peer, and by itself',
    async () => {
      const stage = new Stage()
      const [alice, bob] = [await stage.start('alice'), await stage.start('bob')]
      await stage.fund(alice, COINS)
      const channels: Opened[] = []
      for (let i = 0; i < 3; i++) channels.push(await stage.open(alice, bob, CAPACITY))
      const [agreed, byPeer, byUs] = channels as [Opened, Opened, Opened]
      const backup = await alice.node.backup()
      for (let i = 0; i < 6; i++) await stage.pay(alice, bob, 10_000_000n)
      await stage.until(async () => (await alice.node.channels()).every(({ htlcs }) => htlcs === 0))
      const total = (await alice.node.channels()).reduce((all, { localMsat: own }) => all + own, 0n)
      const before = (await alice.node.balance()).onchainConfirmedSat
      await alice.node.closeChannel({ channelId: agreed.channelId })
      await bob.node.closeChannel({ channelId: byPeer.channelId, force: true })
      await alice.node.closeChannel({ channelId: byUs.channelId, force: true })
      await stage.until(async () => channels.every(channel => stage.spenderOf(channel) !== undefined), 1)
      const own = stage.spenderOf(byUs)
      await lose(alice)

      const again = await comeBack(stage, alice, backup)
      expect(again.channelsToClose).toBe(3)
      await closedFor(stage, [again])
      expect(stage.spenderOf(byUs)).toEqual(own)
      expectNoCommitment(again, channels)
      expect(await onchainKinds(again)).not.toContain('unknown_spend')
      expect(await onchainKinds(bob)).not.toContain('revoked_commitment')
      const gained = (await again.node.balance()).onchainConfirmedSat - before
      expect(gained).toBeGreaterThan(total / 1000n - 3n * MOST_FEES)
    },
    TIMEOUT,
  )

  test(
    'leaves channels that were closing or closed at the backup as they were',
    async () => {
      const stage = new Stage()
      const [alice, bob] = [await stage.start('alice'), await stage.start('bob')]
      await stage.fund(alice, COINS)
      const closed = await stage.open(alice, bob, CAPACITY)
      const closing = await stage.open(alice, bob, CAPACITY)
      await alice.node.closeChannel({ channelId: closed.channelId })
      await stage.until(async () => (await alice.node.channels()).length === 1, 1)
      await alice.node.closeChannel({ channelId: closing.channelId, force: true })
      const before = (await alice.node.balance()).onchainConfirmedSat
      const backup = await alice.node.backup()
      await lose(alice)

      const again = await comeBack(stage, alice, backup)
      expect(again.channelsToClose).toBe(0)
      expect((await again.node.channel({ channelId: closed.channelId })).state).toBe('closed')
      // Nothing was signed after it began to close: its commitment is the newest, and it may go out again.
      expect(again.published.some(tx => spends(tx, outPointKey(closing)))).toBe(true)
      await closedFor(stage, [again])
      const gained = (await again.node.balance()).onchainConfirmedSat - before
      expect(gained).toBeGreaterThan(CAPACITY - MOST_FEES)
      expect(await onchainKinds(bob)).not.toContain('revoked_commitment')
    },
    TIMEOUT,
  )

  test(
    'restored twice, and started again and again, it never publishes an old state',
    async () => {
      const stage = new Stage()
      const [alice, bob] = [await stage.start('alice'), await stage.start('bob')]
      await stage.fund(alice, COINS)
      const channel = await stage.open(alice, bob, CAPACITY)
      const backup = await alice.node.backup()
      await stage.pay(alice, bob, 500_000_000n)
      await lose(alice)
      await bob.node.stop()
      let again: Actor = await comeBack(stage, alice, backup)
      for (let i = 0; i < 4; i++) {
        stage.chain.mine(1)
        await expect(again.node.closeChannel({ channelId: channel.channelId, force: true })).rejects.toThrow(/backup/)
        expectNoCommitment(again, [channel])
        await lose(again)
        again =
          i === 2
            ? await comeBack(stage, alice, await again.node.backup().catch(() => backup))
            : await stage.start('alice', memoryStore(again.store.snapshot()))
      }
      expect(await again.node.channel({ channelId: channel.channelId })).toMatchObject({ state: 'closing' })
      // What it could do on the chain, as it tells people, is nothing.
      const { local } = await again.node.explainChannel({ channelId: channel.channelId })
      expect(local.filter(({ sentence, now }) => now || /our commitment/.test(sentence))).toEqual([])
      expect(stage.spenderOf(channel)).toBeUndefined()
      const peer = await stage.start('bob', memoryStore(bob.store.snapshot()))
      await closedFor(stage, [again])
      expectNoCommitment(again, [channel])
      expect(await onchainKinds(peer)).not.toContain('revoked_commitment')
      expect((await again.node.balance()).onchainConfirmedSat).toBeLessThan(COINS - 499_000n)
    },
    TIMEOUT,
  )
})

describe('the chain of a restored node', () => {
  test(
    'is read from a height that is named, also where the backup knows none of its blocks',
    async () => {
      const stage = new Stage()
      // The first block is the same everywhere.
      stage.chain.mine(10)
      const alice = await stage.start('alice')
      await stage.fund(alice, COINS)
      const backup = await alice.node.backup()
      await lose(alice)
      const elsewhere = new Stage({ minerSecret: new Uint8Array(32).fill(5) })
      const miner = await elsewhere.start('miner')
      await elsewhere.fund(miner, COINS)
      elsewhere.chain.mine(50)
      const store = memoryStore()
      await restoreBackup({ backup, phrase: alice.phrase, store })
      await expect(elsewhere.start('alice', store)).rejects.toThrow(/None of the last blocks/)
      const scanned = memoryStore()
      await restoreBackup({ backup, phrase: alice.phrase, store: scanned, birthHeight: 0 })
      const again = await elsewhere.start('alice', scanned)
      expect((await again.node.balance()).onchainConfirmedSat).toBe(0n)
      await elsewhere.fund(again, COINS)
    },
    TIMEOUT,
  )

  test('gives words their coins back without any backup', async () => {
    const stage = new Stage()
    const alice = await stage.start('alice')
    await stage.fund(alice, COINS)
    stage.chain.mine(10)
    await lose(alice)
    const store = memoryStore()
    await restoreWords({ store, birthHeight: 1 })
    const again = await stage.start('alice', store)
    expect((await again.node.balance()).onchainConfirmedSat).toBe(COINS)
  })
})
