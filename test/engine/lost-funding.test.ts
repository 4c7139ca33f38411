import { describe, expect, test } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { addressFromScript, p2wpkhScript, txid } from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { IRREVOCABLE_DEPTH } from '../../src/onchain/index.ts'
import { balanceOf } from '../../src/wallet/index.ts'
import type { Side } from './side.ts'
import { type ChannelId, Stage } from './stage.ts'

// A node that goes on from an old copy of its records funds a channel with a coin that it had spent: no block will ever hold that funding.

const SHOP = addressFromScript(p2wpkhScript(publicKeyFromSecret(sha256(new Uint8Array(1)))), 'regtest') ?? ''

/** Alice has paid the shop, has forgotten it, and opens a channel with the same coin. */
function forgetful(zeroConf: boolean) {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'], { coins: [300_000n] })
  alice.asksChain = false
  bob.trustZeroConf = new Set([alice.id])
  const copy = new Map(alice.records)
  alice.ask(request => ({ type: 'send_onchain', request, address: SHOP, amountSat: sat(200_000n) }))
  stage.settle()
  const payment = alice.published.at(-1)?.tx
  if (payment === undefined) throw new Error('Alice pays the shop')
  stage.crash(alice)
  alice.records = new Map(copy)
  alice.start()
  stage.connect(alice, bob)
  const id = stage.open(alice, bob, { zeroConf, push: 50_000n })
  return { stage, alice, bob, id, payment: txid(payment) }
}

const stateOf = (side: Side, id: ChannelId) => side.link(id).state.channel?.state
const total = (side: Side) => balanceOf(side.state.wallet, { limits: side.context().limits.wallet, channels: 0 })

describe('a channel whose funding has lost its coin', () => {
  test('ends when a block that holds the other transaction is irrevocable, and its change is counted no more', () => {
    const { stage, alice, bob, id, payment } = forgetful(false)
    stage.mine(IRREVOCABLE_DEPTH - 1)
    expect(stateOf(alice, id)).toBe('wait_for_funding_confirmed')
    stage.mine()
    expect(stateOf(alice, id)).toBe('closed')
    expect(alice.eventsOf('channel_state').at(-1)).toMatchObject({ to: 'closed' })
    expect(alice.eventsOf('channel_state').map(({ reason }) => reason)).toContainEqual(
      expect.stringContaining(`transaction ${payment} has spent a coin of the funding transaction`),
    )
    stage.settle()
    expect(stateOf(bob, id)).toBe('closing')
    expect(bob.eventsOf('peer_said').map(({ text }) => text)).toContainEqual(expect.stringContaining(payment))
    const published = alice.published.length
    stage.mine(150)
    expect(alice.published).toHaveLength(published)
    expect(total(alice)).toMatchObject({ unconfirmedSat: 0n })
    stage.restart(alice)
    stage.mine()
    expect(stateOf(alice, id)).toBe('closed')
  })

  test('goes on where a reorganisation has taken the other transaction back', () => {
    const { stage, alice, id, payment } = forgetful(false)
    stage.mine(IRREVOCABLE_DEPTH - 1)
    const funding = alice.published.find(({ role }) => role === 'funding')
    if (funding === undefined) throw new Error('the funding was published')
    const blocks = { depth: IRREVOCABLE_DEPTH - 1, length: IRREVOCABLE_DEPTH, transactions: [funding.tx] }
    expect(stage.chain.reorganize(blocks).ok).toBe(true)
    stage.catchUp()
    stage.settle()
    expect(stage.chain.transaction(payment)).toBeUndefined()
    stage.mine(3)
    expect(stateOf(alice, id)).toBe('normal')
  })

  test('that was in use already gives back what was in flight over it', () => {
    const { stage, alice, bob, id } = forgetful(true)
    expect(stateOf(alice, id)).toBe('normal')
    const wire = stage.wireOf(alice, bob)
    const request = stage.keysend(alice, bob, 10_000n)
    for (const to of [bob, bob, alice, alice]) stage.deliver(wire, to)
    stage.crash(bob)
    stage.mine(IRREVOCABLE_DEPTH - 1)
    expect([stateOf(alice, id), alice.replyTo(request)]).toEqual(['normal', undefined])
    stage.mine()
    expect(stateOf(alice, id)).toBe('closed')
    expect(alice.replyTo(request)).toMatchObject({ type: 'payment', payment: { status: 'failed' } })
    expect(alice.published.filter(({ role }) => role === 'commitment')).toEqual([])
  })
})
