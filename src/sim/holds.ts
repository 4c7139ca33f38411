import { paymentHash, pmapGet } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { RegtestChain } from '../regtest/index.ts'
import type { Clock } from './clock.ts'
import type { Hold } from './draws.ts'
import type { SimNode } from './node.ts'

// Users who hold what they are paid, and decide later: after some time, or when something has happened that makes it hard for their node.

const [TRIES, TRIES_OF_THE_IMPATIENT] = [4, 60]
const IMPATIENCE_MS = 10

interface Waiting {
  readonly payee: SimNode
  readonly preimage: Uint8Array
  readonly hold: Hold
}

export class Holds {
  readonly #clock: Clock
  readonly #nodes: readonly SimNode[]
  readonly #chain: RegtestChain
  #waiting: readonly Waiting[] = []

  constructor(clock: Clock, nodes: readonly SimNode[], chain: RegtestChain) {
    this.#clock = clock
    this.#nodes = nodes
    this.#chain = chain
    chain.onBlock(() => this.#decide(waiting => this.#hasCome(waiting)))
  }

  /** An invoice was made that its payee holds. */
  begin(payee: SimNode, preimage: Uint8Array, hold: Hold): void {
    if (hold.isImpatient === true)
      this.#later({ payee, preimage, hold: { ...hold, ms: IMPATIENCE_MS } }, TRIES_OF_THE_IMPATIENT)
    else if (hold.awaits === undefined) this.#later({ payee, preimage, hold }, TRIES)
    else this.#waiting = [...this.#waiting, { payee, preimage, hold }]
  }

  /** Nobody waits any longer for what has not happened yet. */
  decideAll(): void {
    this.#decide(() => true)
  }

  #decide(isDue: (waiting: Waiting) => boolean): void {
    const due = this.#waiting.filter(isDue)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter(each => !due.includes(each))
    for (const each of due) this.#later(each, TRIES)
  }

  #hasCome({ payee, preimage, hold: { awaits } }: Waiting): boolean {
    const hash = paymentHash(sha256(preimage))
    if (awaits?.type === 'expiry') {
      const set = pmapGet(payee.state.payments.sets, hash)
      return set !== undefined && set.cltvExpiry - this.#chain.height <= awaits.blocks
    }
    return this.#nodes.some(({ links }) =>
      links.some(({ state: { channel } }) => {
        if (channel === undefined || !('durable' in channel)) return false
        const { phase, htlcs } = channel.durable
        return phase.type === 'closing' && htlcs.some(htlc => htlc.paymentHash === hash)
      }),
    )
  }

  /** Takes what it holds, or gives it back; where nothing is there yet, once more later. */
  #later(waiting: Waiting, tries: number): void {
    const { payee, preimage, hold } = waiting
    this.#clock.after(hold.ms, () =>
      payee.ask(
        request => ({
          type: 'payment',
          input: hold.settles
            ? { type: 'settle_invoice', request, preimage }
            : { type: 'cancel_invoice', request, paymentHash: paymentHash(sha256(preimage)) },
        }),
        reply => {
          const isTooEarly = reply.type === 'refused' && reply.failure.code === 'not_held'
          if (isTooEarly && tries > 1) this.#later(waiting, tries - 1)
        },
      ),
    )
  }
}
