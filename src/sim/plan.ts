import {
  ADVERSARY_DEED_TYPES,
  type AdversaryDeed,
  adversaryDeedOf,
  HIGHEST_OF_ADVERSARY,
  isOfAdversary,
} from './adversaryDeeds.ts'
import type { BlockWish } from './blocks.ts'
import { againSoon, amountMsat, type Hold, pairOf } from './draws.ts'
import { HIGHEST_OF_NETWORK, isOfNetwork, NETWORK_DEED_TYPES, type NetworkDeed, networkDeedOf } from './networkDeeds.ts'
import type { Random } from './random.ts'
import { shaped } from './shapes.ts'
import { type OpeningManner, twisted } from './twists.ts'

// A run as values: whatever happens in it from outside is written down here before it begins, with indices instead of names, so that
// any part may be left out and the rest still makes sense. A plan is what is replayed, and what the shrinker makes smaller.

export type Mode = 'fast' | 'real'

export interface Plan {
  readonly seed: string
  readonly mode: Mode
  readonly nodes: readonly NodePlan[]
  /** Pairs of nodes with a channel from the beginning. */
  readonly channels: readonly ChannelPlan[]
  readonly deeds: readonly PlannedDeed[]
  /** Faults stop here, everyone comes back, and everything is to come to its end. */
  readonly healAt: number
  /** Whether all channels are closed and swept after that. */
  readonly closesAll: boolean
  /** Messages of channels wait until a deed lets each of them through. Default: they arrive in their own time. */
  readonly isHeld?: boolean
  /** Those who are not hostile use each other's channels before they are confirmed. */
  readonly isTrusting?: boolean
  /** At least so long after a message comes the next one in its direction, so that it finds a turn of its own. */
  readonly apartMs?: number
  /** Default: nobody looks at what waits for a block, and it takes whatever pays for its relay. */
  readonly mempool?: MempoolPlan
  /** How often forks of the world are looked at: at every commit of a channel, which takes minutes, or at some of them (default). */
  readonly checks?: Checks
}

export type Checks = 'every' | 'sampled'

export interface MempoolPlan {
  /** Nodes ask it before they fund a channel. */
  readonly isAsked?: boolean
  /** They are told of what waits there and spends what is theirs. */
  readonly isWatched?: boolean
  /** It is full: it asks for a part of the feerate of the day. */
  readonly isFull?: boolean
}

export interface NodePlan {
  readonly name: string
  /** Owns its keys, keeps every state that it ever had, and wants the others' money. */
  readonly isAdversary: boolean
  readonly coinsSat: readonly number[]
  readonly toSelfDelay: number
  readonly minimumDepth: number
  /** Milliseconds of a sync, at least and at most. */
  readonly syncMs: readonly [least: number, most: number]
}

export interface ChannelPlan {
  readonly from: number
  readonly to: number
  readonly capacitySat: number
  readonly pushSat: number
  /** The network is to know of it. */
  readonly announce?: boolean
  /** Without anchors, as older software asks for it. */
  readonly isOlder?: boolean
}

export interface PlannedDeed {
  /** Stays the same when others are left out: what is drawn while it is done follows from it. */
  readonly id: number
  /** Milliseconds since the beginning. */
  readonly at: number
  readonly deed: Deed
}

