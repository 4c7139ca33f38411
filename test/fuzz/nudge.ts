import type { Random } from '../processes/random.ts'

// A value of the program with one of its leaves changed a little: the fields of a message, the figures of a body. What the result
// means is for the code under test to find out.

/** How often a list is made longer or shorter, where one could also go into it. */
const LIST_SHARE = 0.4
const FIGURES = [0, 1, 2, 3, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0xffffffff, Number.MAX_SAFE_INTEGER] as const
const AMOUNTS = [
  0n,
  1n,
  353n,
  354n,
  999n,
  1000n,
  (1n << 32n) - 1n,
  21n * 10n ** 14n,
  21n * 10n ** 17n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
] as const

/** The same shape, but for one leaf; `type` stays what it is. */
export function nudge<T extends object>(value: T, random: Random): T {
  const names = Object.keys(value).filter(name => name !== 'type')
  if (names.length === 0) return value
  const name = random.of(names)
  const field = value[name as keyof T]
  if (random.chance(0.04)) {
    const { [name as keyof T]: _, ...rest } = value
    // One field short: most of them may be left out, and the others fail when they are written.
    return rest as unknown as T
  }
  return { ...value, [name]: nudgedLeaf(field, random) }
}

export function nudgedLeaf(leaf: unknown, random: Random): unknown {
  if (typeof leaf === 'bigint') return nudgedAmount(leaf, random)
  if (typeof leaf === 'number') return nudgedFigure(leaf, random)
  if (typeof leaf === 'boolean') return !leaf
  if (typeof leaf === 'string') return nudgedText(leaf, random)
  if (leaf instanceof Uint8Array) return nudgedBytes(leaf, random)
  if (Array.isArray(leaf)) return nudgedList(leaf, random)
  return typeof leaf === 'object' && leaf !== null ? nudge(leaf, random) : leaf
}

function nudgedAmount(amount: bigint, random: Random): bigint {
  const way = random.next()
  if (way < 0.5) return BigInt.asUintN(64, amount + random.of([-1n, 1n]))
  if (way < 0.7) return BigInt.asUintN(64, amount + BigInt(random.between(-1_000_000, 1_000_000)))
  return way < 0.8 ? amount / 2n : random.of(AMOUNTS)
}

function nudgedFigure(figure: number, random: Random): number {
  const way = random.next()
  if (way < 0.5) return Math.max(0, figure + random.of([-1, 1]))
  if (way < 0.75) return Math.max(0, figure + random.between(-300, 300))
  return random.of(FIGURES)
}

/** Identifiers are hexadecimal: one digit changes. Other text loses, gains or changes a character. */
function nudgedText(text: string, random: Random): string {
  const at = random.between(0, Math.max(0, text.length - 1))
  if (/^[0-9a-f]{64,66}$/.test(text)) {
    const digit = (Number.parseInt(text.charAt(at), 16) ^ (1 << random.between(0, 3))).toString(16)
    return random.chance(0.1) ? '0'.repeat(text.length) : text.slice(0, at) + digit + text.slice(at + 1)
  }
  const figures = /^(\d+)x(\d+)x(\d+)$/.exec(text)
  if (figures !== null) return `${Number(figures[1]) ^ 1}x${figures[2]}x${figures[3]}`
  return random.chance(0.5) ? text.slice(0, at) + text.slice(at + 1) : `${text.slice(0, at)}\u00e9${text.slice(at)}`
}

function nudgedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const way = random.next()
  const changed = bytes.slice()
  const at = random.between(0, Math.max(0, bytes.length - 1))
  if (way < 0.7 && bytes.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << random.between(0, 7))
  else if (way < 0.8) changed.fill(random.of([0, 0xff]))
  else if (way < 0.9) return changed.slice(0, at)
  else return Uint8Array.of(...changed, random.between(0, 255))
  return changed
}

function nudgedList(list: readonly unknown[], random: Random): readonly unknown[] {
  const at = random.between(0, Math.max(0, list.length - 1))
  if (list.length === 0 || random.chance(LIST_SHARE)) {
    return random.chance(0.5) ? list.toSpliced(at, 1) : [...list, ...list.slice(at, at + 1)]
  }
  return list.with(at, nudgedLeaf(list[at], random))
}
