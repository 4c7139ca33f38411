import { type PMap, pmapEntries } from '../../base/index.ts'
import type { EngineState, Link } from '../../engine/index.ts'

/** What of a node is meant to outlast its process, in a form that can be compared. */
export function outlasting(state: EngineState) {
  const { blocks, nextLink, nextEvent, wallet, payments, charges } = state
  const { session: _session, nextNumber, ...tables } = payments
  const links = [...sorted(state.links)].filter(([, link]) => isFunded(link))
  const funded = new Set(links.map(([, { index }]) => index))
  return {
    blocks,
    nextLink,
    nextEvent,
    charges: sorted(charges),
    transactions: wallet.transactions,
    coins: wallet.coins,
    wallet: { ...wallet, transactions: undefined, coins: undefined, watched: undefined },
    nextNumber,
    tables: Object.values(tables).map(table => sorted<unknown>(table)),
    links: links.map(([, link]) => linkOf(link)),
    names: sorted(state.names).filter(([, index]) => funded.has(index)),
    shortIds: sorted(state.shortIds),
    towers: { next: state.towers.next, acked: [...state.towers.acked].sort() },
    held: sorted(state.storage.held).map(([peer, { idleSince }]) => [peer, idleSince]),
    peers: sorted(state.peers).flatMap(([id, { asked, links: all }]) => {
      const kept = all.filter(index => funded.has(index)).sort((a, b) => a - b)
      return asked || kept.length > 0 ? [{ id, asked, links: kept }] : []
    }),
  }
}

function linkOf({ index, peer, createdAt, alias, state }: Link) {
  const { connection: _connection, watched: _watched, channel, ...rest } = state
  const durable = channel !== undefined && 'durable' in channel ? channel.durable : undefined
  return { index, peer, createdAt, alias, state: channel?.state, durable, ...rest }
}

function isFunded({ state: { channel } }: Link): boolean {
  return channel !== undefined && 'durable' in channel
}

function sorted<V>(map: PMap<V>): readonly (readonly [string, V])[] {
  return [...pmapEntries(map)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, value]) => [key, value])
}
