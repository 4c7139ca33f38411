import type { NetLimits } from './limits.ts'

/**
 * Counts the connections that strangers opened, and says when there are enough. A connection enters half open, then is let in;
 * whoever enters leaves.
 */
export class Doorkeeper {
  readonly #limits: Pick<NetLimits, 'maxIncoming' | 'maxHalfOpen' | 'maxHalfOpenPerAddress'>
  readonly #halfOpenBySource = new Map<string, number>()
  #halfOpen = 0
  #incoming = 0

  constructor(limits: Pick<NetLimits, 'maxIncoming' | 'maxHalfOpen' | 'maxHalfOpenPerAddress'>) {
    this.#limits = limits
  }

  /** Whether one more handshake may begin; counted if so. */
  enter(source: string): boolean {
    const ofSource = this.#halfOpenBySource.get(source) ?? 0
    const { maxIncoming, maxHalfOpen, maxHalfOpenPerAddress } = this.#limits
    const full = this.#halfOpen >= maxHalfOpen || this.#halfOpen + this.#incoming >= maxIncoming
    if (full || ofSource >= maxHalfOpenPerAddress) return false
    this.#halfOpen++
    this.#halfOpenBySource.set(source, ofSource + 1)
    return true
  }

  /** A handshake is over, either way. */
  leaveHalfOpen(source: string): void {
    this.#halfOpen--
    const ofSource = (this.#halfOpenBySource.get(source) ?? 0) - 1
    if (ofSource > 0) this.#halfOpenBySource.set(source, ofSource)
    else this.#halfOpenBySource.delete(source)
  }

  letIn(): void {
    this.#incoming++
  }

  leave(): void {
    this.#incoming--
  }
}
