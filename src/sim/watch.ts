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
  tell<H extends Hook>(hook: H, ...about: ArgumentsOf<H>): void {
    let observers = this.#byHook.get(hook)
    if (observers === undefined) {
      observers = this.#observers.filter(observer => observer[hook] !== undefined)
      this.#byHook.set(hook, observers)
    }
    for (const observer of observers) {
      // Of the methods of one name each takes the same arguments.
      const look = observer[hook] as (this: Observer, ...about: ArgumentsOf<H>) => Complaint
      const complaint = look.apply(observer, about)
      if (complaint !== undefined) throw new BrokenRule(observer.name, complaint)
    }
  }
}
