import { defined, fromHex, toHex, unreachable } from '../base/index.ts'
import { channelIdOf } from '../channel/index.ts'
import { decodeMessage } from '../wire/index.ts'
import type { AdversaryDeed, Change, WithheldMessage } from './adversaryDeeds.ts'
import { Deceiver } from './deceiver.ts'
import { Ghost } from './ghost.ts'
import type { History } from './history.ts'
import { Liar, type Lies } from './liar.ts'
import type { SimNode, Surroundings } from './node.ts'
import type { Random } from './random.ts'
import { ShortFundings } from './shortFunding.ts'
import type { Workload } from './workload.ts'

/** What it knows of its world. */
interface Known {
  readonly history: History
  readonly nodes: readonly SimNode[]
  readonly workload: Workload
  readonly lies: Lies
}

/**
 * A node that wants the others' money. It owns its keys, keeps every state that it ever had, and with them every transaction that it
 * could ever sign. Apart from what its user here makes it do, it plays by the rules, so that others deal with it.
 */
export class Adversary {
  readonly #node: SimNode
  readonly #around: Surroundings
  readonly #world: Known
  readonly #liar: Liar
  readonly #deceiver: Deceiver
  /** Old states that were brought back to life: they follow the chain, and take whatever they once could. */
  #ghosts: Ghost[] = []
  readonly #withheld = new Map<string, number>()
  readonly #shortFundings: ShortFundings
  /** Each for the next message that it is meant for. */
  #mutations: Mutation[] = []

  constructor(node: SimNode, around: Surroundings, world: Known) {
    this.#node = node
    this.#around = around
    this.#world = world
    this.#liar = new Liar(node, around.clock, world)
    this.#deceiver = new Deceiver(node, around.clock, world.lies)
    this.#shortFundings = new ShortFundings(node)
    node.incoming = bytes => this.#deceiver.incoming(bytes)
    node.outgoing = bytes => this.#outgoing(bytes)
  }

  act(deed: OwnDeed, random: Random): void {
    switch (deed.type) {
      case 'publish_old':
        this.#publishOld(deed.channel, deed.age, deed.claims)
        return
      case 'withhold':
        this.#withhold(deed.message, deed.ms)
        return
      case 'mutate':
        this.#mutations.push({ ...deed, random })
        return
      case 'open_many': {
        const { nodes, workload } = this.#world
        workload.openMany(this.#node, defined(nodes[deed.to % nodes.length], 'a world has nodes'), deed.count)
        return
      }
      case 'lie':
        this.#liar.lie(deed, random)
        return
      case 'deceive':
        this.#deceiver.deceive(deed.deceit, random)
        return
      default:
        unreachable(deed)
    }
  }

  /** Its next opening says so many satoshis more than it pays. */
  fundLess(missingSat: number): void {
    this.#shortFundings.add(missingSat)
  }

  /** Publishes the commitment that a state of `age` states ago would have published. */
  #publishOld(channelIndex: number, age: number, claims: boolean): void {
    const past = this.#world.history.of(this.#node)
    const old = past[Math.max(past.length - 1 - age, 0)]
    if (old === undefined) return
    const ghost = new Ghost(this.#node, this.#around.chain, old)
    const { channels } = ghost
    const channel = channels[channelIndex % Math.max(channels.length, 1)]
    if (channel === undefined) return
    ghost.forceClose(channelIdOf(channel))
    if (claims) this.#ghosts.push(ghost)
  }

  /** What was kept back is said after all when it reconnects. */
  #withhold(message: WithheldMessage, ms: number): void {
    const { clock, network } = this.#around
    const until = clock.now + ms
    this.#withheld.set(message, until)
    clock.at(until, () => {
      if (this.#withheld.get(message) === until) network.cutOff(this.#node)
    })
  }

  blocksCame(): void {
    for (const ghost of this.#ghosts) ghost.follow()
  }

  /** Plays no more tricks: what it has not said, or said wrongly, it says when it reconnects. What is on chain stays there. */
  behave(): void {
    this.#withheld.clear()
    this.#mutations = []
    this.#liar.behave()
    this.#deceiver.behave()
    this.#around.network.cutOff(this.#node)
  }

  #outgoing(said: Uint8Array): readonly Uint8Array[] {
    const spoken = this.#deceiver.outgoing(this.#liar.outgoing(this.#shortFundings.outgoing(said)))
    return spoken.flatMap(bytes => {
      const message = decodeMessage(bytes)
      const until = message.ok ? this.#withheld.get(message.value.type) : undefined
      if (until !== undefined && this.#around.clock.now < until) return []
      const mutation = this.#mutations.find(
        ({ message: kind }) => kind === undefined || (message.ok && message.value.type === kind),
      )
      if (mutation === undefined) return [bytes]
      this.#mutations = this.#mutations.filter(each => each !== mutation)
      return [changed(bytes, mutation)]
    })
  }
}

/** To vanish is a matter of its process. */
type OwnDeed = Exclude<AdversaryDeed, { type: 'vanish' }>

interface Mutation {
  readonly random: Random
  readonly message?: WithheldMessage
  readonly change?: Change
}

const SIGNATURE_BYTES = 64
/** The order of secp256k1, and of what stands for it in FAST mode. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const COMMITMENT_SIGNED = 132
/** BOLT 2, commitment_signed: type and channel_id, the signature, how many more there are, and these. */
const SIGNATURE_AT = 34
const HTLC_SIGNATURES_AT = SIGNATURE_AT + SIGNATURE_BYTES + 2

function changed(bytes: Uint8Array, { random, change }: Mutation): Uint8Array {
  const next = bytes.slice()
  const end = bytes[1] === COMMITMENT_SIGNED ? signatureIn(next, random) : next.subarray(-SIGNATURE_BYTES)
  if (change === 'high_s') {
    const s = end.subarray(SIGNATURE_BYTES / 2)
    s.set(fromHex((ORDER - BigInt(`0x${toHex(s)}`)).toString(16).padStart(SIGNATURE_BYTES, '0')))
    return next
  }
  const part = change === 'end' ? end : next
  const at = random.below(part.length)
  part[at] = (part[at] ?? 0) ^ (1 << random.below(8))
  return next
}

/** Any of those in a commitment_signed, that of the commitment half of the time. */
function signatureIn(message: Uint8Array, random: Random): Uint8Array {
  const htlcs = Math.floor((message.length - HTLC_SIGNATURES_AT) / SIGNATURE_BYTES)
  const isHtlc = htlcs > 0 && random.chance(0.5)
  const at = isHtlc ? HTLC_SIGNATURES_AT + random.below(htlcs) * SIGNATURE_BYTES : SIGNATURE_AT
  return message.subarray(at, at + SIGNATURE_BYTES)
}
