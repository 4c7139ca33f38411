import { describe, expect, it } from 'vitest'
import { emptyOnchainState, loadOnchainState } from '../../src/onchain/index.ts'
import { makeModel, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode, mine } from './node.ts'

// The stored form. That what is stored reads back as what it was is compared after every step of every other test.

/** Records of every kind: a revoked commitment, a preimage, claims with wallet coins are in `coins`. */
function records(): Map<string, Uint8Array> {
  const model = makeModel({
    format: 'anchors_zero_fee_htlc',
    delays: { alice: 6, bob: 40 },
    htlcs: height => [
      { offeredBy: 'alice', id: 0, amountSat: 40_000, cltvExpiry: height + 50, preimageSeed: 1, from: 1, until: 3 },
    ],
  })
  const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4))
  const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 1, { publish: 'commitment', knows: [1] }))
  alice.start()
  alice.online = false
  bob.fundCoins(1).start()
  mine([alice, bob], 3)
  expect(signedOf(model, 'bob', 1).inputs.length).toBe(1)
  return new Map(alice.records)
}

const folderOf = (key: string): string => key.split('/')[0] ?? ''

describe('the stored enforcement', () => {
  const stored = records()

  it('has a record of each kind', () => {
    expect([...new Set([...stored.keys()].map(folderOf))].toSorted()).toEqual(
      ['claim', 'preimage', 'reported', 'revoked', 'tx', 'version'].toSorted(),
    )
    expect(loadOnchainState(stored).ok).toBe(true)
  })

  it('is empty where nothing was stored', () => {
    expect(loadOnchainState(new Map())).toEqual({ ok: true, value: emptyOnchainState })
  })

  it.each(['claim', 'preimage', 'revoked', 'tx'])('refuses a record of %s that is cut short or too long', folder => {
    const [key, value] = [...stored].find(([name]) => folderOf(name) === folder) ?? []
    if (key === undefined || value === undefined) throw new Error('there is one')
    for (const spoiled of [value.slice(0, -1), new Uint8Array([...value, 0])]) {
      expect(loadOnchainState(new Map([...stored, [key, spoiled]])).ok).toBe(false)
    }
  })

  it('refuses another version, none, and records that it does not know', () => {
    const other = loadOnchainState(new Map([...stored, ['version', Uint8Array.of(2)]]))
    expect(other).toMatchObject({ ok: false, error: { message: expect.stringMatching(/expected version 1.*got 2/) } })
    const none = new Map(stored)
    none.delete('version')
    expect(loadOnchainState(none).ok).toBe(false)
    const unknown = loadOnchainState(new Map([...stored, ['mystery', Uint8Array.of(2)]]))
    expect(unknown).toMatchObject({ ok: false, error: { message: expect.stringMatching(/mystery/) } })
  })
})
