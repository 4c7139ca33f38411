import type { Plan, PlannedDeed } from '../../src/sim/plan.ts'

// A world in which payments come in parts: each pair that has a channel has two small ones, and most of what is paid is more than one of them
// holds.

const CAPACITY_SAT = 60_000
const PUSH_SAT = 25_000
/** In millisatoshis: less goes over one channel as ever. */
const [SMALL, LEAST, MORE] = [100_000, 24_000_000, 20_000_000]

export function inParts(plan: Plan): Plan {
  const channels = plan.channels.flatMap(each => {
    const small = { ...each, capacitySat: CAPACITY_SAT, pushSat: PUSH_SAT }
    return [small, small]
  })
  return { ...plan, channels, deeds: plan.deeds.map(larger) }
}

function larger(planned: PlannedDeed): PlannedDeed {
  const { deed } = planned
  if (deed.type !== 'pay' || deed.amountMsat < SMALL || deed.times !== undefined) return planned
  return { ...planned, deed: { ...deed, amountMsat: LEAST + (deed.amountMsat % MORE) } }
}
