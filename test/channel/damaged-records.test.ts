import { describe, expect, it } from 'vitest'
import { defined } from '../../src/base/index.ts'
import { loadDurable } from '../../src/channel/index.ts'
import { inPhase } from './phases.ts'

describe('a record of an HTLC that lies under the key of another one', () => {
  it('is refused, also where the other one is there: one HTLC would count twice, and one not at all', () => {
    const { records } = inPhase('alice', 'normal').alice
    const [first, second] = [...records.keys()].filter(key => key.startsWith('htlc/')).sort()
    expect(loadDurable(records).ok).toBe(true)
    const copied = defined(records.get(defined(first, 'there is an HTLC')), 'it has a record')
    const loaded = loadDurable(new Map(records).set(defined(second, 'there are two HTLCs'), copied))
    expect(loaded).toMatchObject({ ok: false, error: { code: 'invalid' } })
  })
})
