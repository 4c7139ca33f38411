// One short string for all states that differ by numbers alone: commitment numbers are relative to what the other party knows, HTLCs are
// counted among those that are live, and A may be B. So the protocol, which never ends, has finitely many states.
import { type Ended, type Message, other, type Party, type Side } from './spec.ts'
import type { State } from './specPair.ts'

export function keyOf(state: State): string {
  const ids = liveIds(state)
  const key = keyFrom(state, 0, ids)
  const mirrored = keyFrom(state, 1, ids)
  // biome-ignore lint/complexity/useMathMinMax: they are strings
  return mirrored < key ? mirrored : key
}

/** The same without taking A for B: for whoever has to tell them apart. */
export const keyAsNamed = (state: State): string => keyFrom(state, 0, liveIds(state))

interface Names {
  /** Which party is told of first. */
  readonly first: Party
  /** Ids of the HTLCs of each party, in their order. */
  readonly ids: readonly [readonly number[], readonly number[]]
  /** What the commitments of each party are counted from. */
  readonly base: readonly [number, number]
}

function keyFrom(state: State, first: Party, ids: Names['ids']): string {
  const { sides, stored, wire, out, signed, count, chain } = state
  const counts = `${count.offers},${count.signatures},${count.cuts},${count.crashes},${count.fees}`
  if (chain !== undefined) {
    const names: Names = { first, ids: [[], []], base: [0, 0] }
    return `${counts}!${chain.isPunished}${chain.open
      .map(each => endedKey(each, names))
      .sort()
      .join('')}`
  }
  const names: Names = { first, ids, base: [sides[1].peerNumber, sides[0].peerNumber] }
  let key = counts
  for (const me of first === 0 ? ORDER : REVERSED) {
    const side = sides[me]
    const them = other(me)
    key += `;${sideKey(side, me, names)}`
    if (stored[me] !== side) key += `(${sideKey(stored[me], me, names)})`
    if (out[me].length > 0) key += `>${messagesKey(out[me], me, names)}`
    if (wire[me].length > 0) key += `<${messagesKey(wire[me], them, names)}`
    // What was signed follows from the rest, where nobody has forgotten it.
    const last = side.peerNumber + (side.awaiting ? 1 : 0)
    if (signed[me].number !== last) key += `?${signed[me].number - last}${signed[me].contents}`
  }
  // The order of the ids that the two expect tells what of them is on its way. The balances follow from what has ended.
  const [x, y] = first === 0 ? sides : [sides[1], sides[0]]
  return `${key};${x.nextId[first] - y.nextId[first]}${x.nextId[other(first)] - y.nextId[other(first)]}`
}

const ORDER: readonly Party[] = [0, 1]
const REVERSED: readonly Party[] = [1, 0]
const LINES = { down: 'd', greeting: 'g', up: 'u' } as const

function sideKey(side: Side, me: Party, names: Names): string {
  const { base } = names
  let key = `${LINES[side.line]}${side.number - base[me]}${side.peerNumber - base[other(me)]}`
  // The order of what was sent matters where both may be owed.
  if (side.awaiting) key += side.lastSent === 'revoke' ? 'r' : 's'
  let later = ''
  for (const htlc of side.htlcs) {
    const end = htlc.end === undefined ? '' : htlc.end === 'fulfil' ? '+' : '-'
    const text = `${nameOf(htlc, names)}${htlc.added}${htlc.removed ?? ''}${end}`
    // Those of the first party first.
    if (htlc.by === names.first) key += text
    else later += text
  }
  key += later
  if (side.fee !== undefined) key += `f${side.fee.by === names.first ? 'a' : 'b'}${side.fee.stage}`
  for (const ended of side.ended) key += `x${endedKey(ended, names)}`
  return key
}

const endedKey = (ended: Ended, names: Names): string => `${nameOf(ended, names)}${ended.end?.[3] ?? ''}`

function nameOf({ by, id }: Pick<Ended, 'by' | 'id'>, { first, ids }: Names): string {
  return `${by === first ? 'a' : 'b'}${ids[by].indexOf(id)}`
}

function messagesKey(messages: readonly Message[], from: Party, names: Names): string {
  const { base } = names
  let key = ''
  for (const message of messages) {
    switch (message.type) {
      case 'add':
        key += `A${names.ids[from].indexOf(message.id)}`
        break
      case 'remove':
        key += `${message.end === 'fulfil' ? 'F' : 'X'}${names.ids[other(from)].indexOf(message.id)}`
        break
      case 'fee':
        key += 'U'
        break
      case 'sign':
        key += `S${message.number - base[other(from)]}`
        break
      case 'revoke':
        key += `R${message.number - base[from]}`
        break
      case 'reestablish':
        key += `E${message.nextCommitment - base[from]}${message.nextRevocation - base[other(from)]}`
    }
  }
  return key
}

function liveIds({ sides, stored, wire, chain }: State): Names['ids'] {
  const ids: [number[], number[]] = [[], []]
  if (chain !== undefined) return ids
  for (const party of ORDER) {
    add(ids, sides[party])
    if (stored[party] !== sides[party]) add(ids, stored[party])
    // Its sender may have dropped it meanwhile.
    for (const message of wire[party]) if (message.type === 'add') insert(ids[other(party)], message.id)
  }
  return ids
}

function add(ids: [number[], number[]], { htlcs, ended }: Side): void {
  for (const { by, id } of htlcs) insert(ids[by], id)
  for (const { by, id } of ended) insert(ids[by], id)
}

/** In its place: the lists are short, and nearly always it is the last. */
function insert(ids: number[], id: number): void {
  let at = ids.length
  for (; at > 0; at--) {
    const before = ids[at - 1]
    if (before === id) return
    if (before !== undefined && before < id) break
  }
  ids.splice(at, 0, id)
}
