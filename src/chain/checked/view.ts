import { type BlockHash, defined } from '../../base/index.ts'
import { workOf } from '../../bitcoin/index.ts'
import { Gate } from '../gate.ts'
import { type ChainNetwork, NETWORKS, networkOfGenesis } from '../networks.ts'
import { lowestNeeded, POW_RULES, type PowRules } from '../powRules.ts'
import { type Answer, lie, value } from './answer.ts'
import { wrongNetwork } from './errors.ts'
import { type HeaderNode, Headers } from './headers.ts'
import type { ChainServer, ClaimedHeader } from './server.ts'
import { type Reason, reasonOf, type Servers } from './servers.ts'

/** Headers below the first of a branch that the median of times is taken of (BIP 113). */
const BELOW_FOR_MEDIAN = 11

/**
 * The best chain of headers that any server shows: each header proven, the most work wins. What one server claims can so be checked
 * against what all of them show, and a server alone can be behind, but cannot invent.
 */
export class HeaderView {
  readonly #servers: Servers
  readonly #network: ChainNetwork
  readonly #rules: PowRules
  readonly #headers: Headers
  /** The best chain by height, from the lowest header to the tip. */
  readonly #line = new Map<number, BlockHash>()
  #best: HeaderNode | undefined
  /** One change of the tree at a time. */
  readonly #turn = new Gate(1)
  #round: Promise<HeaderNode> | undefined
  readonly #now: () => number
  #freshUntil = 0
  readonly #freshMs: number

  /** `now`: milliseconds since 1970. A tip is looked at again after `freshMs`. */
  constructor(servers: Servers, network: ChainNetwork, now: () => number, freshMs: number) {
    this.#servers = servers
    this.#network = network
    this.#rules = POW_RULES[network]
    this.#now = now
    this.#freshMs = freshMs
    this.#headers = new Headers(this.#rules, () => Math.floor(now() / 1000))
  }

