import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/index.ts'
import { decodeTx, txid, txVsize } from '../../src/bitcoin/index.ts'
import { SCENARIOS, type Scenario } from '../../src/cli/demo/report.ts'
import { expectDemoJson } from './demoSchema.ts'

// The demo as a person starts it, with few payments, and its JSON checked against the transactions that it shows.

const BIN = fileURLToPath(new URL('../../bin/bookend.js', import.meta.url))
const PAYMENTS = 50

interface Shown {
  readonly capacitySat: number
  readonly onchain: readonly { role: string; txid: string; hex: string; feeSat: number; vsize: number; by: string }[]
  readonly final: { readonly alice: { readonly onchainSat: number }; readonly bob: { readonly onchainSat: number } }
  readonly left: readonly { readonly amountSat: number }[]
}

function run(scenario: Scenario): Shown {
  const args = [BIN, 'demo', '--payments', String(PAYMENTS), '--scenario', scenario, '--json']
  const ended = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })
  expect(ended.stderr).toBe('')
  expect(ended.status).toBe(0)
  const json: unknown = JSON.parse(ended.stdout)
  expectDemoJson(json, { scenario, count: PAYMENTS })
  return json as Shown
}

const rolesOf = (shown: Shown) => new Set(shown.onchain.map(tx => tx.role))
const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0)

describe.each(SCENARIOS)('bookend demo --scenario %s', scenario => {
  const shown = run(scenario)

  it('adds up to the capacity, in the numbers of its JSON', () => {
    const fees = sum(shown.onchain.filter(tx => tx.role !== 'funding').map(tx => tx.feeSat))
    const { alice, bob } = shown.final
    expect(alice.onchainSat + bob.onchainSat + fees + sum(shown.left.map(output => output.amountSat))).toBe(
      shown.capacitySat,
    )
  })

  it('shows transactions that are what it says: identifier, size, fee, and the channel as the source', () => {
    const outputs = new Map<string, bigint>()
    for (const { role, hex, feeSat, vsize, txid: id } of shown.onchain) {
      const decoded = decodeTx(fromHex(hex))
      if (!decoded.ok) throw new Error(`${role} is no transaction`)
      const tx = decoded.value
      expect([txid(tx), txVsize(tx)]).toEqual([id, vsize])
      const spent = tx.inputs.map(input => outputs.get(`${input.outpoint.txid}:${input.outpoint.vout}`))
      if (role !== 'funding') expect(spent.some(amount => amount !== undefined)).toBe(true)
      // Inputs that the list does not explain are coins of a wallet.
      if (spent.every(amount => amount !== undefined)) {
        const paid = tx.outputs.reduce(
          (rest, output) => rest - output.amountSat,
          spent.reduce((a, b) => a + b, 0n),
        )
        expect(paid).toBe(BigInt(feeSat))
      }
      for (const [vout, output] of tx.outputs.entries()) outputs.set(`${id}:${vout}`, output.amountSat)
    }
    expect([...outputs.values()]).toContain(BigInt(shown.capacitySat))
  })

  it('ends as the scenario says', () => {
    const roles = rolesOf(shown)
    expect(shown.onchain[0]?.role).toBe('funding')
    switch (scenario) {
      case 'cooperative':
        expect([...roles]).toEqual(['funding', 'mutual-close'])
        expect(shown.left).toEqual([])
        return
      case 'vanish':
        expect(roles).toContain('commitment')
        expect(roles).toContain('claim')
        expect(shown.onchain.filter(tx => tx.by === 'bob')).toEqual([])
        return
      case 'cheat':
        expect(shown.onchain.find(tx => tx.role === 'commitment')?.by).toBe('bob')
        expect(shown.onchain.find(tx => tx.role === 'penalty')?.by).toBe('alice')
        expect(shown.final.bob.onchainSat).toBe(0)
    }
  })
})
