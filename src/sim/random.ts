/**
 * Numbers that look like chance and follow from a seed alone. Each part of the world has a generator of its own, split off by a name,
 * so that one more draw in one of them shifts no other.
 */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number from 0 up to below `limit`. */
  below(limit: number): number
  /** A whole number, both ends included. */
  between(low: number, high: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  /** One of them; there must be one. */
  pick<T>(choices: readonly T[]): T
  /** One of the names, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K
  bytes(length: number): Uint8Array
  /** A generator of its own for a part, whatever was drawn from this one before. */
  split(name: string): Random
}

/** The generator of a seed: sfc32, whose state is filled by a hash of the seed's text. */
export function randomOf(seed: string): Random {
  const next32 = sfc32(seed)
  const next = () => next32() / 2 ** 32
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: probability => next() < probability,
    pick: choices => {
      const index = below(choices.length)
      if (index >= choices.length) throw new RangeError('there is nothing to pick from')
      // In range, as was just looked at.
      return choices[index] as (typeof choices)[number]
    },
    weighted: weights => {
      const names = Object.keys(weights) as (keyof typeof weights)[]
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0)
      for (const name of names) {
        left -= weights[name]
        if (left < 0) return name
      }
      throw new RangeError('no name has a weight')
    },
    bytes: length => {
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i += 4) {
        const word = next32()
        for (let j = i; j < Math.min(i + 4, length); j++) bytes[j] = word >>> (8 * (j - i))
      }
      return bytes
    },
    split: name => randomOf(`${seed}/${name}`),
  }
}

/** Unsigned 32-bit words. */
function sfc32(seed: string): () => number {
  let [a, b, c] = [hash32(seed, 0x9e3779b9), hash32(seed, 0x243f6a88), hash32(seed, 0xb7e15162)]
  let counter = 1
  const next = () => {
    const word = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + word
    c |= 0
    return word >>> 0
  }
  // The first words still show how alike two seeds are.
  for (let i = 0; i < 12; i++) next()
  return next
}

/** Of the text's UTF-16 code units: FNV-1a with a last mixing. */
function hash32(text: string, basis: number): number {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
