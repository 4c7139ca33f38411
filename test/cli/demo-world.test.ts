import { describe, expect, it, vi } from 'vitest'
import { runPayments } from '../../src/cli/demo/payments.ts'
import { type DemoReport, SCENARIOS } from '../../src/cli/demo/report.ts'
import { openedWorld, runDemo } from '../../src/cli/demo/run.ts'
import { accountOf } from '../../src/cli/demo/sums.ts'

// The demo from inside: the same every time, whole for any number of payments, and loud when something goes wrong.

const silent = { phase() {}, payments() {} }

/** All but the time that it took. */
function figures({ payments: { seconds: _s, perSecond: _p, ...payments }, ...report }: DemoReport) {
  return { ...report, payments }
}

describe.each(SCENARIOS)('%s', scenario => {
  it('gives the same transactions, the same story and the same messages each time', async () => {
    const [first, second] = [
      await runDemo({ scenario, payments: 30 }, silent),
      await runDemo({ scenario, payments: 30 }, silent),
    ]
    expect(figures(second)).toEqual(figures(first))
    expect(first.onchain.length).toBeGreaterThan(1)
  })

  it.each([0, 1, 2, 3])('adds up with %i payments', async payments => {
    const report = await runDemo({ scenario, payments }, silent)
    expect(accountOf(report).complaints).toEqual([])
    expect(report.payments.count).toBe(payments)
    expect(report.payments.aliceToBob.count + report.payments.bobToAlice.count).toBe(payments)
  })
})

describe('what goes wrong where nobody waits', () => {
  it('an effect that cannot be carried out ends the demo with its own words', async () => {
    const world = await openedWorld(silent)
    vi.spyOn(world.chain, 'submit').mockImplementation(() => {
      throw new Error('the chain is gone')
    })
    await world.alice.command({ type: 'force_close', reason: 'test' })
    await expect(world.settle()).rejects.toThrow('the chain is gone')
    await expect(world.mine()).rejects.toThrow('the chain is gone')
  })

  it('a payment that is refused ends the demo with the reason', async () => {
    const world = await openedWorld(silent)
    await world.bob.command({ type: 'shutdown' })
    await world.settle()
    await expect(runPayments(world, 1, silent)).rejects.toThrow(/alice: .*not_possible_now/)
  })

  it('a driver that takes no more inputs ends the demo with the reason', async () => {
    const world = await openedWorld(silent)
    vi.spyOn(world.alice.driver, 'submit').mockRejectedValue(new Error('no more inputs'))
    await expect(world.mine()).rejects.toThrow('no more inputs')
  })
})
