import { unreachable } from '../base/index.ts'
import type { Random } from './random.ts'

/** What the network does. */
export type NetworkDeed =
  | { readonly type: 'cut'; readonly a: number; readonly b: number }
  | { readonly type: 'stall'; readonly a: number; readonly b: number; readonly ms: number }
  /** What goes from `a` to `b` is lost without a sign. */
  | { readonly type: 'half_open'; readonly a: number; readonly b: number; readonly ms: number }
  | { readonly type: 'second_connection'; readonly a: number; readonly b: number }
  /** A bit changes of what is on its way from `a` to `b`, or of what goes there next. */
  | { readonly type: 'spoil'; readonly a: number; readonly b: number }
  /** The address of `a` leads to `b`, who has another key. */
  | { readonly type: 'mislead'; readonly a: number; readonly b: number; readonly ms: number }
  /** `a` hears that the connections have ended; what is on its way to `b` arrives before it hears the same. */
  | { readonly type: 'lose'; readonly a: number; readonly b: number }
  /** The connections break when so many more messages have gone from `a` to `b`. */
  | { readonly type: 'cut_after'; readonly a: number; readonly b: number; readonly messages: number }
  /** The next message from `a` to `b` arrives, in a world that holds messages. */
  | { readonly type: 'deliver'; readonly a: number; readonly b: number }

/** What they are done to, and between whom. */
interface Network<End> {
  cut(a: End, b: End): void
  stall(a: End, b: End, ms: number): void
  halfOpen(a: End, b: End, ms: number): void
  connect(a: End, b: End): void
  spoil(a: End, b: End): void
  mislead(a: End, b: End, ms: number): void
  lose(a: End, b: End): void
  cutAfter(a: End, b: End, messages: number): void
  deliver(a: End, b: End): void
}

export const NETWORK_DEED_TYPES = [
  'cut',
  'stall',
  'half_open',
  'second_connection',
  'spoil',
  'mislead',
  'lose',
  'cut_after',
  'deliver',
] as const satisfies readonly NetworkDeed['type'][]

/** How often they come at most, as weights, where messages arrive in their own time. */
export const HIGHEST_OF_NETWORK: Readonly<Record<Exclude<NetworkDeed['type'], 'deliver'>, number>> = {
  cut: 8,
  stall: 5,
  half_open: 3,
  second_connection: 3,
  spoil: 3,
  mislead: 2,
  lose: 6,
  cut_after: 6,
}

/** After so many it is over: a turn of the dance has up to four, and two turns are nearly all of it. */
const MOST_MESSAGES = 8

export function isOfNetwork(type: string): type is NetworkDeed['type'] {
  return NETWORK_DEED_TYPES.some(each => each === type)
}

export function networkDeedOf(type: NetworkDeed['type'], a: number, b: number, random: Random): NetworkDeed {
  switch (type) {
    case 'cut':
    case 'second_connection':
    case 'spoil':
    case 'lose':
    case 'deliver':
      return { type, a, b }
    case 'cut_after':
      return { type, a, b, messages: random.between(1, MOST_MESSAGES) }
    case 'stall':
    case 'half_open':
    case 'mislead':
      return { type, a, b, ms: random.pick([100, 2_000, 30_000]) }
  }
}

export function doToNetwork<End extends { readonly isListening: boolean }>(
  deed: NetworkDeed,
  network: Network<End>,
  nodeAt: (index: number) => End,
): void {
  const [a, b] = [nodeAt(deed.a), nodeAt(deed.b)]
  switch (deed.type) {
    case 'cut':
      network.cut(a, b)
      return
    case 'stall':
      network.stall(a, b, deed.ms)
      return
    case 'half_open':
      network.halfOpen(a, b, deed.ms)
      return
    case 'second_connection':
      if (a.isListening && b.isListening) network.connect(a, b)
      return
    case 'spoil':
      network.spoil(a, b)
      return
    case 'mislead':
      network.mislead(a, b, deed.ms)
      return
    case 'lose':
      network.lose(a, b)
      return
    case 'cut_after':
      network.cutAfter(a, b, deed.messages)
      return
    case 'deliver':
      network.deliver(a, b)
      return
    default:
      unreachable(deed)
  }
}
