import { type Hold, hardHoldOf } from './draws.ts'
import type { Random } from './random.ts'

// What makes a list of deeds less even than chance alone would. It is drawn apart, so that it shifts nothing else.

/** So many deeds come right after the one before, and those of the network and of processes meet the same nodes. */
const HASTY = 0.2
const HASTE_MS = 60
/** So many invoices are held: their payee decides later, by itself. */
const HELD = 0.15
/** So many of those in a way that is hard for its node. */
const HARD = 0.3
/** So many payments are of all that a channel lets go. */
const EMPTYING = 0.05
/** So many openings are of less than is said, where their opener lies. */
const SHORT = 0.25

/** So many openings want to be used before they are confirmed, and so many to be named by an alias alone. */
const AT_ONCE = 0.4
const NAMELESS = 0.2

/** What an opening asks for besides its amounts. */
export interface OpeningManner {
  readonly zeroConf?: boolean
  readonly scidAlias?: boolean
}

interface Planned<D> {
  readonly id: number
  readonly at: number
  readonly deed: D
}

type Named = { readonly type: string; readonly from?: number; readonly to?: number; readonly who?: number }

/** The deeds, some of them moved to where the one before is still under way, and some payments held. */
export function twisted<D extends { readonly type: string }>(
  deeds: readonly Planned<D>[],
  random: Random,
): readonly Planned<D>[] {
  let earlier = 0
  return deeds.map((planned, index) => {
    const own = random.split(`twist ${planned.id}`)
    const before = deeds[index - 1]
    const isEmptying = planned.deed.type === 'pay' && own.split('all').chance(EMPTYING)
    const deed = {
      ...planned.deed,
      ...holdOf(planned.deed, own.split('hold')),
      ...(isEmptying && { isAll: true }),
      ...shortOf(planned.deed, own),
      ...mannerOf(planned.deed, own.split('manner')),
    }
    if (before === undefined || !own.chance(HASTY)) return { ...planned, at: planned.at - earlier, deed }
    const pause = Math.min(planned.at - before.at, own.below(HASTE_MS))
    earlier += planned.at - before.at - pause
    return { ...planned, at: planned.at - earlier, deed: { ...deed, ...aimOf(deed, before.deed) } }
  })
}

/** At those who were just at work. */
function aimOf({ type }: Named, before: Named): object {
  const { from, to } = before
  const [a, b] = before.type === 'close' ? [before.who, undefined] : [from, to]
  if (a === undefined) return {}
  if (type === 'cut' || type === 'stall' || type === 'half_open' || type === 'second_connection')
    return b === undefined ? {} : { a, b }
  return type === 'crash' || type === 'sync_fault' ? { who: b ?? a } : {}
}

function shortOf({ type }: Named, random: Random): object {
  const own = random.split('short')
  return type === 'open' && own.chance(SHORT) ? { missingSat: own.pick([1, 1_000, 50_000]) } : {}
}

function mannerOf({ type }: Named, random: Random): { readonly manner?: OpeningManner } {
  const [zeroConf, scidAlias] = [random.chance(AT_ONCE), random.chance(NAMELESS)]
  if (type !== 'open' || !(zeroConf || scidAlias)) return {}
  return { manner: { ...(zeroConf && { zeroConf }), ...(scidAlias && { scidAlias }) } }
}

function holdOf(deed: Named & { readonly by?: string }, random: Random): object {
  if (deed.type !== 'pay' || (deed.by !== 'invoice' && deed.by !== 'open_invoice') || !random.chance(HELD)) return {}
  const hold: Hold = { ms: random.pick([50, 500, 5_000, 60_000]), settles: random.chance(0.7) }
  const own = random.split('hard')
  return { hold: { ...hold, ...(own.chance(HARD) && hardHoldOf(own)) } }
}
