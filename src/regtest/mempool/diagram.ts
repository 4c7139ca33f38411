// Feerate diagrams: what a miner earns from the first x virtual bytes. A package may replace others only where it leaves
// the miner better off for every x.

export interface Chunk {
  readonly feeSat: bigint
  readonly vsize: number
}

/** A parent and its child are mined together when the child pays better, apart when it does not. */
export function chunksOf(parent: Chunk, child: Chunk | undefined): readonly Chunk[] {
  if (child === undefined) return [parent]
  if (compareRates(child, parent) <= 0) return [parent, child]
  return [{ feeSat: parent.feeSat + child.feeSat, vsize: parent.vsize + child.vsize }]
}

/** Positive where `a` pays more for its size than `b`. */
export function compareRates(a: Chunk, b: Chunk): number {
  const difference = a.feeSat * BigInt(b.vsize) - b.feeSat * BigInt(a.vsize)
  return difference > 0n ? 1 : difference < 0n ? -1 : 0
}

/** Whether the diagram of `next` is nowhere below that of `previous`, and somewhere above. */
export function improvesDiagram(previous: readonly Chunk[], next: readonly Chunk[]): boolean {
  const [before, after] = [sorted(previous), sorted(next)]
  let better = false
  for (const size of new Set([...breakpoints(before), ...breakpoints(after)])) {
    const [old, now] = [earnedAt(before, size), earnedAt(after, size)]
    const difference = now.sat * old.per - old.sat * now.per
    if (difference < 0n) return false
    if (difference > 0n) better = true
  }
  return better
}

const sorted = (chunks: readonly Chunk[]): readonly Chunk[] => [...chunks].sort((a, b) => compareRates(b, a))

function breakpoints(chunks: readonly Chunk[]): readonly number[] {
  let size = 0
  return chunks.map(chunk => {
    size += chunk.vsize
    return size
  })
}

/** The fees of the first `size` virtual bytes, as a fraction, so that nothing is rounded. */
function earnedAt(chunks: readonly Chunk[], size: number): { readonly sat: bigint; readonly per: bigint } {
  let [fees, used] = [0n, 0]
  for (const { feeSat, vsize } of chunks) {
    if (used + vsize > size) {
      return { sat: fees * BigInt(vsize) + feeSat * BigInt(size - used), per: BigInt(vsize) }
    }
    fees += feeSat
    used += vsize
  }
  return { sat: fees, per: 1n }
}