/** Whoever `who`, `from`, `to`, `a`, `b` are: an index, taken modulo the number of nodes. */
export type Deed =
  // What users do.
  | {
      readonly type: 'pay'
      readonly from: number
      readonly to: number
      readonly amountMsat: number
      /** An invoice that its payee has signed and forgotten is paid in vain. */
      readonly by: 'keysend' | 'invoice' | 'open_invoice' | 'forgotten_invoice'
      /** Somebody pays the same hash and amount at the same time. */
      readonly twin: boolean
      /** The same call again, under its idempotency key, so many milliseconds later. */
      readonly againAfterMs?: number
      readonly timeoutMs: number
      /** So much more than the invoice asks for. */
      readonly moreMsat?: number
      /** Who is paid sends the same hash and amount back, at the same time. */
      readonly back?: boolean
      /** So many payments at once instead of one. */
      readonly times?: number
      /** Under one of the payer's tokens, whose budget does not last. */
      readonly token?: number
      /** All that a channel lets go, instead of the amount; and its payee decides later whether it takes what it holds. */
      readonly isAll?: boolean
      readonly hold?: Hold
    }
  | (ChannelPlan & {
      readonly type: 'open'
      /** So many satoshis more are said than paid, where the opener is an adversary. */
      readonly missingSat?: number
      readonly manner?: OpeningManner
      /** The same call again, under its idempotency key, so many milliseconds later. */
      readonly againAfterMs?: number
    })
  | { readonly type: 'close'; readonly who: number; readonly channel: number; readonly force: boolean }
  | {
      readonly type: 'send'
      readonly from: number
      readonly to: number
      readonly amountSat: number
      readonly againAfterMs?: number
    }
  | NetworkDeed
  // What processes and disks do.
  | { readonly type: 'crash'; readonly who: number; readonly downMs: number; readonly keepsLast: boolean }
  | {
      readonly type: 'sync_fault'
      readonly who: number
      readonly fault: 'fails' | 'fails_but_kept' | 'full'
      /** The commit after which something would be published, instead of the next one. */
      readonly isPublishing?: boolean
      readonly downMs: number
    }
  /** An image of the disk, so many images old, is put in its place while the process is down. */
  | { readonly type: 'old_image'; readonly who: number; readonly age: number; readonly downMs: number }
  // What the chain does.
  | { readonly type: 'mine'; readonly count: number; readonly contents: BlockWish }
  | { readonly type: 'reorg'; readonly depth: number }
  | { readonly type: 'lag'; readonly who: number; readonly ms: number }
  | { readonly type: 'feerate'; readonly perKw: number }
  | AdversaryDeed

const DEED_TYPES = [
  'pay',
  'open',
  'close',
  'send',
  ...NETWORK_DEED_TYPES,
  'crash',
  'sync_fault',
  'old_image',
  'mine',
  'reorg',
  'lag',
  'feerate',
  ...ADVERSARY_DEED_TYPES,
] as const satisfies readonly Deed['type'][]

/** How often each kind of deed comes, as weights. A kind that is left out does not happen. */
export type Faults = Partial<Readonly<Record<Deed['type'], number>>>

export interface PlanOptions {
  readonly seed: string
  readonly mode: Mode
  /** 2 to 7. */
  readonly nodes: number
  readonly deeds: number
  /** Instead of what the seed would choose. */
  readonly faults?: Faults
  /** Whether one of the nodes is hostile. Default: the seed chooses, half of the time. */
  readonly adversary?: boolean
  /** The channels of the beginning are without anchors. */
  readonly isOlder?: boolean
  readonly checks?: Checks
}

/** What happens without any fault. */
const WORKLOAD: Faults = { pay: 60, mine: 8, open: 1, close: 1, send: 1 }
/** Each of these is switched on in some seeds and off in others, at a rate of the seed's own: up to so much. */
const HIGHEST: Faults = {
  ...HIGHEST_OF_NETWORK,
  crash: 8,
  sync_fault: 3,
  reorg: 3,
  lag: 3,
  feerate: 2,
  old_image: 0.5,
}
/** How likely a kind of fault is to be switched on in a seed. Where a node has forgotten, other rules can say less. */
const SWITCHED_ON = 0.5
const OLD_IMAGES = 0.1
/** In so many seeds one kind comes again and again: what it does to itself shows there. */
const [WITH_A_THEME, WEIGHT_OF_A_THEME] = [0.5, 25]
const MEAN_PAUSE_MS = 250
/** A world in haste has a deed for about every message. */
const MEAN_PAUSES_MS = [40, MEAN_PAUSE_MS, MEAN_PAUSE_MS, MEAN_PAUSE_MS]
/** Worlds in which most deeds are about two nodes; and how far messages are apart: none, a step, longer than a slow sync. */
const OF_NEIGHBOURS = 0.5
const APART_MS = [0, 0, 8, 70]

