import type { Complaint, Observer } from './observer.ts'

/** A rule of the world that was broken, by whom it was noticed and what it saw. */
export class BrokenRule extends Error {
  readonly rule: string

  constructor(rule: string, message: string) {
    super(message)
    this.name = 'BrokenRule'
    this.rule = rule
  }
}

type Hook = Exclude<keyof Observer, 'name'>
type ArgumentsOf<H extends Hook> = Parameters<NonNullable<Observer[H]>>

/** Everyone who looks on, asked by what there is to see, so that nobody costs anything who does not look. */
export class Watch {
  #observers: readonly Observer[] = []
  readonly #byHook = new Map<Hook, readonly Observer[]>()

  /** Before anything happens. */
  begin(observers: readonly Observer[]): void {
    this.#observers = observers
  }

  /** Throws a `BrokenRule` at the first complaint. */
  tell<H extends Hook>(hook: H, ...about: ArgumentsOf<H>): void
  // Called for all that happens: a list of the arguments would be made each time. No hook has more than four.
  tell(hook: Hook, a?: unknown, b?: unknown, c?: unknown, d?: unknown): void {
    let observers = this.#byHook.get(hook)
    if (observers === undefined) {
      observers = this.#observers.filter(observer => observer[hook] !== undefined)
      this.#byHook.set(hook, observers)
    }
    for (const observer of observers) {
      // Of the methods of one name each takes the same arguments: those that the signature above asks for.
      const look = observer[hook] as (this: Observer, ...about: readonly unknown[]) => Complaint
      const complaint = look.call(observer, a, b, c, d)
      if (complaint !== undefined) throw new BrokenRule(observer.name, complaint)
    }
  }
}
