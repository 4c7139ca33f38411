import { type NodeId, type PMap, pmapDelete, pmapEntries, pmapSet, pmapValues } from '../base/index.ts'
import { change, type Turn } from './turn.ts'
import type { News } from './types.ts'

/** Queues a record to be told on with the next flush to each peer (BOLT 7, rebroadcasting). */
export function tellOn(
  turn: Turn,
  key: string,
  { from, timestamp }: { readonly from: NodeId | undefined; readonly timestamp: number | undefined },
): void {
  const { news, nextNews } = turn.state
  const entry: News = { number: nextNews, from, timestamp }
  change(turn, { news: withinBound(pmapSet(news, key, entry), turn.context.limits.maxNews), nextNews: nextNews + 1 })
}

/** A record that is gone is not told on. */
export function tellNoMore(turn: Turn, key: string): void {
  change(turn, { news: pmapDelete(turn.state.news, key) })
}

/** The keys of what a peer has not been told, in the order in which it came. */
export function newsAfter(news: PMap<News>, number: number): readonly (readonly [key: string, news: News])[] {
  return [...pmapEntries(news)].filter(([, entry]) => entry.number > number).sort(([, a], [, b]) => a.number - b.number)
}

/** Cost: once for each half of the bound. Who has not been told asks for it one day. */
function withinBound(news: PMap<News>, most: number): PMap<News> {
  if (news.size <= most) return news
  const oldest = newsAfter(news, -1).slice(0, Math.ceil(most / 2))
  return oldest.reduce((left, [key]) => pmapDelete(left, key), news)
}

/** Forgets what everybody has been told. */
export function trimNews(turn: Turn): void {
  const { news, peers, nextNews } = turn.state
  if (news.size === 0) return
  let told = nextNews - 1
  for (const { newsSent } of pmapValues(peers)) told = Math.min(told, newsSent)
  let left = news
  for (const [key, { number }] of pmapEntries(news)) if (number <= told) left = pmapDelete(left, key)
  if (left !== news) change(turn, { news: left })
}
