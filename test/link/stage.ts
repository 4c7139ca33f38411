import { expect } from 'vitest'
import { type ChannelId, feeratePerKw, msat, sat, toHex, utf8Encode } from '../../src/base/index.ts'
import { DEFAULT_LIMITS } from '../../src/channel/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { sha256, verifyEcdsa } from '../../src/crypto/index.ts'
import { createRegtestChain, type RegtestChain, type RegtestOptions } from '../../src/regtest/index.ts'
import { Side, type SideOptions } from './side.ts'
import { told } from './told.ts'

// A stage for two links without a driver: every step is a plain call, messages are bytes in two queues that a test delivers
// when it likes, and the chain is the embedded one. So a test can stop the world anywhere, keep a side's records, and put an
// adversary in its place.

export type Name = 'alice' | 'bob'
export const NAMES: readonly Name[] = ['alice', 'bob']
export const otherName = (name: Name): Name => (name === 'alice' ? 'bob' : 'alice')

export const CAPACITY_SAT = sat(1_000_000)
/** Of it, what Alice gives Bob at the start, so that both can pay. */
export const PUSH_MSAT = msat(450_000_000n)
export const FEERATE = feeratePerKw(1_000)
/** Alice opens the channel. Blocks that each has to wait for its own money: what the other one asked for. */
export const DELAYS: Readonly<Record<Name, number>> = { alice: 8, bob: 6 }
/** Unlike on purpose: what one side trims the other one may not. */
export const DUST_LIMITS_SAT: Readonly<Record<Name, bigint>> = { alice: 354n, bob: 600n }
const COIN_SAT = sat(20_000)
const COINS = 10

const SEEDS: Readonly<Record<Name, Uint8Array>> = {
  alice: sha256(utf8Encode('bookend stage alice')),
  bob: sha256(utf8Encode('bookend stage bob')),
}

/**
 * Who says on the chain whether a signature holds. The judge's own curve costs more than all the rest of a play, so only the older
 * format has it; with anchors the scripts, hashes and encodings are judged as ever, and the arithmetic is the fast one.
 */
export function judgeOf(format: CommitmentFormat): Pick<RegtestOptions, 'verifySignature'> {
  return format === 'anchors_zero_fee_htlc' ? { verifySignature: verifyEcdsa } : {}
}

/** Everything about a side that is not its state. */
export function sideOptions(name: Name, chain: RegtestChain): SideOptions {
  const limits = {
    ...DEFAULT_LIMITS,
    toSelfDelay: DELAYS[otherName(name)],
    dustLimitSat: sat(DUST_LIMITS_SAT[name]),
  }
  return { name, chain, seed: SEEDS[name], limits, feerate: FEERATE }
}

export class Stage {
  readonly format: CommitmentFormat
  readonly chain: RegtestChain
  readonly sides: Readonly<Record<Name, Side>>
  /** Bytes on their way to a side. */
  readonly wires: Readonly<Record<Name, Uint8Array[]>> = { alice: [], bob: [] }
  /** Hears every message when it is sent. */
  onSent: (from: Name, bytes: Uint8Array) => void = () => undefined

  constructor(format: CommitmentFormat) {
    this.format = format
    this.chain = createRegtestChain(judgeOf(format))
    this.sides = { alice: this.#side('alice'), bob: this.#side('bob') }
    for (const name of NAMES) {
      const amounts = name === 'alice' ? [sat(1_500_000), ...coins()] : coins()
      for (const amount of amounts) expect(this.chain.fund(this.sides[name].walletScript, amount).ok).toBe(true)
    }
    this.catchUp()
  }

  #side(name: Name): Side {
    const side = new Side(sideOptions(name, this.chain))
    side.onSend = bytes => {
      this.onSent(name, bytes)
      this.wires[otherName(name)].push(bytes)
    }
    return side
  }

  /** Both meet, and Alice opens a channel, whose funding transaction waits. */
  open(): this {
    for (const name of NAMES) this.sides[name].give({ type: 'connected' })
    this.sides.alice.give({
      type: 'open',
      request: {
        temporaryChannelId: toHex(sha256(utf8Encode('bookend stage channel'))) as ChannelId,
        fundingAmountSat: CAPACITY_SAT,
        pushMsat: PUSH_MSAT,
        announce: false,
        format: this.format,
        feeratePerKw: FEERATE,
      },
    })
    this.deliverAll()
    return this
  }

  /** An open channel. */
  ready(): this {
    this.open()
    for (let i = 0; i < 5; i++) this.mine()
    for (const name of NAMES) expect(this.sides[name].phase).toBe('normal')
    return this
  }

  /** Hands over the oldest message on its way to `to`, if there is one. */
  deliver(to: Name): boolean {
    const bytes = this.wires[to].shift()
    if (bytes !== undefined) this.sides[to].give(told(bytes))
    return bytes !== undefined
  }

  deliverAll(): void {
    while (NAMES.some(name => this.deliver(name))) this.endTurns()
  }

  endTurns(): void {
    for (const name of NAMES) this.sides[name].give({ type: 'end_of_turn' })
  }

  /** One block with what waits; both take it in, and say what they have to say. */
  mine(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.chain.mine(1)
      this.catchUp()
    }
  }

  /** Replaces the last `depth` blocks by more empty ones; what they held waits again. */
  reorg(depth: number): void {
    expect(this.chain.reorganize({ depth }).ok).toBe(true)
    this.catchUp()
  }

  catchUp(): void {
    for (const name of NAMES) this.sides[name].catchUp()
    this.deliverAll()
  }

  /** Nobody hears anybody any more. */
  cut(): void {
    for (const name of NAMES) {
      this.wires[name].length = 0
      this.sides[name].give({ type: 'disconnected' })
    }
  }
}

function coins() {
  return Array.from({ length: COINS }, () => COIN_SAT)
}
