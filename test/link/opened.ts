import { type ChannelId, fromHex, msat } from '../../src/base/index.ts'
import { type FundedChannel, isLegalTransition } from '../../src/channel/index.ts'
import {
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type LinkStep,
  linkStep,
  loadLink,
  NEW_LINK,
} from '../../src/link/index.ts'
import { encodeMessage, type Message } from '../../src/wire/index.ts'
import { addCommand, contextOf, type Name, openRequest, Pair } from '../node/pair.ts'
import { told } from './told.ts'

// Links at the points of their life at which the tests ask something of them, as values: made once, by two drivers, and loaded
// from what their stores held there.

export interface Snapshots {
  /** Alice's funding transaction is published, no block holds it. */
  readonly unconfirmed: Records
  readonly normal: Records
  /** Alice has offered HTLC 0 and Bob HTLC 0, both irrevocable. */
  readonly withHtlcs: Records
  readonly closing: Records
  readonly closed: Records
  /** The blocks of the chain that it happened on: the funding confirms in block 101. */
  readonly pair: Pair
}

export type Records = Readonly<Record<Name, ReadonlyMap<string, Uint8Array>>>

export const HTLC_MSAT = msat(20_000_000n)
/** The payments that are on their way in `withHtlcs`. */
export const OFFERED = { alice: { payer: 'alice', amountMsat: HTLC_MSAT, index: 1 } } as const

let made: Promise<Snapshots> | undefined

export function snapshots(): Promise<Snapshots> {
  made ??= make()
  return made
}

async function make(): Promise<Snapshots> {
  const pair = new Pair()
  const kept = (): Records => ({ alice: pair.alice.store.snapshot(), bob: pair.bob.store.snapshot() })
  await pair.connect()
  pair.alice.tell({ type: 'open', request: openRequest() })
  await pair.settle()
  const unconfirmed = kept()
  await pair.mine()
  const normal = kept()
  const { height } = pair.chain
  pair.alice.tell(addCommand({ payer: 'alice', amountMsat: HTLC_MSAT, index: 1 }, height))
  await pair.settle()
  pair.bob.tell(addCommand({ payer: 'bob', amountMsat: HTLC_MSAT, index: 2 }, height))
  await pair.settle()
  const withHtlcs = kept()
  for (const name of ['alice', 'bob'] as const) {
    const command = { type: 'resolve_htlc', id: 0, resolution: { type: 'fail', reason: new Uint8Array(0) } } as const
    pair[name].tell({ type: 'command', command })
  }
  await pair.settle()
  pair.alice.tell({ type: 'command', command: { type: 'shutdown' } })
  await pair.settle()
  await pair.mine()
  const closing = kept()
  for (let i = 0; i < 6; i++) await pair.mine()
  return { unconfirmed, normal, withHtlcs, closing, closed: kept(), pair }
}

export const HEIGHT = 101

export function load(records: ReadonlyMap<string, Uint8Array>): LinkState {
  const loaded = loadLink(records)
  if (!loaded.ok) throw new Error(loaded.error.message)
  return loaded.value
}

/** A link stepped by hand, whose state is never changed in place. */
export class Hand {
  readonly name: Name
  state: LinkState
  context: LinkContext
  /** What the store would hold: complete where it was begun with records. */
  readonly records: Map<string, Uint8Array>

  constructor(name: Name, start: LinkState | ReadonlyMap<string, Uint8Array> = NEW_LINK, height = HEIGHT) {
    this.name = name
    this.records = new Map(start instanceof Map ? start : [])
    this.state = start instanceof Map ? load(start) : (start as LinkState)
    this.context = contextOf(name, height)
  }

  give(input: LinkInput): LinkStep {
    frozen(this.state)
    const before = this.state.channel
    const step = linkStep(this.state, input, this.context)
    const after = step.next.channel
    if (before !== undefined && after !== undefined && before.state !== 'aborted') {
      if (!isLegalTransition(before.state, after.state)) throw new Error(`${before.state} to ${after.state}`)
    }
    this.state = step.next
    for (const write of step.writes) {
      if (write.type === 'put') this.records.set(write.key, write.value)
      else this.records.delete(write.key)
    }
    return step
  }

  receive(message: Message): LinkStep {
    return this.give(told(encodeMessage(message)))
  }

  get channel(): FundedChannel {
    const { channel } = this.state
    if (channel === undefined || !('durable' in channel)) throw new Error('no funded channel')
    return channel
  }
}

/** Bytes cannot be frozen; everything around them can. */
function frozen(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of value instanceof Map ? value.values() : Object.values(value)) frozen(part)
}

/** Both sides started, connected and past the reestablishment. */
export function connected(records: Records): { readonly alice: Hand; readonly bob: Hand } {
  const duo = { alice: new Hand('alice', records.alice), bob: new Hand('bob', records.bob) }
  for (const hand of [duo.alice, duo.bob]) hand.give({ type: 'started' })
  const first = { alice: duo.alice.give({ type: 'connected' }), bob: duo.bob.give({ type: 'connected' }) }
  carry(duo, { alice: sent(first.alice), bob: sent(first.bob) })
  return duo
}

/** Messages go to and fro until both are silent; each delivery is a turn. */
export function carry(
  duo: { readonly alice: Hand; readonly bob: Hand },
  waiting: Readonly<Record<Name, readonly Message[]>>,
): void {
  const from: Record<Name, Message[]> = { alice: [...waiting.alice], bob: [...waiting.bob] }
  for (;;) {
    const name = from.alice.length > 0 ? 'alice' : 'bob'
    const message = from[name].shift()
    if (message === undefined) return
    const to = name === 'alice' ? 'bob' : 'alice'
    from[to].push(...sent(duo[to].receive(message)), ...sent(duo[to].give({ type: 'end_of_turn' })))
  }
}

export function sent({ effects }: Pick<LinkStep, 'effects'>): readonly Message[] {
  return effects.flatMap(effect => {
    if (effect.type !== 'send') return []
    const { message } = told(encodeMessage(effect.message))
    return [message]
  })
}

export function effectsOf<T extends LinkEffect['type']>(
  { effects }: LinkStep,
  type: T,
): readonly Extract<LinkEffect, { type: T }>[] {
  return effects.filter((effect): effect is Extract<LinkEffect, { type: T }> => effect.type === type)
}

export const id = (hex: string): ChannelId => {
  if (fromHex(hex).length !== 32) throw new Error('an id has 32 bytes')
  return hex as ChannelId
}
export const OTHER_ID = id('0c'.repeat(32))
export const ZERO_ID = id('00'.repeat(32))