/** The run that a seed stands for. */
export function planOf(options: PlanOptions, random: Random): Plan {
  const { seed, mode, nodes: count } = options
  const shape = random.split('shape')
  const hasAdversary = options.adversary ?? shape.chance(0.5)
  const nodes = Array.from({ length: count }, (_, index) => nodePlan(index, hasAdversary && index === count - 1, shape))
  const faults = options.faults ?? swarm(random.split('faults'), hasAdversary)
  const deeds = planDeeds(options, faults, random.split('deeds'))
  const apartMs = random.split('apart').pick(APART_MS)
  const plan = {
    seed,
    mode,
    nodes,
    channels: channelPlans(count, shape).map(each => ({ ...each, ...(options.isOlder === true && { isOlder: true }) })),
    deeds: twisted(deeds, random.split('twists')),
    healAt: (deeds.at(-1)?.at ?? 0) + MEAN_PAUSE_MS,
    closesAll: shape.chance(0.5),
    ...(random.split('trust').chance(TRUSTING) && { isTrusting: true }),
    ...(apartMs > 0 && { apartMs }),
    ...mempoolPlan(random.split('mempool')),
    ...(options.checks !== undefined && { checks: options.checks }),
  }
  return options.faults === undefined ? shaped(plan, hasAdversary, random) : plan
}

/** In so many worlds each of them is so. */
const [ASKED, WATCHED, FULL] = [0.5, 0.5, 0.3]

function mempoolPlan(random: Random): Pick<Plan, 'mempool'> {
  const [isAsked, isWatched, isFull] = [random.chance(ASKED), random.chance(WATCHED), random.chance(FULL)]
  const mempool = { ...(isAsked && { isAsked }), ...(isWatched && { isWatched }), ...(isFull && { isFull }) }
  return Object.keys(mempool).length === 0 ? {} : { mempool }
}

/** So many worlds do without the first blocks. */
const TRUSTING = 0.25
const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace']

function nodePlan(index: number, isAdversary: boolean, random: Random): NodePlan {
  const slow = random.chance(0.2)
  return {
    name: isAdversary ? 'mallory' : (NAMES[index] ?? `node${index}`),
    isAdversary,
    coinsSat: [3_000_000, 2_000_000, ...(isAdversary ? Array.from({ length: 7 }, () => 90_000) : [])],
    toSelfDelay: random.pick([24, 30, 48]),
    minimumDepth: random.between(1, 3),
    syncMs: slow ? [5, 60] : [0, 3],
  }
}

/** A line of nodes, and some more pairs. */
function channelPlans(count: number, random: Random): readonly ChannelPlan[] {
  const channel = (from: number, to: number): ChannelPlan => {
    const capacitySat = random.between(60_000, 1_000_000)
    return { from, to, capacitySat, pushSat: random.chance(0.8) ? Math.floor(capacitySat * random.next() * 0.6) : 0 }
  }
  const line = Array.from({ length: count - 1 }, (_, index) => channel(index, index + 1))
  const more = random.chance(0.5) ? [channel(count - 1, 0)] : []
  return [...line, ...more]
}

function swarm(random: Random, hasAdversary: boolean): Faults {
  const { deceive, ...ofAdversary } = HIGHEST_OF_ADVERSARY
  const possible = { ...HIGHEST, ...(hasAdversary && ofAdversary) }
  const chosen = Object.entries(possible).flatMap(([type, highest]) =>
    random.chance(type === 'old_image' ? OLD_IMAGES : SWITCHED_ON) ? [[type, highest * random.next()] as const] : [],
  )
  const own = random.split('deceive')
  const deceits = hasAdversary && own.chance(SWITCHED_ON) ? { deceive: deceive * own.next() } : {}
  const faults = { ...WORKLOAD, ...Object.fromEntries(chosen), ...deceits }
  if (!random.chance(WITH_A_THEME)) return faults
  const theme = random.pick(Object.keys(faults).filter(type => type !== 'pay' && type !== 'deceive'))
  return { ...faults, [theme]: WEIGHT_OF_A_THEME }
}

