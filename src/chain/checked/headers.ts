import { assert, type BlockHash, defined, err, ok, type Result } from '../../base/index.ts'
import { type BlockHeader, headerHash, meetsTarget, targetOf, workOf } from '../../bitcoin/index.ts'
import { expectedBits, type PowRules, warpsTime } from '../powRules.ts'

/** A header in the tree of those that are known. */
export interface HeaderNode {
  readonly hash: BlockHash
  readonly height: number
  readonly header: BlockHeader
  /** Of its branch, counted from the first header that was ever known: those below it have less than nothing. */
  readonly work: bigint
}

/** Blocks whose times make up the median time past (BIP 113). */
const MEDIAN_SPAN = 11
/** How far ahead of our clock a block may be. */
const MOST_AHEAD_SECONDS = 2 * 60 * 60

/**
 * The headers that were proven: each has the work that its branch asks for and names its parent. It begins at some header of today and
 * grows both ways; downwards a header is proven by the one above, which names its hash.
 */
export class Headers {
  readonly #rules: PowRules
  readonly #now: () => number
  readonly #nodes = new Map<BlockHash, HeaderNode>()
  #lowest: HeaderNode | undefined

  /** `now`: seconds since 1970. */
  constructor(rules: PowRules, now: () => number) {
    this.#rules = rules
    this.#now = now
  }

  get lowest(): HeaderNode | undefined {
    return this.#lowest
  }

  get(hash: BlockHash): HeaderNode | undefined {
    return this.#nodes.get(hash)
  }

  /** The first one, which nothing proves but its own work. */
  begin(header: BlockHeader, height: number): HeaderNode {
    assert(this.#lowest === undefined, 'headers begin once')
    this.#lowest = this.#add(header, height, 0n)
    return this.#lowest
  }

  /** The one below the lowest; `undefined` where this is another header. */
  below(header: BlockHeader): HeaderNode | undefined {
    const above = defined(this.#lowest, 'headers have begun')
    if (above.header.previous !== headerHash(header)) return undefined
    this.#lowest = this.#add(header, above.height - 1, above.work - workOf(above.header.bits))
    return this.#lowest
  }

  /** One more on top of its parent, which is known; otherwise which rule it breaks, to end a sentence with. */
  above(header: BlockHeader): Result<HeaderNode, string> {
    const parent = defined(this.#nodes.get(header.previous), 'a header comes after its parent')
    const height = parent.height + 1
    const known = this.#nodes.get(headerHash(header))
    if (known !== undefined) return ok(known)
    const at = (wanted: number) => defined(this.ancestor(parent, wanted), 'what a rule looks at is known').header
    const bits = expectedBits(this.#rules, height, header.time, at)
    if (header.bits !== bits) return err(`block ${height} with the bits ${hex(header.bits)} instead of ${hex(bits)}`)
    const flaw = this.ownFlaw(header)
    if (flaw !== undefined) return err(flaw)
    if (header.time <= this.#medianTime(parent)) return err(`block ${height} with a time before that of its ancestors`)
    if (warpsTime(this.#rules, height, header.time, at))
      return err(`block ${height} with a time before its parent (BIP 94)`)
    return ok(this.#add(header, height, parent.work + workOf(header.bits)))
  }

  /** What is wrong with a header of today, whatever stands below it. */
  ownFlaw(header: BlockHeader): string | undefined {
    const hash = headerHash(header)
    const { floorBits } = this.#rules
    if (targetOf(header.bits) > targetOf(floorBits))
      return `block ${hash} with the bits ${hex(header.bits)}, which are easier than any of today (${hex(floorBits)})`
    if (!meetsTarget(hash, header.bits)) return `block ${hash} without its work`
    if (header.time > this.#now() + MOST_AHEAD_SECONDS)
      return `block ${hash} with a time in the future (or the clock of this computer is behind)`
    return undefined
  }

  /** On the branch that ends in `node`; `undefined` below the lowest one. */
  ancestor(node: HeaderNode, height: number): HeaderNode | undefined {
    let at: HeaderNode | undefined = node
    while (at !== undefined && at.height > height) at = this.#nodes.get(at.header.previous)
    return at?.height === height ? at : undefined
  }

  #medianTime(parent: HeaderNode): number {
    const times: number[] = []
    for (let at: HeaderNode | undefined = parent; at !== undefined && times.length < MEDIAN_SPAN; ) {
      times.push(at.header.time)
      at = this.#nodes.get(at.header.previous)
    }
    // Of fewer than eleven, right after the beginning, the median says nothing.
    if (times.length < MEDIAN_SPAN && parent.height >= MEDIAN_SPAN) return 0
    times.sort((a, b) => a - b)
    return defined(times[Math.floor(times.length / 2)], 'the parent has a time')
  }

  #add(header: BlockHeader, height: number, work: bigint): HeaderNode {
    const node = { hash: headerHash(header), height, header, work }
    this.#nodes.set(node.hash, node)
    return node
  }
}

const hex = (bits: number): string => bits.toString(16).padStart(8, '0')
