import { z } from 'zod'
import { choice, msatIn, msatText, text, time } from './values.ts'

const MAX_NAME_LENGTH = 100
const scope = choice('a scope', ['admin', 'read', 'invoice', 'spend']).meta({
  id: 'TokenScope',
  description:
    '`admin`: everything. `read`: looks. `invoice`: may be paid: makes invoices, settles and cancels them. `spend`: pays and sends, up to its budget in all.',
})

export const tokenRequest = z
  .strictObject({
    name: text('what it is for', { max: MAX_NAME_LENGTH }),
    scopes: z
      .array(scope)
      .min(1, { error: 'expected at least one scope' })
      .max(4, { error: 'expected each scope once' }),
    budgetMsat: msatIn.optional().meta({
      description: 'What it may spend in all, fees included: needed with `spend`, left out for `admin`.',
    }),
  })
  .meta({ id: 'TokenRequest' })
export type TokenRequestJson = z.input<typeof tokenRequest>

export const token = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(scope),
    budgetMsat: msatText.optional(),
    spentMsat: msatText,
    createdAt: time,
  })
  .meta({ id: 'Token' })
export const tokens = z.array(token).meta({ id: 'Tokens' })
export type TokenJson = z.infer<typeof token>

export const createdToken = z
  .object({ token, secret: z.string().meta({ description: 'Told once, and kept nowhere.' }) })
  .meta({ id: 'CreatedToken' })
export type CreatedTokenJson = z.infer<typeof createdToken>

export const tokenPath = z.object({ id: text('the id of a token', { max: 128 }) })
