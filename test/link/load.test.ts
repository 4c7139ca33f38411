import { describe, expect, test } from 'vitest'
import { loadLink, NEW_LINK } from '../../src/link/index.ts'
import { connected, effectsOf, Hand, HEIGHT, load, sent, snapshots } from './opened.ts'

// A node from its records: what was stored comes back, and what cannot be read is refused instead of guessed.

const all = await snapshots()
const names = ['unconfirmed', 'normal', 'withHtlcs', 'closing', 'closed'] as const

function failureOf(records: ReadonlyMap<string, Uint8Array>): string {
  const loaded = loadLink(records)
  if (loaded.ok) throw new Error('these records should not load')
  return loaded.error.message
}

test('no records are a new node, and so are records that are not of a channel', () => {
  expect(loadLink(new Map())).toEqual({ ok: true, value: NEW_LINK })
  expect(loadLink(new Map([['wallet/coins', Uint8Array.of(1)]]))).toEqual({ ok: true, value: NEW_LINK })
})

test.each(names)(
  'a channel that is %s comes back: disconnected, and watching its funding output, if that is unspent',
  name => {
    for (const side of ['alice', 'bob'] as const) {
      const state = load(all[name][side])
      expect(state.connection).toBe('disconnected')
      expect(state.watched.size).toBe(name === 'closing' || name === 'closed' ? 0 : 1)
      expect(state.channel?.state).toBe(
        { unconfirmed: 'wait_for_funding_confirmed', withHtlcs: 'normal' }[name as never] ?? name,
      )
      expect(state.funding === undefined).toBe(name === 'unconfirmed')
      expect(state.onchain).toBeDefined()
    }
  },
)

test('what the steps wrote is what the state says, whatever was done', () => {
  const { alice, bob } = connected(all.withHtlcs)
  bob.give({ type: 'command', command: { type: 'force_close', reason: 'test' } })
  const spend = effectsOf(bob.give({ type: 'block_connected', height: HEIGHT + 1, transactions: [] }), 'publish')[0]
  if (spend === undefined) throw new Error('a forced close is published with each block')
  for (const hand of [alice, bob]) {
    hand.give({ type: 'block_connected', height: HEIGHT + 1, transactions: [spend.tx] })
    const { channel, onchain, funding, earlierScripts } = load(hand.records)
    expect(channel && 'durable' in channel && channel.durable).toEqual(hand.channel.durable)
    expect({ onchain, funding, earlierScripts }).toEqual({
      onchain: hand.state.onchain,
      funding: hand.state.funding,
      earlierScripts: hand.state.earlierScripts,
    })
    expect(onchain?.facts.transactions).toHaveLength(1)
  }
})

describe('a start', () => {
  test('asks for every watch anew, and for nothing a second time', () => {
    const alice = new Hand('alice', all.normal.alice)
    const { fundingOutpoint } = alice.channel.durable.params
    const asked = effectsOf(alice.give({ type: 'started' }), 'look_up_spend')
    expect(asked).toEqual([{ type: 'look_up_spend', outpoint: fundingOutpoint }])
    expect([...alice.state.watched.values()]).toEqual([fundingOutpoint])
    expect(
      effectsOf(alice.give({ type: 'block_connected', height: HEIGHT + 1, transactions: [] }), 'look_up_spend'),
    ).toEqual([])
  })

  test('finds a close that happened while nobody was looking', () => {
    const { alice, bob } = connected(all.normal)
    const close = effectsOf(
      bob.give({ type: 'command', command: { type: 'force_close', reason: 'test' } }),
      'publish',
    )[0]
    if (close === undefined) throw new Error('a forced close is published')
    const again = new Hand('alice', alice.records, HEIGHT + 9)
    again.give({ type: 'started' })
    const { fundingOutpoint: outpoint } = again.channel.durable.params
    const step = again.give({ type: 'spend_found', outpoint, tx: close.tx, height: HEIGHT + 4 })
    expect(again.channel.state).toBe('closing')
    expect(effectsOf(step, 'event').map(({ event }) => event.type)).toEqual(['state_changed', 'commitment_confirmed'])
    // Its outputs are watched from now on.
    expect(effectsOf(step, 'look_up_spend').length).toBeGreaterThan(0)
    expect(again.give({ type: 'spend_found', outpoint, tx: close.tx, height: HEIGHT + 4 }).writes).toEqual([])
  })

  test('drops what no signature covered, and says so', () => {
    const { alice } = connected(all.normal)
    alice.give({ type: 'command', command: { type: 'update_fee', feeratePerKw: 3_000 as never } })
    const restarted = new Hand('alice', alice.records)
    expect(restarted.channel.durable.feeUpdates).toHaveLength(1)
    restarted.give({ type: 'started' })
    expect(restarted.channel.durable.feeUpdates).toHaveLength(0)
    expect(sent(restarted.give({ type: 'connected' })).map(({ type }) => type)).toEqual(['channel_reestablish'])
  })
})

describe('records that cannot be', () => {
  const records = all.withHtlcs.alice
  const keyOf = (end: string) => [...records.keys()].find(key => key.endsWith(end)) ?? ''
  const withRecord = (key: string, value: Uint8Array) => new Map(records).set(key, value)

  test('of two channels', () => {
    const second = 'cd'.repeat(32)
    const copy = new Map([...records].map(([key, value]) => [key.replace(/[0-9a-f]{64}/, second), value]))
    expect(failureOf(new Map([...records, ...copy]))).toBe('expected one channel, got 2')
  })

  test.each([
    '/state/version',
    '/state/params',
    '/state/phase',
    '/state/head',
    '/state/local-commit',
    '/state/remote-commit',
  ])('without %s', end => {
    const without = new Map(records)
    expect(without.delete(keyOf(end))).toBe(true)
    expect(failureOf(without)).toMatch(/expected a record/)
  })

  test('with the funding, the closing scripts or the version of the enforcement spoiled', () => {
    const funding = keyOf('/funding')
    expect(failureOf(withRecord(funding, Uint8Array.of(1)))).toMatch(/./)
    expect(failureOf(withRecord(funding.replace(/funding$/, 'closing-scripts'), Uint8Array.of(0, 1)))).toMatch(/./)
    const onchain = funding.replace(/funding$/, 'onchain/')
    expect(failureOf(withRecord(`${onchain}version`, Uint8Array.of(99)))).toMatch(/version/)
    expect(failureOf(withRecord(`${onchain}what`, Uint8Array.of(1)))).toMatch(/./)
  })

  test('cut anywhere, the stored form is refused or read: nothing is thrown', () => {
    for (const [key, value] of records) {
      for (const length of new Set([0, 1, value.length >> 1, Math.max(0, value.length - 1)])) {
        loadLink(withRecord(key, value.subarray(0, length)))
      }
    }
    expect(failureOf(withRecord(keyOf('/state/params'), new Uint8Array(3)))).toMatch(/params/)
  })
})
