import { afterAll, beforeAll, expect, test } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { alice, coinOf, spend, value } from '../regtest/support.ts'
import { startTwins, type Twins } from './twins.ts'

// Blocks of the embedded chain, judged by btcd, and btcd's by the embedded chain.

let twins: Twins
beforeAll(async () => {
  twins = await startTwins()
})
afterAll(() => twins?.btcd.stop())

test('both stand on the same block, with segwit and taproot in force', async () => {
  const { chain, btcd } = twins
  expect(await btcd.call('getbestblockhash')).toBe(chain.tip.hash)
  expect(await btcd.call('getblockchaininfo')).toMatchObject({
    chain: 'regtest',
    bip9_softforks: { segwit: { status: 'active' }, taproot: { status: 'active' } },
  })
})

test('a block with a payment becomes the tip of both, and one with a broken signature of none', async () => {
  const { chain, btcd } = twins
  const { tx } = value(chain.fork().fund(alice.script, sat(100_000), { confirm: false }))
  expect(await twins.offer([tx])).toMatchObject({ btcd: undefined, embedded: { ok: true } })
  expect(await btcd.call('getbestblockhash')).toBe(chain.tip.hash)

  const { hash } = chain.tip
  const coin = coinOf(tx)
  const broken = { ...spend([coin]), locktime: 1 }
  const verdicts = await twins.offer([broken])
  expect(verdicts.embedded.ok).toBe(false)
  expect(verdicts.btcd).toBeTypeOf('string')
  expect([chain.tip.hash, await btcd.call('getbestblockhash')]).toEqual([hash, hash])

  expect(await twins.offer([spend([coin])])).toMatchObject({ btcd: undefined, embedded: { ok: true } })
})
