import { unreachable } from '../base/index.ts'
import { DECEITS, type Deceit } from './deceits.ts'
import { amountMsat } from './draws.ts'
import { LIES, type Lie } from './lies.ts'
import type { Random } from './random.ts'

/** What an adversary does; without one in the world, nothing. */
export type AdversaryDeed =
  /** Publishes the commitment of a state that it once had, `age` states ago. With `claims`, it goes on taking what that state gives it. */
  | {
      readonly type: 'publish_old'
      readonly who: number
      readonly channel: number
      readonly age: number
      readonly claims: boolean
    }
  /** Sends nothing more of one kind for a while. */
  | { readonly type: 'withhold'; readonly who: number; readonly message: WithheldMessage; readonly ms: number }
  /** Changes the next message that it sends: of this kind, where one is named. */
  | { readonly type: 'mutate'; readonly who: number; readonly message?: WithheldMessage; readonly change?: Change }
  /** Asks for so many channels, one soon after the other. */
  | { readonly type: 'open_many'; readonly who: number; readonly to: number; readonly count: number }
  | { readonly type: 'vanish'; readonly who: number; readonly ms: number }
  /** Offers an HTLC with an onion that says what is not so: straight, where that can be, or over somebody else. What follows comes later. */
  | {
      readonly type: 'lie'
      readonly who: number
      readonly to: number
      readonly lie: Lie
      readonly isStraight: boolean
      readonly amountMsat: number
      readonly afterMs: number
    }
  /** Deceives those around it with the next payment of others that it can do so with. */
  | { readonly type: 'deceive'; readonly who: number; readonly deceit: Deceit }

export type WithheldMessage =
  | 'revoke_and_ack'
  | 'commitment_signed'
  | 'update_fulfill_htlc'
  | 'update_fail_htlc'
  | 'channel_reestablish'

/**
 * What becomes of a message: a bit among its last bytes is turned, where secrets, preimages and signatures are; or its last signature
 * gets the other S, which nodes that relay transactions refuse. Otherwise any bit is turned.
 */
export type Change = 'end' | 'high_s'

export const ADVERSARY_DEED_TYPES = [
  'publish_old',
  'withhold',
  'mutate',
  'vanish',
  'open_many',
  'lie',
  'deceive',
] as const satisfies readonly AdversaryDeed['type'][]

/** How often they come at most, as weights. */
export const HIGHEST_OF_ADVERSARY: Readonly<Record<AdversaryDeed['type'], number>> = {
  publish_old: 3,
  withhold: 4,
  mutate: 3,
  vanish: 1,
  open_many: 0.5,
  lie: 6,
  deceive: 10,
}

export function isOfAdversary(type: string): type is AdversaryDeed['type'] {
  return type in HIGHEST_OF_ADVERSARY
}

/** `other`: somebody else. `channel`: an index. */
export function adversaryDeedOf(
  type: AdversaryDeed['type'],
  { who, other, channel }: { readonly who: number; readonly other: number; readonly channel: number },
  random: Random,
): AdversaryDeed {
  switch (type) {
    case 'publish_old':
      return { type, who, channel, age: random.pick([1, 1, 2, 3, 10, 100]), claims: random.chance(0.7) }
    case 'withhold': {
      const message = random.pick<WithheldMessage>(WITHHELD)
      return { type, who, message, ms: random.pick([2_000, 60_000, 120_000, 240_000]) }
    }
    case 'mutate':
      return { type, who, ...mutation(random) }
    case 'open_many':
      return { type, who, to: other, count: random.between(5, 8) }
    case 'vanish':
      return { type, who, ms: random.pick([2_000, 60_000, 600_000]) }
    case 'lie':
      return {
        type,
        who,
        to: other,
        lie: random.pick(ALL_LIES),
        isStraight: random.chance(0.5),
        // Two parts of it, and one millisatoshi less, are something.
        amountMsat: amountMsat(random) + 2,
        afterMs: random.pick([150, 500, 5_000, 30_000]),
      }
    case 'deceive':
      return { type, who, deceit: random.pick(ALL_DECEITS) }
    default:
      return unreachable(type)
  }
}

function mutation(random: Random): { readonly message?: WithheldMessage; readonly change?: Change } {
  const change = random.weighted({ any: 2, end: 4, high_s: 2 })
  if (change === 'high_s') return { message: 'commitment_signed', change }
  const message = random.chance(0.8) ? { message: random.pick<WithheldMessage>(WITHHELD) } : {}
  return change === 'end' ? { ...message, change } : message
}

// The keys of these tables are its lies and deceits.
const ALL_LIES = Object.keys(LIES) as Lie[]
const ALL_DECEITS = Object.keys(DECEITS) as Deceit[]
const WITHHELD: readonly WithheldMessage[] = [
  'revoke_and_ack',
  'commitment_signed',
  'update_fulfill_htlc',
  'update_fail_htlc',
  'channel_reestablish',
]
