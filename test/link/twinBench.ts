import { expect } from 'vitest'
import { outPointKey } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import { judgeInput, type RegtestChain } from '../../src/regtest/index.ts'
import type { Keyring } from './keyring.ts'
import type { Role, Side } from './side.ts'
import { prevoutsOf, type TwinName, tooEarly, twinsOf } from './twins.ts'

// Where transactions and their twins are put to the chain, and counted by what they are for.

export class TwinBench {
  readonly #chain: RegtestChain
  readonly #keyring: Keyring
  /** How often each kind of input had each twin refused. */
  readonly refused = new Map<string, Map<TwinName, number>>()
  readonly #seen = new Set<string>()

  constructor(chain: RegtestChain, keyring: Keyring) {
    this.#chain = chain
    this.#keyring = keyring
  }

  /** Looks at whatever this side publishes, before it does. */
  watch(side: Side): void {
    side.onPublish = (tx, role) => {
      // The second version of a close, which pays no more than the first and so does not replace it.
      if (tx.inputs.some(({ outpoint }) => this.#chain.spendingTx(outpoint) !== undefined)) return
      const paths = side.spends('local').filter(path => path.role === role)
      this.examine(tx, index => {
        const { outpoint } = tx.inputs[index] ?? {}
        const path = outpoint && paths.find(each => outPointKey(each.outpoint) === outPointKey(outpoint))
        return kindOf(role, index, path?.way)
      })
    }
  }

  /** The chain takes the transaction, and refuses each twin of it. */
  examine(tx: Tx, kind: (input: number) => string): void {
    if (this.#seen.has(txid(tx))) return
    this.#seen.add(txid(tx))
    const good = this.#chain.testAccept(tx)
    expect(good.ok ? 'accepted' : good.error.reason, kind(0)).toBe('accepted')
    const prevouts = prevoutsOf(this.#chain, tx)
    for (const input of tx.inputs.keys()) {
      expect(judgeInput({ tx, inputIndex: input, prevouts }).ok).toBe(true)
      for (const twin of twinsOf({ tx, prevouts, keyring: this.#keyring }, input)) {
        const judged = this.#chain.testAccept(twin.tx)
        expect(judged.ok ? 'accepted' : judged.error.reason, `${kind(input)}, ${twin.name}`).toMatch(twin.refusal)
        this.#count(kind(input), twin.name)
      }
    }
    const early = tooEarly(this.#chain, tx)
    if (early === undefined) return
    expect(early.got, `${kind(0)}, too early`).toBe(early.expected)
    this.#count(kind(0), 'too early')
  }

  /** The names of the twins of each kind, sorted. */
  table(): Readonly<Record<string, readonly TwinName[]>> {
    return Object.fromEntries([...this.refused].map(([kind, twins]) => [kind, [...twins.keys()].toSorted()]))
  }

  get total(): number {
    let total = 0
    for (const twins of this.refused.values()) for (const count of twins.values()) total += count
    return total
  }

  #count(kind: string, name: TwinName): void {
    const twins = this.refused.get(kind) ?? new Map<TwinName, number>()
    this.refused.set(kind, twins.set(name, (twins.get(name) ?? 0) + 1))
  }
}

function kindOf(role: Role, input: number, way: string | undefined): string {
  if (role === 'claim' || role === 'penalty') return `${role} ${way}`
  return role.startsWith('htlc') && input > 0 ? 'fee coin' : role
}
