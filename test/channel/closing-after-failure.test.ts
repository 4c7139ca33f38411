import { describe, expect, it } from 'vitest'
import { msat, utf8Encode } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { closed } from './closingCompleteOffers.ts'
import { channelWith, negotiating, published } from './closingFixtures.ts'
import { type Duo, durableOf, effectsOf, input } from './harness.ts'

// Once both have signed a close, nothing that goes wrong afterwards may set our commitment against it: it pays the same
// later and dearer. Only the user, who sees that the close does not confirm, may ask for that.

function agreed(): Duo {
  const duo = channelWith(msat(700_000_000n))
  closed(negotiating(duo))
  return duo
}

const peerError = (duo: Duo) =>
  ({
    type: 'message',
    message: { type: 'error', channelId: durableOf(duo.alice).params.channelId, data: utf8Encode('no more') },
  }) as const

describe('a failure after an agreed close', () => {
  it('publishes the close again where the peer sends an error', () => {
    const duo = agreed()
    const closes = durableOf(duo.alice).mutualCloses.map(txid)
    const before = published(duo.alice).length
    input(duo, 'alice', peerError(duo))
    const again = published(duo.alice).slice(before).map(txid)
    expect(again).toHaveLength(1)
    expect(closes).toContain(again[0])
    expect(effectsOf(duo.alice, 'publish').at(-1)?.role).toBe('mutual-close')
  })

  it('publishes the commitment where the user asks for it', () => {
    const duo = agreed()
    input(duo, 'alice', { type: 'force_close', reason: 'the close does not confirm' })
    expect(effectsOf(duo.alice, 'publish').at(-1)?.role).toBe('commitment')
  })

  it('publishes the commitment where the peer sends an error before any close is agreed', () => {
    const duo = channelWith(msat(700_000_000n))
    input(duo, 'alice', peerError(duo))
    expect(effectsOf(duo.alice, 'publish').at(-1)?.role).toBe('commitment')
  })
})
