import { z } from 'zod'
import type { BookendErrorCode } from '../../base/index.ts'

/** Every code, by its meaning. The type makes sure that none is forgotten. */
const MEANING: Readonly<Record<BookendErrorCode, string>> = {
  bad_request: 'what was asked makes no sense',
  not_found: 'there is no such thing',
  not_possible_now: 'possible at another time, or in another state',
  conflict: 'against something that was asked before, such as an Idempotency-Key with other content',
  insufficient_funds: 'there is not enough money',
  limit_reached: 'there is as much of it as may be',
  unauthorized: 'no token, or none that is known',
  forbidden: 'the token may not do this',
  budget_exceeded: 'the token has spent its budget',
  peer_unreachable: 'the other node does not answer',
  peer_refused: 'the other node does not want to',
  payment_failed: 'the payment was not made, and no money left',
  timeout: 'it took too long',
  aborted: 'the caller gave up',
  chain_unavailable: 'the chain does not answer',
  wrong_network: 'this belongs to another network',
  wrong_passphrase: 'the passphrase does not fit',
  address_in_use: 'another program has this port',
  data_directory: 'the data directory cannot be used',
  disk: 'the disk is full or does not work',
  stopped: 'the node has stopped or is about to',
  internal: 'something went wrong inside the node',
}

// The keys of a record are its codes: Object.keys forgets that.
export const ERROR_CODES = Object.keys(MEANING) as [BookendErrorCode, ...BookendErrorCode[]]

export const errorCode = z.enum(ERROR_CODES).meta({
  id: 'ErrorCode',
  description: `Stable: a code keeps its meaning, new ones may come. ${Object.entries(MEANING)
    .map(([code, meaning]) => `\`${code}\`: ${meaning}.`)
    .join(' ')}`,
})

export const errorAnswer = z
  .object({
    error: z.object({
      code: errorCode,
      message: z.string().meta({ description: 'What is wrong, in a sentence.' }),
      advice: z.string().meta({ description: 'What to do about it, in a sentence.' }),
      facts: z.record(z.string(), z.string()).meta({ description: 'The facts as values. Never a secret.' }),
    }),
  })
  .meta({ id: 'Error', description: 'The answer to everything that did not work.' })

export type ErrorJson = z.infer<typeof errorAnswer>
