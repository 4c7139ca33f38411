import { describe, expect, it } from 'vitest'
import { channelView } from '../../src/link/view.ts'
import { deliverNext, disconnect, fundedOf, opened, type Side } from '../channel/harness.ts'
import { add, fulfill, hashOf, preimageOf, settle } from '../channel/payments.ts'

// Incident class: an HTLC that was fulfilled off chain is missing from the commitment that confirms, and is failed upstream.

function preimagesSeenBy(side: Side): ReadonlyMap<string, Uint8Array> {
  return channelView(fundedOf(side), side.context.secrets).preimages
}

describe('the preimages that enforcement knows', () => {
  it('are those that we decided to take, and those that the peer revealed, from the moment of the message', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 20_000_000n, secret: 1 })
    settle(duo)
    expect(preimagesSeenBy(duo.alice).size).toBe(0)
    fulfill(duo, 'bob', 0, 1)
    expect(preimagesSeenBy(duo.bob).get(hashOf(1))).toEqual(preimageOf(1))
    expect(preimagesSeenBy(duo.alice).size).toBe(0)
    settle(duo)
    expect(preimagesSeenBy(duo.bob).size).toBe(0)
  })

  it('hold a preimage of the peer while its fulfilment is not irrevocable, also over a disconnect', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 20_000_000n, secret: 1 })
    settle(duo)
    fulfill(duo, 'bob', 0, 1)
    deliverNext(duo, 'alice')
    expect(preimagesSeenBy(duo.alice).get(hashOf(1))).toEqual(preimageOf(1))
    disconnect(duo)
    expect(preimagesSeenBy(duo.alice).get(hashOf(1))).toEqual(preimageOf(1))
  })
})
