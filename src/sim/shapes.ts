import { type Hold, hardHoldOf } from './draws.ts'
import type { Random } from './random.ts'

// What the channels of a world are for: in some worlds the network knows of them, and in some they are so small that what is paid comes in
// parts. It is drawn apart, so that it shifts nothing else.

/** So many worlds have channels that the network knows of: each of them in so many cases. */
const [PUBLIC_WORLDS, PUBLIC_CHANNELS] = [0.2, 0.7]
/** In so many worlds payments come in parts. */
const IN_PARTS = 0.1

/** In so many of the worlds of somebody hostile, everything goes over it. */
const OVER_THE_HOSTILE = 0.25

const CAPACITY_SAT = 60_000
const PUSH_SAT = 25_000
/** In millisatoshis: less goes over one channel as ever. */
const [SMALL, LEAST, MORE] = [100_000, 24_000_000, 20_000_000]

interface Channel {
  readonly from: number
  readonly to: number
  readonly capacitySat: number
  readonly pushSat: number
  readonly announce?: boolean
}

interface Planned {
  readonly deed: { readonly type: string; readonly amountMsat?: number; readonly times?: number; readonly hold?: Hold }
}

interface Shape {
  readonly nodes: readonly unknown[]
  readonly channels: readonly Channel[]
  readonly deeds: readonly Planned[]
}

/** The plan, with the channels that its seed chooses. */
export function shaped<P extends Shape>(plan: P, hasAdversary: boolean, random: Random): P {
  const isOver = hasAdversary && random.split('over').chance(OVER_THE_HOSTILE)
  const linked = isOver ? overTheLast(plan) : plan
  const sized = random.split('parts').chance(IN_PARTS) ? inParts(linked) : linked
  const publicity = random.split('public')
  if (!publicity.chance(PUBLIC_WORLDS)) return sized
  const channels = sized.channels.map(each => (publicity.chance(PUBLIC_CHANNELS) ? { ...each, announce: true } : each))
  return { ...sized, channels }
}

/** The honest have channels with the last one alone, which is the hostile one where there is one. */
export function overTheLast<P extends Shape>(plan: P): P {
  const last = plan.nodes.length - 1
  const channels = plan.channels.map(each => (each.to === last || each.from === last ? each : { ...each, to: last }))
  return { ...plan, channels }
}

/** Each pair that has a channel has two small ones, and most of what is paid is more than one of them holds. */
export function inParts<P extends Shape>(plan: P): P {
  const channels = plan.channels.flatMap(each => {
    const small = { ...each, capacitySat: CAPACITY_SAT, pushSat: PUSH_SAT }
    return [small, small]
  })
  return { ...plan, channels, deeds: plan.deeds.map(larger) }
}

function larger<D extends Planned>(planned: D): D {
  const { type, amountMsat, times } = planned.deed
  if (type !== 'pay' || amountMsat === undefined || amountMsat < SMALL || times !== undefined) return planned
  return { ...planned, deed: { ...planned.deed, amountMsat: LEAST + (amountMsat % MORE) } }
}

/** Everything that is paid is paid by an invoice, and held in a way that is hard for its node. */
export function inHolds<P extends Shape>(plan: P, random: Random): P {
  const deeds = plan.deeds.map((planned, index) => {
    if (planned.deed.type !== 'pay' || planned.deed.times !== undefined) return planned
    const own = random.split(`hold ${index}`)
    const hold: Hold = { ms: own.pick([0, 50, 500]), settles: own.chance(0.8), ...hardHoldOf(own) }
    return { ...planned, deed: { ...planned.deed, by: 'invoice', hold } }
  })
  return { ...plan, deeds }
}
