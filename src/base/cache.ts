/**
 * A cache and nothing more, for what follows from its owner and a number. What was made for an owner goes when the owner goes, and
 * of what is more than `most` the one known longest is forgotten.
 */
export class OwnedCache<Owner extends object, Value> {
  readonly #most: number
  readonly #known = new WeakMap<Owner, Map<number, Value>>()

  constructor(most: number) {
    this.#most = most
  }

  get(owner: Owner, index: number, make: () => Value): Value {
    const owned = this.#known.get(owner) ?? this.#begin(owner)
    const found = owned.get(index)
    if (found !== undefined) return found
    const made = make()
    const [oldest] = owned.keys()
    if (oldest !== undefined && owned.size >= this.#most) owned.delete(oldest)
    owned.set(index, made)
    return made
  }

  #begin(owner: Owner): Map<number, Value> {
    const owned = new Map<number, Value>()
    this.#known.set(owner, owned)
    return owned
  }

  forget(owner: Owner, index: number): void {
    this.#known.get(owner)?.delete(index)
  }
}
