import { setTimeout as pause } from 'node:timers/promises'
import type { BookendClient, PaymentJson } from '../../src/api/index.ts'
import { BookendError } from '../../src/base/index.ts'
import type { Random } from './random.ts'

// What is paid between two daemons, by a program that never knows more than the API has told it.

/** A node as its users know it, wherever it runs. */
export interface Party {
  readonly name: string
  readonly nodeId: string
  /** Of its API, in whichever life it is. */
  readonly client: BookendClient
}

/** One payment that was asked for until its outcome was known. */
export interface Paid {
  readonly key: string
  readonly payer: Party
  readonly payee: Party
  readonly amountMsat: bigint
  /** With which the payment is asked for, each time with the same. */
  readonly request: PayRequest
  readonly payment: PaymentJson
  /** Calls that were made for it. */
  readonly calls: number
}

type PayRequest = Parameters<BookendClient['pay']>[0]

const RETRY_MS = 100
/** A payment waits for its payee to come back. */
const PATIENCE_MS = 3_600_000
const SMALLEST_MSAT = 1_000
const LARGEST_MSAT = 2_000_000

/** It was killed, or ends because its disk fails: what it was asked is not known. */
const UNKNOWN = ['stopped', 'disk']

/** Calls until an answer comes: what a dying process was asked stays unknown until then. `passes` names other reasons to wait. */
export async function untilAnswered<T>(
  call: () => Promise<T>,
  passes: (error: BookendError) => boolean = () => false,
): Promise<{ readonly answer: T; readonly calls: number }> {
  for (let calls = 1; ; calls++) {
    try {
      return { answer: await call(), calls }
    } catch (error) {
      if (!(error instanceof BookendError && (UNKNOWN.includes(error.code) || passes(error)))) throw error
      await pause(RETRY_MS)
    }
  }
}

/** What may come of the death of either side, before anything was begun. */
const OF_DEATHS = ['peer_unreachable', 'peer_refused', 'not_possible_now', 'timeout']

/** Over deaths of either side: what failed because the peer went away is asked for again. */
export async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  return (await untilAnswered(call, ({ code }) => OF_DEATHS.includes(code))).answer
}

/** The payee is away, and nothing was begun. */
const isAway = ({ code, facts }: BookendError): boolean => code === 'payment_failed' && facts.reason === 'no_channel'

interface Order {
  readonly number: number
  readonly payer: Party
  readonly payee: Party
  readonly random: Random
}

/** By invoice or by keysend. Resolves when it has succeeded. */
export async function payOnce({ number, payer, payee, random }: Order): Promise<Paid> {
  const amountMsat = BigInt(random.between(SMALLEST_MSAT, LARGEST_MSAT))
  const key = `${payer.name}-${number}`
  const common = { idempotencyKey: key, timeoutMs: PATIENCE_MS }
  let request: PayRequest = { ...common, nodeId: payee.nodeId, amountMsat: `${amountMsat}` }
  if (random.chance(0.5)) {
    const wanted = { amountMsat: `${amountMsat}`, description: key }
    const { answer } = await untilAnswered(() => payee.client.createInvoice(wanted))
    request = { ...common, invoice: answer.invoice }
  }
  const { answer: payment, calls } = await untilAnswered(() => payer.client.pay(request), isAway)
  return { key, payer, payee, amountMsat, request, payment, calls }
}

interface Traffic {
  readonly daemons: readonly [Party, Party]
  /** Under way at once in each direction. */
  readonly inFlight: number
  readonly random: Random
  /** Asked before each payment of a direction. */
  readonly goesOn: (made: number) => boolean
  /** The numbers of the payments begin behind it. */
  readonly from?: number
}

/** Pays in both directions at once. */
export async function payBothWays({ daemons, inFlight, random, goesOn, from = 0 }: Traffic): Promise<readonly Paid[]> {
  const [a, b] = daemons
  const paid: Paid[] = []
  const direction = async (payer: Party, payee: Party): Promise<void> => {
    let made = 0
    const worker = async (): Promise<void> => {
      while (goesOn(made)) {
        made += 1
        paid.push(await payOnce({ number: from + made, payer, payee, random }))
      }
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
  }
  await Promise.all([direction(a, b), direction(b, a)])
  return paid
}
