import { describe, expect, test } from 'vitest'
import type { Payment } from '../../src/engine/index.ts'
import { DEFAULT_GOSSIP_LIMITS } from '../../src/gossip/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import { shortChannelIdOf } from '../../src/link/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../src/payment/index.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// A node that has been told of the network by its peer pays others over it, and is found by them.

/** Nodes in a row with a channel between each two. */
function row(names: readonly string[], announce: (index: number) => boolean = () => true) {
  const stage = new Stage()
  const sides: readonly Side[] = stage.sidesOf(names)
  for (const [index, side] of sides.entries()) {
    const next = sides[index + 1]
    if (next === undefined) continue
    stage.ready(side, next, { capacity: 500_000n, push: 200_000n, announce: announce(index) })
  }
  stage.mine(3)
  for (let i = 0; i <= names.length; i++) stage.wait(DEFAULT_GOSSIP_LIMITS.flushMs)
  return { stage, sides }
}

function at(sides: readonly Side[], index: number): Side {
  const side = sides.at(index)
  if (side === undefined) throw new Error('a row is long enough')
  return side
}

function paid(stage: Stage, from: Side, invoice: string): Payment {
  const request = stage.pay(from, invoice)
  stage.settle()
  const reply = from.replyTo(request)
  if (reply?.type !== 'payment') throw new Error(`expected a payment, got ${JSON.stringify(reply)}`)
  return reply.payment
}

const { feeBaseMsat, feeProportionalMillionths } = DEFAULT_PAYMENT_LIMITS

/** By which a side wants its channel with a peer to be named. */
const aliasOf = (side: Side, peer: Side) => side.links.find(link => link.peer === peer.id)?.alias

/** What so many nodes ask for passing it on, each for what leaves it. */
function feeOver(hops: number, amountMsat: bigint): bigint {
  let amount = amountMsat
  for (let i = 0; i < hops; i++) amount += feeBaseMsat + (amount * BigInt(feeProportionalMillionths)) / 1_000_000n
  return amount - amountMsat
}

describe('a payment over channels of others', () => {
  test.each([
    ['three', ['alice', 'bob', 'carol']],
    ['five', ['alice', 'bob', 'carol', 'dave', 'erin']],
  ] as const)('reaches the last of %s in a row, for what each asks', (_, names) => {
    const { stage, sides } = row(names)
    const invoice = stage.invoice(at(sides, -1), 10_000n)
    const payment = paid(stage, at(sides, 0), invoice)
    expect(payment).toMatchObject({ status: 'succeeded', feeMsat: feeOver(names.length - 2, 10_000_000n) })
    expect(at(sides, -1).eventsOf('payment_received')).toHaveLength(1)
  })

  test('is found by one who was not there when the channels were announced, and asked a peer', () => {
    const { stage, sides } = row(['alice', 'bob', 'carol'])
    stage.wait(2 * 3_600_000)
    const zoe = stage.side('zoe')
    zoe.fund(2_000_000n)
    stage.catchUp()
    stage.connect(zoe, at(sides, 0))
    expect(zoe.state.gossip.graph.channelCount).toBe(2)
    stage.ready(zoe, at(sides, 0), { capacity: 500_000n })
    const invoice = stage.invoice(at(sides, -1), 10_000n)
    expect(paid(stage, zoe, invoice).status).toBe('succeeded')
  })
})

describe('an invoice', () => {
  const hintsOf = (invoice: string) => {
    const decoded = decodeInvoice(invoice)
    if (!decoded.ok) throw new Error(decoded.error.code)
    return decoded.value.routeHints
  }

  test('of a node with a private channel alone names it, for what the peer asks: so it is found', () => {
    const { stage, sides } = row(['alice', 'bob', 'carol'], index => index === 0)
    const [bob, carol] = [at(sides, 1), at(sides, 2)]
    const invoice = stage.invoice(carol, 10_000n)
    const { cltvExpiryDelta } = DEFAULT_PAYMENT_LIMITS
    expect(hintsOf(invoice)).toMatchObject([
      // By the name that Bob has given it: where it stands is nobody else's business.
      [
        {
          nodeId: bob.id,
          shortChannelId: aliasOf(bob, carol),
          feeBaseMsat,
          feeProportionalMillionths,
          cltvExpiryDelta,
        },
      ],
    ])
    expect(paid(stage, at(sides, 0), invoice)).toMatchObject({ status: 'succeeded', feeMsat: feeOver(1, 10_000_000n) })
  })

  test('names none where a public channel can take the amount, and the private one where it cannot', () => {
    const { stage, sides } = row(['alice', 'bob'])
    const [alice, bob] = [at(sides, 0), at(sides, 1)]
    stage.ready(alice, bob, { capacity: 900_000n })
    expect(hintsOf(stage.invoice(bob, 10_000n))).toEqual([])
    expect(hintsOf(stage.invoice(bob))).toEqual([])
    expect(hintsOf(stage.invoice(bob, 600_000n))).toHaveLength(1)
  })

  test('names three private channels at most, those first that can take most', () => {
    const stage = new Stage()
    const bob = stage.side('bob', { engine: { maxUnfundedPerPeer: 10 } })
    const alice = stage.side('alice')
    for (let i = 0; i < 5; i++) alice.fund(900_000n)
    stage.catchUp()
    stage.connect(alice, bob)
    const [smallest] = [200_000n, 500_000n, 300_000n, 400_000n].map(capacity => stage.ready(alice, bob, { capacity }))
    const hints = hintsOf(stage.invoice(bob, 10_000n)).flat()
    expect(hints).toHaveLength(3)
    expect(new Set(hints.map(({ shortChannelId }) => shortChannelId)).size).toBe(3)
    const { state, alias } = alice.link(smallest ?? '')
    for (const name of [shortChannelIdOf(state), alias]) {
      expect(hints.map(({ shortChannelId }) => shortChannelId)).not.toContain(name)
    }
  })
})
