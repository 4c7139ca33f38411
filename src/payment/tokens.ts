import { add, err, type Msat, ok, pmapDelete, pmapGet, pmapSet, type Result, subtractOrZero } from '../base/index.ts'
import { deleteToken, putToken } from './records.ts'
import { failure, refuse, replyTo } from './replies.ts'
import { type PaymentStep, type PaymentsState, unchanged } from './state.ts'
import type { PaymentContext, PaymentFailure, PaymentInput, Token } from './types.ts'

// Who may spend how much. What is charged is stored together with what it pays for, so that no restart gives a budget back.

type InputOf<T extends PaymentInput['type']> = Extract<PaymentInput, { type: T }>

export function createToken(
  state: PaymentsState,
  input: InputOf<'create_token'>,
  { now, limits }: PaymentContext,
): PaymentStep {
  const { type: _type, request, ...given } = input
  if (state.tokens.size >= limits.maxTokens) {
    return unchanged(state, ...replyTo([request], { type: 'too_many_tokens', limit: limits.maxTokens }))
  }
  const token: Token = { ...given, spentMsat: 0n as Msat, createdAt: now }
  const next = { ...state, tokens: pmapSet(state.tokens, token.id, token) }
  return { next, writes: [putToken(token)], effects: replyTo([request], { type: 'token', token }) }
}

export function revokeToken(state: PaymentsState, { request, id }: InputOf<'revoke_token'>): PaymentStep {
  if (pmapGet(state.tokens, id) === undefined) return refuse(state, [request], unknownToken(id))
  const next = { ...state, tokens: pmapDelete(state.tokens, id) }
  return { next, writes: [deleteToken(id)], effects: replyTo([request], { type: 'done' }) }
}

export function charge(state: PaymentsState, { request, token, amountMsat }: InputOf<'charge'>): PaymentStep {
  const next = charged(state, token, amountMsat)
  if (!next.ok) return refuse(state, [request], next.error)
  return { next: next.value, writes: tokenWrites(next.value, token), effects: replyTo([request], { type: 'done' }) }
}

export function refund(state: PaymentsState, { token, amountMsat }: InputOf<'refund'>): PaymentStep {
  const next = refunded(state, token, amountMsat)
  return { next, writes: tokenWrites(next, token), effects: [] }
}

/** The state in which this amount counts as spent, if the token allows it. Without a token there is nothing to count. */
export function charged(
  state: PaymentsState,
  id: string | undefined,
  amountMsat: Msat,
): Result<PaymentsState, PaymentFailure> {
  if (id === undefined) return ok(state)
  const token = pmapGet(state.tokens, id)
  if (token === undefined) return err(unknownToken(id))
  const spentMsat = add(token.spentMsat, amountMsat)
  const budgetMsat = budgetOf(token)
  if (budgetMsat !== undefined && spentMsat > budgetMsat) {
    const left = subtractOrZero(budgetMsat, token.spentMsat)
    return err(
      failure('budget_exceeded', `${left} msat are left of the token's budget, and ${amountMsat} were wanted.`),
    )
  }
  return ok({ ...state, tokens: pmapSet(state.tokens, id, { ...token, spentMsat }) })
}

/** The state in which this amount is spent, whatever the budget: it has left already. */
export function spent(state: PaymentsState, id: string | undefined, amountMsat: Msat): PaymentsState {
  const token = id === undefined ? undefined : pmapGet(state.tokens, id)
  if (token === undefined) return state
  const spentMsat = add(token.spentMsat, amountMsat)
  return { ...state, tokens: pmapSet(state.tokens, token.id, { ...token, spentMsat }) }
}

/** The state in which this amount is not spent after all. A token that was revoked in the meantime stays so. */
export function refunded(state: PaymentsState, id: string | undefined, amountMsat: Msat): PaymentsState {
  const token = id === undefined ? undefined : pmapGet(state.tokens, id)
  if (token === undefined) return state
  const spentMsat = subtractOrZero(token.spentMsat, amountMsat)
  return { ...state, tokens: pmapSet(state.tokens, token.id, { ...token, spentMsat }) }
}

/** Only who may do everything spends without a bound. */
function budgetOf({ budgetMsat, scopes }: Token): Msat | undefined {
  return budgetMsat ?? (scopes.includes('admin') ? undefined : (0n as Msat))
}

export function tokenWrites(state: PaymentsState, id: string | undefined) {
  const token = id === undefined ? undefined : pmapGet(state.tokens, id)
  return token === undefined ? [] : [putToken(token)]
}

function unknownToken(id: string): PaymentFailure {
  return failure('unknown_token', `There is no token ${id}: it was revoked, or never made.`)
}
