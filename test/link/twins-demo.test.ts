import { describe, expect, it } from 'vitest'
import { defined, fromHex, utf8Encode } from '../../src/base/index.ts'
import { decodeTx } from '../../src/bitcoin/index.ts'
import { type DemoPlan, runDemo } from '../../src/cli/demo/run.ts'
import { World } from '../../src/cli/demo/world.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { Keyring } from './keyring.ts'
import { TwinBench } from './twinBench.ts'

// The transactions that the demo shows, put to a chain of their own at the heights at which they were mined, with their
// negative twins. The demo is the same in every run, so that a new chain has the same coins.

const SCENARIOS: readonly DemoPlan['scenario'][] = ['cooperative', 'vanish', 'cheat']
const PAYMENTS = 30
/** More than any of these runs makes. */
const COMMITMENTS = 40
const SILENT = { phase: () => undefined, payments: () => undefined }

/** The roles that a scenario shows, and how many twins of its transactions are refused. */
const EXPECTED = {
  cooperative: { roles: ['funding', 'mutual-close'], twins: 13 },
  vanish: { roles: ['claim', 'commitment', 'funding', 'htlc-success', 'htlc-timeout'], twins: 59 },
  cheat: { roles: ['claim', 'commitment', 'funding', 'penalty'], twins: 20 },
} as const

describe.each(SCENARIOS)('the demo, %s', scenario => {
  it(`shows transactions whose twins are all refused`, async () => {
    const { onchain } = await runDemo({ scenario, payments: PAYMENTS }, SILENT)
    expect([...new Set(onchain.map(({ role }) => role))].toSorted()).toEqual(EXPECTED[scenario].roles)
    const { chain } = new World()
    const seeds = [sha256(utf8Encode('bookend demo alice')), sha256(utf8Encode('bookend demo bob'))] as const
    const bench = new TwinBench(chain, Keyring.of(seeds, COMMITMENTS))
    for (const { hex, height, role } of onchain) {
      const decoded = decodeTx(fromHex(hex))
      const tx = decoded.ok ? decoded.value : undefined
      while (chain.height < height - 1) chain.mine(1)
      bench.examine(defined(tx, 'the demo shows transactions'), () => role)
      expect(chain.submit(defined(tx, 'the demo shows transactions')).ok).toBe(true)
    }
    expect(bench.total).toBe(EXPECTED[scenario].twins)
  })
})