  /** The tip as the servers show it now. Who asks while others wait for the same gets the same answer. */
  refresh(): Promise<HeaderNode> {
    this.#round ??= this.#turn.through(async () => {
      // Not before it is set below, also where nobody is in front of it.
      await undefined
      this.#round = undefined
      return this.#look()
    })
    return this.#round
  }

  /** On the best chain; `undefined` above its tip. What lies below all headers that are known is fetched and linked. */
  async at(height: number): Promise<HeaderNode | undefined> {
    if (this.#best === undefined || height > this.#best.height || this.#freshUntil <= this.#now()) await this.refresh()
    await this.#turn.through(() => this.#extendDownTo(height))
    const hash = this.#line.get(height)
    return hash === undefined ? undefined : this.#headers.get(hash)
  }

  get(hash: BlockHash): HeaderNode | undefined {
    return this.#headers.get(hash)
  }

  isBest({ hash, height }: HeaderNode): boolean {
    return this.#line.get(height) === hash
  }

  /** Of all headers that are linked; `undefined` before the first. */
  get lowestHeight(): number | undefined {
    return this.#headers.lowest?.height
  }

  async #look(): Promise<HeaderNode> {
    for (let attempt = 1; ; attempt++) {
      const { tips, reasons } = await this.#tips()
      const best = this.#bestOf([...tips.values()])
      if (best !== undefined) {
        for (const [server, tip] of tips) this.#servers.behind(server, best.height - tip.height)
        this.#setBest(best)
        this.#freshUntil = this.#now() + this.#freshMs
        return best
      }
      if (attempt >= this.#servers.limits.attempts) throw this.#servers.failure(reasons)
      await this.#servers.pause(attempt)
    }
  }

  /** Among equals the one that was best before stays it: whoever came first. */
  #bestOf(tips: readonly HeaderNode[]): HeaderNode | undefined {
    const most = tips.reduce<HeaderNode | undefined>((a, b) => (a === undefined || b.work > a.work ? b : a), undefined)
    return tips.find(({ hash, work }) => hash === this.#best?.hash && work === most?.work) ?? most
  }

  async #tips(): Promise<{ tips: Map<ChainServer, HeaderNode>; reasons: readonly Reason[] }> {
    const servers = this.#servers
    const reasons: Reason[] = []
    const found = new Map<ChainServer, readonly ClaimedHeader[]>()
    const take = <T>(server: ChainServer, answer: Answer<T>, then: (it: T) => void) => {
      if (answer.type === 'value') then(answer.value)
      else reasons.push(reasonOf(server, answer.type === 'absent' ? lie('no blocks') : answer))
    }
    const asked = servers.good
    const answers = await Promise.all(asked.map(server => this.#newest(server)))
    for (const [index, server] of asked.entries())
      take(server, servers.judged(server, defined(answers[index], 'each was asked')), it => found.set(server, it))
    this.#begin(found)
    const tips = new Map<ChainServer, HeaderNode>()
    for (const [server, newest] of found)
      take(server, servers.judged(server, await this.#joined(server, newest)), tip => tips.set(server, tip))
    return { tips, reasons }
  }

  async #newest(server: ChainServer): Promise<Answer<readonly ClaimedHeader[]>> {
    if (!server.isOnNetwork) {
      const first = await server.hashAt(0)
      if (first.type !== 'value') return first.type === 'absent' ? lie('no first block') : first
      const { genesisHash } = NETWORKS[this.#network]
      if (first.value !== genesisHash) return lie(`the first block of ${nameOf(first.value)}`)
      server.isOnNetwork = true
    }
    return server.headersFrom()
  }

  /** The first header of all: the one that most servers show, with the most work where they are of two minds. */
  #begin(found: ReadonlyMap<ChainServer, readonly ClaimedHeader[]>): void {
    if (this.#headers.lowest !== undefined) return
    const lists = [...found.values()].filter(list =>
      list.every(({ header }) => this.#headers.ownFlaw(header) === undefined || list.at(-1)?.height === 0),
    )
    const votes = (list: readonly ClaimedHeader[]) =>
      lists.filter(other => other.some(({ hash }) => list.some(mine => mine.hash === hash))).length
    const work = (list: readonly ClaimedHeader[]) => list.reduce((sum, { header }) => sum + workOf(header.bits), 0n)
    const [elected] = lists.toSorted((a, b) => votes(b) - votes(a) || (work(b) > work(a) ? 1 : -1))
    const lowest = elected?.at(-1)
    if (lowest === undefined) return
    const root = this.#headers.begin(lowest.header, lowest.height)
    this.#line.set(root.height, root.hash)
    this.#best = root
  }

  /** The tip of a server, once its headers are linked to those that are known. */
  async #joined(server: ChainServer, newest: readonly ClaimedHeader[]): Promise<Answer<HeaderNode>> {
    const { forkDepth, blocksAhead } = this.#servers.limits
    const lowest = this.#headers.lowest
    const best = this.#best
    const top = newest[0]
    if (lowest === undefined || best === undefined || top === undefined) return lie('headers that are too easy')
    if (top.height > best.height + blocksAhead) return lie(`a tip at height ${top.height}, far above the others`)
    const pending = [...newest]
    for (;;) {
      const known = pending.findIndex(({ hash }) => this.#headers.get(hash) !== undefined)
      if (known >= 0) pending.length = known
      const bottom = pending.at(-1)
      if (bottom === undefined || this.#headers.get(bottom.header.previous) !== undefined) break
      if (bottom.height === 0 || bottom.height < best.height - forkDepth)
        return lie(`a chain that parts from the others below block ${bottom.height}`)
      if (bottom.height <= (this.#headers.lowest?.height ?? 0)) await this.#extendDownTo(bottom.height - 1)
      else {
        const below = await server.headersFrom(bottom.height - 1)
        if (below.type !== 'value') return below
        if (below.value[0]?.hash !== bottom.header.previous)
          return lie(`block ${bottom.height}, which is not on top of its block ${bottom.height - 1}`)
        pending.push(...below.value)
      }
    }
    const fork = (pending.at(-1)?.height ?? top.height + 1) - 1
    if (pending.length > 0 && fork < best.height - forkDepth)
      return lie(`a chain that parts from the others at block ${fork}`)
    return this.#grown(top, pending)
  }

  /** Puts the headers, the highest first, on top of what is known. */
  async #grown(top: ClaimedHeader, pending: readonly ClaimedHeader[]): Promise<Answer<HeaderNode>> {
    for (const { header, height } of pending.toReversed()) {
      await this.#extendDownTo(Math.min(lowestNeeded(this.#rules, height), Math.max(0, height - BELOW_FOR_MEDIAN)))
      const parent = this.#headers.get(header.previous)
      if (parent?.height !== height - 1) return lie(`block ${height}, whose parent has another height`)
      const added = this.#headers.above(header)
      if (!added.ok) return lie(added.error)
    }
    const tip = this.#headers.get(top.hash)
    return tip?.height === top.height ? value(tip) : lie(`a block ${top.height} that has another height`)
  }

  async #extendDownTo(height: number): Promise<void> {
    for (;;) {
      const lowest = this.#headers.lowest
      if (lowest === undefined || lowest.height <= Math.max(0, height)) return
      const below = await this.#servers.first(server => this.#linkedBelow(server, lowest.height - 1))
      // All of them say that there is no such block, and one above it was shown.
      if (below === undefined)
        throw this.#servers.failure([{ text: `nobody shows block ${lowest.height - 1}`, isLie: true }])
      for (const { header } of below) {
        const node = this.#headers.below(header)
        if (node !== undefined) this.#line.set(node.height, node.hash)
      }
    }
  }

  async #linkedBelow(server: ChainServer, height: number): Promise<Answer<readonly ClaimedHeader[]>> {
    const answer = await server.headersFrom(height)
    if (answer.type === 'value' && answer.value[0]?.hash !== this.#headers.lowest?.header.previous)
      return lie(`block ${answer.value[0]?.hash} at height ${height}, which the block above does not name`)
    return answer
  }

  #setBest(best: HeaderNode): void {
    for (let height = best.height + 1; this.#line.delete(height); height++);
    let at: HeaderNode | undefined = best
    while (at !== undefined && this.#line.get(at.height) !== at.hash) {
      this.#line.set(at.height, at.hash)
      at = this.#headers.get(at.header.previous)
    }
    this.#best = best
  }

  /** Rejects where no server is on this network, or none answers. */
  async start(): Promise<void> {
    const { all } = this.#servers
    const first = await Promise.all(all.map(server => server.hashAt(0)))
    const hashes = first.flatMap(answer => (answer.type === 'value' ? [answer.value] : []))
    const { genesisHash } = NETWORKS[this.#network]
    if (hashes.length > 0 && !hashes.includes(genesisHash))
      throw wrongNetwork(this.#servers.kind, this.#network, [...new Set(hashes.map(nameOf))])
    await this.refresh()
  }
}

const nameOf = (genesis: BlockHash): string => networkOfGenesis(genesis) ?? `a network whose first block is ${genesis}`
