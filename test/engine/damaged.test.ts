import { describe, expect, test } from 'vitest'
import { type ChannelId, jsonEncode } from '../../src/base/index.ts'
import { LOADED_PREFIXES, loadEngine } from '../../src/engine/index.ts'
import type { Side } from './side.ts'
import { failureOf, Stage } from './stage.ts'

// Records that are not whole are told and never guessed at, and a request that makes no sense changes nothing.

function loaded(side: Side, records: ReadonlyMap<string, Uint8Array>) {
  const kept = new Map([...records].filter(([key]) => LOADED_PREFIXES.some(prefix => key.startsWith(prefix))))
  return loadEngine({ records: kept, lastEvent: 0, context: side.context() })
}

describe('a store that was damaged', () => {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  stage.token(alice, 'shop', 1_000_000n)
  const id = stage.ready(alice, bob)
  stage.askToOpen(alice, bob, { capacity: 50_000n, token: 'shop' })
  stage.invoice(alice, 1_000n)
  stage.keysend(alice, bob, 1_000n)
  const keyOf = (begin: string) => {
    const found = [...alice.records.keys()].find(key => key.startsWith(begin))
    if (found === undefined) throw new Error(`there is a record under ${begin}`)
    return found
  }

  test('is whole before', () => {
    expect(loaded(alice, alice.records).ok).toBe(true)
  })

  test.each([
    'wallet/',
    'peer/',
    'token/',
    'node/charge/',
    'node/next-link',
    `channel/${id}/state/params`,
    `channel/${id}/peer`,
  ])('garbage under %s is told', begin => {
    const records = new Map(alice.records).set(keyOf(begin), Uint8Array.of(0xff))
    expect(loaded(alice, records).ok).toBe(false)
  })

  /** Everything of ours that is JSON. */
  const texts = ['peer/', 'token/', 'invoice/', 'in-flight/', 'payments/next', 'node/charge/', `channel/${id}/peer`]
  const others = [null, [], {}, 'text', 1e21, -1, { id: null }, { peer: {} }, { payment: 1, terms: [] }]

  test.each(texts)('so is JSON under %s that says something else', begin => {
    for (const other of others) {
      const records = new Map(alice.records).set(keyOf(begin), jsonEncode(other))
      expect(loaded(alice, records).ok, JSON.stringify(other)).toBe(false)
    }
  })

  test.each(['token/', 'invoice/', 'in-flight/'])('so is a record under %s that has the key of another one', begin => {
    const key = keyOf(begin)
    const records = new Map(alice.records).set(`${key}0`, alice.records.get(key) ?? new Uint8Array(0))
    expect(loaded(alice, records).ok).toBe(false)
  })

  test.each([`channel/${id}/peer`, `channel/${id}/state/params`])('so is %s, where it is not there', key => {
    const records = new Map(alice.records)
    expect(records.delete(key)).toBe(true)
    expect(loaded(alice, records).ok).toBe(false)
  })

  test('a record of a kind that nobody wrote', () => {
    expect(loaded(alice, new Map(alice.records).set('payments/other', jsonEncode(1))).ok).toBe(false)
  })
})

describe('requests that make no sense', () => {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  const id = stage.ready(alice, bob)
  const close = (channelId: ChannelId) =>
    alice.replyTo(alice.ask(request => ({ type: 'close_channel', request, channelId, force: false })))

  test('a channel that is not there, and one that is closed already, cannot be closed', () => {
    expect(failureOf(close('ab'.repeat(32) as ChannelId))).toBe('no_channel')
    expect(close(id)).toEqual({ type: 'done' })
    stage.settle()
    stage.mine(8)
    const before = alice.state
    expect(failureOf(close(id))).toBeDefined()
    expect(alice.state.links).toEqual(before.links)
  })

  test('an opening that is under way has nothing to close', () => {
    stage.askToOpen(alice, bob, { capacity: 50_000n })
    const opening = alice.links.at(-1)?.state.channel
    if (opening === undefined || !('temporaryChannelId' in opening)) throw new Error('an opening')
    expect(failureOf(close(opening.temporaryChannelId))).toBeDefined()
    expect(alice.links.at(-1)?.state.channel).toBe(opening)
  })

  test('an answer of the store that nobody waits for', () => {
    const before = alice.state
    alice.turn({ type: 'archive', link: 4711, commitmentNumber: 0, records: new Map() })
    alice.turn({ type: 'looked_up', request: 4711, records: new Map() })
    expect(alice.state).toEqual(before)
  })
})
