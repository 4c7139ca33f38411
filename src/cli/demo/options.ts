import { err, ok, type Result } from '../../base/index.ts'
import { SCENARIOS, type Scenario } from './report.ts'
import { grouped } from './text.ts'

// What a person may ask of the demo, and the one sentence that says what is allowed when it was something else.

export interface DemoOptions {
  readonly scenario: Scenario
  /** A whole number in 0..MAX_PAYMENTS. */
  readonly payments: number
  readonly json: boolean
}

export const DEFAULT_SCENARIO: Scenario = 'cooperative'
export const DEFAULT_PAYMENTS = 10_000
/** Some minutes of work: more proves nothing new. */
export const MAX_PAYMENTS = 1_000_000

/** The options as they were typed. */
export interface TypedOptions {
  readonly scenario: string
  readonly payments: string
  readonly json?: boolean
}

/** The options as values, or a sentence that says what is allowed. */
export function readOptions(typed: TypedOptions): Result<DemoOptions, string> {
  const scenario = SCENARIOS.find(name => name === typed.scenario)
  if (scenario === undefined) return err(`--scenario is one of ${SCENARIOS.join(', ')}, not '${typed.scenario}'.`)
  const payments = /^\d+$/.test(typed.payments) ? Number(typed.payments) : Number.NaN
  if (!(payments <= MAX_PAYMENTS)) {
    const allowed = `a whole number from 0 to ${grouped(MAX_PAYMENTS)}, in digits only`
    return err(`--payments is ${allowed}, not '${typed.payments}'.`)
  }
  return ok({ scenario, payments, json: typed.json === true })
}
