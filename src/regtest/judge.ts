import { ok, outPointKey, type Result } from '../base/index.ts'
import type { Tx, TxOut } from '../bitcoin/index.ts'
import { runInput, type ScriptRules } from './interpreter.ts'
import { type Reject, reject } from './reject.ts'
import { scriptErrorMessage } from './scriptErrors.ts'
import type { VerifySignature } from './signatures.ts'
import { txFacts } from './txFacts.ts'

// Whether a spend is good, by an interpreter that shares no code with the rest of the project: what we sign is never
// judged by the code that signed it.

/** One input of a transaction, with the outputs that all of its inputs spend (taproot signatures cover them all). */
export interface Spend {
  readonly tx: Tx
  readonly inputIndex: number
  /** One for each input, in order. */
  readonly prevouts: readonly TxOut[]
  /** `standard` unless said otherwise: what nodes relay. `consensus`: what a block may hold. */
  readonly rules?: ScriptRules
  /** Says whether ECDSA signatures hold, in place of the interpreter's own curve. */
  readonly verifySignature?: VerifySignature | undefined
}

/**
 * Runs the scripts of one input. Relative and absolute locks are compared with the transaction's own fields, as
 * OP_CHECKSEQUENCEVERIFY and OP_CHECKLOCKTIMEVERIFY do; whether the chain has reached them is for the chain to say.
 * Errors carry Core's wording: `mandatory-script-verify-flag-failed (…)` breaks consensus, and
 * `non-mandatory-script-verify-flag (…)` only relay rules.
 */
export function judgeInput(spend: Spend): Result<true, Reject> {
  const { tx, inputIndex, prevouts, rules = 'standard', verifySignature } = spend
  const run = (by: ScriptRules) => runInput(tx, inputIndex, prevouts, by, verifySignature)
  const fault = run(rules)
  if (fault === undefined) return ok(true)
  const where = describeInput(tx, inputIndex)
  const mandatory = rules === 'consensus' ? fault : run('consensus')
  if (mandatory === undefined) {
    return reject(`non-mandatory-script-verify-flag (${scriptErrorMessage(fault)})`, `${where}: ${fault}`)
  }
  return reject(`mandatory-script-verify-flag-failed (${scriptErrorMessage(mandatory)})`, `${where}: ${mandatory}`)
}

function describeInput(tx: Tx, index: number): string {
  const { txid, wtxid } = txFacts(tx)
  const outpoint = tx.inputs[index]?.outpoint
  return `input ${index} of ${txid} (wtxid ${wtxid}), spending ${outpoint && outPointKey(outpoint)}`
}

/** Inputs whose good result is remembered, so that what was checked on its way into the mempool is not run again in its block. */
const MAX_REMEMBERED_INPUTS = 50_000

/** Judges whole transactions and remembers the good inputs, up to a bound. */
export class ScriptJudge {
  // A wtxid commits to the witnesses and, through the outpoints, to the scripts and amounts that are spent.
  readonly #good = new Map<string, ScriptRules>()
  readonly #limit: number
  readonly #verifySignature: VerifySignature | undefined
  #runs = 0

  constructor(options: { readonly limit?: number; readonly verifySignature?: VerifySignature | undefined } = {}) {
    this.#limit = options.limit ?? MAX_REMEMBERED_INPUTS
    this.#verifySignature = options.verifySignature
  }

  /** How often a script was really run. */
  get runs(): number {
    return this.#runs
  }

  get remembered(): number {
    return this.#good.size
  }

  // Cost: one script run, 3 to 25 ms, for each input that is not remembered.
  judge(tx: Tx, prevouts: readonly TxOut[], rules: ScriptRules): Result<true, Reject> {
    for (const inputIndex of tx.inputs.keys()) {
      const key = `${txFacts(tx).wtxid}:${inputIndex}`
      const known = this.#good.get(key)
      // What passes the standard rules passes those of consensus.
      if (known === 'standard' || known === rules) continue
      this.#runs += 1
      const verdict = judgeInput({ tx, inputIndex, prevouts, rules, verifySignature: this.#verifySignature })
      if (!verdict.ok) return verdict
      this.#remember(key, rules)
    }
    return ok(true)
  }

  /** Takes a transaction as judged: a snapshot holds only what was. */
  trust(tx: Tx): void {
    for (const inputIndex of tx.inputs.keys()) this.#remember(`${txFacts(tx).wtxid}:${inputIndex}`, 'standard')
  }

  #remember(key: string, rules: ScriptRules): void {
    this.#good.set(key, rules)
    if (this.#good.size <= this.#limit) return
    const oldest = this.#good.keys().next()
    if (!oldest.done) this.#good.delete(oldest.value)
  }
}
