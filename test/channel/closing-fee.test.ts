import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Sat, sat } from '../../src/base/index.ts'
import { decideFee, type FeeOffer, type OwnFees } from '../../src/channel/closingFee.ts'

// BOLT 2, closing_signed: the figures alone, for any two sides.

const fee = fc.bigInt({ min: 1n, max: 100_000n })
const ownFees: fc.Arbitrary<OwnFees> = fc
  .tuple(fee, fee, fee)
  .map(values => values.toSorted((a, b) => (a < b ? -1 : 1)).map(sat))
  .map(([minFeeSat = sat(0), idealFeeSat = sat(0), maxFeeSat = sat(0)]) => ({ minFeeSat, idealFeeSat, maxFeeSat }))

interface Mover {
  readonly role: FeeOffer['role']
  readonly own: OwnFees
  lastSentSat: Sat | undefined
  lastReceivedSat: Sat | undefined
  agreedSat: Sat | undefined
}

function mover(role: FeeOffer['role'], own: OwnFees): Mover {
  return { role, own, lastSentSat: undefined, lastReceivedSat: undefined, agreedSat: undefined }
}

/** Both sides by the same rules until one has nothing more to say. Returns the number of messages. */
function negotiate(opener: Mover, accepter: Mover, ranges: boolean): number | string {
  opener.lastSentSat = opener.own.idealFeeSat
  let said: Sat = opener.own.idealFeeSat
  let [speaker, listener] = [opener, accepter]
  for (let messages = 1; messages < 200; messages++) {
    const { role, own, lastSentSat, lastReceivedSat } = listener
    const peerRange = ranges ? speaker.own : undefined
    const decision = decideFee({ role, own, lastSentSat, lastReceivedSat, feeSat: said, peerRange })
    if (!decision.ok) return decision.error.code
    listener.lastReceivedSat = said
    if (decision.value.type === 'agree') {
      listener.agreedSat = said
      if (said === listener.lastSentSat) return messages
      listener.lastSentSat = said
    } else {
      listener.lastSentSat = decision.value.feeSat
      said = decision.value.feeSat
    }
    ;[speaker, listener] = [listener, speaker]
  }
  return 'endless'
}

describe('BOLT 2, closing_signed, the fee', () => {
  it('is found in at most three messages where two ranges meet, and lies in both', () => {
    fc.assert(
      fc.property(ownFees, ownFees, (a, b) => {
        const meet = a.minFeeSat <= b.maxFeeSat && b.minFeeSat <= a.maxFeeSat
        const [opener, accepter] = [mover('opener', a), mover('accepter', b)]
        const result = negotiate(opener, accepter, true)
        if (!meet) {
          expect(result).toBe('closing_fee_ranges_disjoint')
          return
        }
        expect(result).toBeTypeOf('number')
        expect(Number(result)).toBeLessThanOrEqual(3)
        const agreed = opener.agreedSat ?? accepter.agreedSat ?? sat(0)
        expect(accepter.agreedSat).toBe(agreed)
        expect(agreed >= a.minFeeSat && agreed >= b.minFeeSat && agreed <= a.maxFeeSat && agreed <= b.maxFeeSat).toBe(
          true,
        )
      }),
    )
  })

  it('never leaves what a side allows, and always ends, without ranges', () => {
    fc.assert(
      fc.property(ownFees, ownFees, (a, b) => {
        const [opener, accepter] = [mover('opener', a), mover('accepter', b)]
        const result = negotiate(opener, accepter, false)
        expect(typeof result === 'number' || result === 'closing_fee_disagreement').toBe(true)
        for (const { own, lastSentSat, agreedSat } of [opener, accepter]) {
          for (const said of [lastSentSat, agreedSat]) {
            if (said !== undefined) expect(said >= own.minFeeSat && said <= own.maxFeeSat).toBe(true)
          }
        }
        if (typeof result === 'number') expect(opener.lastSentSat).toBe(accepter.lastSentSat)
      }),
    )
  })

  it('moves strictly between its own last fee and the one that came', () => {
    fc.assert(
      fc.property(ownFees, fee, fee, (own, sent, came) => {
        const lastSentSat = sat(sent)
        const feeSat = sat(came)
        const decision = decideFee({
          role: 'opener',
          own,
          lastSentSat,
          lastReceivedSat: undefined,
          feeSat,
          peerRange: undefined,
        })
        if (!decision.ok || decision.value.type === 'agree') return
        const next = decision.value.feeSat
        const [low, high] = sent < came ? [sent, came] : [came, sent]
        expect(low < next && next < high).toBe(true)
      }),
    )
  })

  it('is chosen by the accepter as near to its own choice as the overlap allows', () => {
    const own: OwnFees = { minFeeSat: sat(500), idealFeeSat: sat(1_000), maxFeeSat: sat(9_000) }
    const answer = (range: readonly [number, number]) =>
      decideFee({
        role: 'accepter',
        own,
        lastSentSat: undefined,
        lastReceivedSat: undefined,
        feeSat: sat(100),
        peerRange: { minFeeSat: sat(range[0]), maxFeeSat: sat(range[1]) },
      })
    expect(answer([100, 2_000])).toEqual({ ok: true, value: { type: 'propose', feeSat: 1_000n } })
    expect(answer([100, 700])).toEqual({ ok: true, value: { type: 'propose', feeSat: 700n } })
    expect(answer([100, 499])).toMatchObject({ ok: false, error: { code: 'closing_fee_ranges_disjoint' } })
    expect(answer([2_000, 3_000])).toEqual({ ok: true, value: { type: 'propose', feeSat: 2_000n } })
  })

  it('is never below what the opener chose to allow, even where it has not spoken', () => {
    const own: OwnFees = { minFeeSat: sat(500), idealFeeSat: sat(1_000), maxFeeSat: sat(2_000) }
    const peerRange = { minFeeSat: sat(1), maxFeeSat: sat(900) }
    const unspoken = { role: 'opener', own, lastSentSat: undefined, lastReceivedSat: undefined, peerRange } as const
    expect(decideFee({ ...unspoken, feeSat: sat(100) })).toMatchObject({
      ok: false,
      error: { severity: 'fail_channel', code: 'closing_fee_out_of_range' },
    })
  })
})
