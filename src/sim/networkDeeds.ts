import type { SimNetwork } from './network.ts'
import type { SimNode } from './node.ts'
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

export const NETWORK_DEED_TYPES = [
  'cut',
  'stall',
  'half_open',
  'second_connection',
  'spoil',
  'mislead',
] as const satisfies readonly NetworkDeed['type'][]

/** How often they come at most, as weights. */
export const HIGHEST_OF_NETWORK: Readonly<Record<NetworkDeed['type'], number>> = {
  cut: 8,
  stall: 5,
  half_open: 3,
  second_connection: 3,
  spoil: 3,
  mislead: 2,
}

export function isOfNetwork(type: string): type is NetworkDeed['type'] {
  return type in HIGHEST_OF_NETWORK
}

export function networkDeedOf(type: NetworkDeed['type'], a: number, b: number, random: Random): NetworkDeed {
  switch (type) {
    case 'cut':
    case 'second_connection':
    case 'spoil':
      return { type, a, b }
    case 'stall':
    case 'half_open':
    case 'mislead':
      return { type, a, b, ms: random.pick([100, 2_000, 30_000]) }
  }
}

export function doToNetwork(deed: NetworkDeed, network: SimNetwork, nodeAt: (index: number) => SimNode): void {
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
  }
}
