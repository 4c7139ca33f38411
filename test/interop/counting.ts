import type { Accept, Connection, Network } from '../../src/ports/index.ts'
import { type NamedType, nameOfType } from './messageTypes.ts'

// Our end of the line, where messages are messages and not bytes: what is said is written down, and the line can be cut after any
// message of either side.

export interface Said {
  readonly by: 'us' | 'ldk'
  readonly type: NamedType
}

export interface CutPlan {
  readonly by: 'us' | 'ldk'
  /** After so many messages about channels; from 1. */
  readonly after: number
  /** Counted from the first of this type on, itself included. */
  readonly from?: NamedType
}

export class Counter {
  readonly said: Said[] = []
  readonly #cut: () => void
  #plan: CutPlan | undefined
  #isCounting = false
  #count = 0
  /** How much was said when a plan was carried out the last time. */
  #saidAtCut: number | undefined

  /** `cut` ends the line at once, with all that is on its way. */
  constructor(cut: () => void) {
    this.#cut = cut
  }

  plan(plan: CutPlan): void {
    this.#plan = plan
    this.#isCounting = plan.from === undefined
    this.#count = 0
  }

  get isPlanned(): boolean {
    return this.#plan !== undefined
  }

  /** Since the last cut both have said where they stand. Where there was none, they have never parted. */
  get hasMetAgain(): boolean {
    if (this.isPlanned) return false
    if (this.#saidAtCut === undefined) return true
    const since = this.said.slice(this.#saidAtCut).filter(({ type }) => type === 'channel_reestablish')
    return since.some(({ by }) => by === 'us') && since.some(({ by }) => by === 'ldk')
  }

  around(network: Network): Network {
    return {
      listen: (address, accept) => network.listen(address, this.#accept(accept)),
      dial: (to, accept, signal) => network.dial(to, this.#accept(accept), signal),
    }
  }

  #accept(accept: Accept): Accept {
    return connection => {
      let isCut = false
      const send = (messages: readonly Uint8Array[]) => {
        if (isCut) return
        const { upTo, ends } = this.#through('us', messages)
        connection.send(messages.slice(0, upTo))
        if (!ends) return
        // What was said arrives, and no answer to it.
        isCut = true
        connection.close()
      }
      const counted: Connection = {
        remoteNodeId: connection.remoteNodeId,
        outgoing: connection.outgoing,
        remoteAddress: connection.remoteAddress,
        send,
        close: () => connection.close(),
      }
      const listener = accept(counted)
      return {
        onMessages: async messages => {
          if (isCut) return
          const { upTo, ends } = this.#through('ldk', messages)
          if (ends) {
            isCut = true
            this.#cut()
          }
          if (upTo > 0) await listener.onMessages(messages.slice(0, upTo))
        },
        onEnd: reason => listener.onEnd(reason),
      }
    }
  }

  /** How many of these messages get through, and whether the line ends after them. */
  #through(by: 'us' | 'ldk', messages: readonly Uint8Array[]): { readonly upTo: number; readonly ends: boolean } {
    for (const [index, message] of messages.entries()) {
      const type = nameOfType(message)
      if (type === undefined) continue
      this.said.push({ by, type })
      if (this.#isLast(by, type)) return { upTo: index + 1, ends: true }
    }
    return { upTo: messages.length, ends: false }
  }

  #isLast(by: 'us' | 'ldk', type: NamedType): boolean {
    const plan = this.#plan
    if (plan === undefined) return false
    if (type === plan.from) this.#isCounting = true
    if (!this.#isCounting || plan.by !== by) return false
    this.#count += 1
    if (this.#count < plan.after) return false
    this.#plan = undefined
    this.#saidAtCut = this.said.length
    return true
  }
}