function planDeeds({ nodes, deeds }: PlanOptions, faults: Faults, random: Random): readonly PlannedDeed[] {
  let at = 0
  const meanPauseMs = random.pick(MEAN_PAUSES_MS)
  const isOfNeighbours = random.chance(OF_NEIGHBOURS)
  return Array.from({ length: deeds }, (_, id) => {
    // Most deeds meet others that are still under way; after some there is time for everything.
    const isPause = random.chance(0.05)
    at += Math.floor((isPause ? 40 : 1) * -Math.log(1 - random.next()) * meanPauseMs)
    // A weight for each kind, zero for those that are off.
    const weights = Object.fromEntries(DEED_TYPES.map(type => [type, faults[type] ?? 0])) as Record<
      Deed['type'],
      number
    >
    return { id, at, deed: deedOf(random.weighted(weights), nodes, isOfNeighbours, random) }
  })
}

function deedOf(type: Deed['type'], nodes: number, isOfNeighbours: boolean, random: Random): Deed {
  // Where there is an adversary, it is the last one.
  const [who, other] = pairOf(nodes, isOfNeighbours, random, isOfAdversary(type) ? nodes - 1 : undefined)
  const channel = random.below(8)
  const downMs = random.pick([50, 500, 5_000, 60_000])
  if (isOfNetwork(type)) return networkDeedOf(type, who, other, random)
  if (isOfAdversary(type)) return adversaryDeedOf(type, { who, other, channel }, random)
  switch (type) {
    case 'pay': {
      const twin = random.chance(0.3)
      const by = random.weighted({ keysend: 4, invoice: 4, open_invoice: 1, forgotten_invoice: 2 })
      const timeoutMs = random.pick([1_000, 60_000, 60_000])
      const again = random.chance(0.15) ? { againAfterMs: random.pick([0, 20, 2_000]) } : {}
      const amount = amountMsat(random)
      const common = { type, from: who, to: other, by, twin, timeoutMs, ...again } as const
      // A crowd of payments that are too small for an output, each of them just so.
      if (random.chance(0.02)) return { ...common, by: 'keysend', twin: false, amountMsat: 353_999, times: 20 }
      return {
        ...common,
        amountMsat: amount,
        ...(random.chance(0.1) && { moreMsat: Math.floor(amount * random.next()) }),
        ...(random.chance(0.1) && { back: true }),
        ...(random.chance(0.2) && { token: random.below(2) }),
      }
    }
    case 'open':
      return {
        type,
        from: who,
        to: other,
        capacitySat: random.between(20_000, 500_000),
        pushSat: random.pick([0, 0, 9_000]),
        ...againSoon(random),
      }
    case 'close':
      return { type, who, channel, force: random.chance(0.4) }
    case 'send':
      return { type, from: who, to: other, amountSat: random.between(1_000, 300_000), ...againSoon(random) }
    case 'crash':
      return { type, who, downMs, keepsLast: random.chance(0.5) }
    case 'sync_fault':
      return {
        type,
        who,
        fault: random.pick(['fails', 'fails_but_kept', 'full']),
        isPublishing: random.chance(0.5),
        downMs,
      }
    case 'old_image':
      return { type, who, age: random.between(1, 20), downMs }
    case 'mine':
      return {
        type,
        count: random.pick([1, 1, 1, 2, 3, 6, 6, 24]),
        contents: random.weighted({ all: 6, none: 1, some: 1, dear: 2 }),
      }
    case 'reorg':
      return { type, depth: random.chance(0.05) ? 20 : random.between(1, 6) }
    case 'lag':
      return { type, who, ms: random.pick([1_000, 20_000, 60_000]) }
    case 'feerate':
      return { type, perKw: random.pick([253, 500, 1_000, 2_500, 10_000, 25_300]) }
  }
}

/** Whether something read from a file has the shape of a plan, as far as its first level goes. */
export function isPlan(value: unknown): value is Plan {
  return typeof value === 'object' && value !== null && FIRST_LEVEL.every(key => key in value)
}

const FIRST_LEVEL = ['seed', 'mode', 'nodes', 'channels', 'deeds', 'healAt']
