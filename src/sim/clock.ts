/**
 * Virtual time, in whole milliseconds since 1970. Nothing happens but what was asked for, in the order of its time, and of asking
 * where times are equal.
 */
export class Clock {
  #now: number
  #sequence = 0
  /** A binary heap: each is due before its children. */
  readonly #heap: Due[] = []
  #awaited = 0

  constructor(start: number) {
    this.#now = start
  }

  get now(): number {
    return this.#now
  }

  /** Whether anything is still to come. */
  get isIdle(): boolean {
    return this.#heap.length === 0
  }

  /** When the next thing happens. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at
  }

  /** Whether anything is still to come that is no alarm. */
  get isAwaited(): boolean {
    return this.#awaited > 0
  }

  /** At this time, or now where that is past. */
  at(time: number, act: () => void): void {
    this.#awaited += 1
    this.#put(time, true, act)
  }

  /** The same for what may find nothing to do, and asks for itself again and again: a clock that has nothing else is at rest. */
  alarm(time: number, act: () => void): void {
    this.#put(time, false, act)
  }

  #put(time: number, isAwaited: boolean, act: () => void): void {
    const due = { at: Math.max(time, this.#now), sequence: this.#sequence, isAwaited, act }
    this.#sequence += 1
    this.#heap.push(due)
    this.#up(this.#heap.length - 1)
  }

  after(ms: number, act: () => void): void {
    this.at(this.#now + ms, act)
  }

  /** Lets the next thing happen. False where there is none up to this time, to which the clock goes then. */
  step(until: number): boolean {
    const due = this.#heap[0]
    if (due === undefined || due.at > until) {
      this.#now = Math.max(this.#now, until)
      return false
    }
    this.#takeFirst()
    this.#now = due.at
    if (due.isAwaited) this.#awaited -= 1
    due.act()
    return true
  }

  #takeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#down(0)
  }

  #up(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1
      if (!this.#swapIfEarlier(child, parent)) return
      child = parent
    }
  }

  #down(from: number): void {
    for (let parent = from; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2]
      const child = this.#isEarlier(right, left) ? right : left
      if (!this.#swapIfEarlier(child, parent)) return
      parent = child
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    if (!this.#isEarlier(child, parent)) return false
    const [a, b] = [this.#heap[child], this.#heap[parent]]
    if (a === undefined || b === undefined) return false
    this.#heap[child] = b
    this.#heap[parent] = a
    return true
  }

  #isEarlier(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a === undefined || b === undefined) return a !== undefined
    return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
  }
}

interface Due {
  readonly at: number
  readonly sequence: number
  readonly isAwaited: boolean
  readonly act: () => void
}
