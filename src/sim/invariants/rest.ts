import { isDeepStrictEqual } from 'node:util'
import type { EngineState } from '../../engine/index.ts'
import { isFailedOpening } from '../../link/index.ts'
import { isLocked } from '../locked.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { outlasting } from './outlasting.ts'

/** Every so many commits the records are read back and compared with the state. */
const READ_BACK_EVERY = 400
const QUIET: ReadonlySet<string> = new Set(['normal', 'closed', 'aborted'])

/**
 * Invariants 4, 11 and 13: what a node holds is what its records say, at any commit; after the faults have stopped everything is
 * resolved; and a restart at rest changes nothing.
 */
export function rest(world: World): Observer {
  let commits = 0
  /** By name: what was asked for last, and whether it became durable as far as the process has heard. */
  const asked = new Map<
    string,
    { readonly before: EngineState; readonly after: EngineState; readonly isStored: boolean }
  >()
  return {
    name: 'rest',
    deed: ({ deed }) => {
      if (deed.type === 'old_image') asked.delete(world.nodeAt(deed.who).name)
    },
    turn: ({ name }, { before, after, writes }) => {
      asked.set(name, { before, after, isStored: writes.length === 0 })
      return undefined
    },
    durable: (node, { before, after, writes }) => {
      asked.set(node.name, { before, after, isStored: true })
      if (writes.length > 0) commits += 1
      return writes.length > 0 && commits % READ_BACK_EVERY === 0 ? storedComplaint(node) : undefined
    },
    // What it holds now is what its records told. It goes on from what was durable: of a commit that the disk was at, from before it or from after it.
    started: node => {
      const last = asked.get(node.name)
      if (last === undefined || node.plan.isAdversary) return undefined
      const { before, after, isStored } = last
      const read = outlasting(node.state)
      const complaint = differenceComplaint(node, after, read)
      return complaint === undefined || (!isStored && differenceComplaint(node, before, read) === undefined)
        ? undefined
        : complaint
    },
    rest: () => {
      for (const node of world.honest) {
        const complaint = restComplaint(node, world) ?? storedComplaint(node)
        if (complaint !== undefined) return complaint
      }
      return undefined
    },
  }
}

type Node = WatchedNode

function restComplaint(node: Node, world: World): Complaint {
  if (!node.isListening) return `${node.name} does not run although the faults have stopped`
  for (const { peer, state } of linksOf(node.state)) {
    const { channel } = state
    // What was never funded may still be, so that it is remembered for weeks.
    if (channel === undefined || isFailedOpening(state)) continue
    if ('durable' in channel && isLocked(channel, peer, world)) continue
    const name = `channel ${channel.state} of ${node.name}`
    if (!QUIET.has(channel.state)) return `${name} is still ${channel.state} when all has come to rest`
    if (channel.state === 'normal' && channel.durable.htlcs.length > 0)
      return `${name} has HTLCs left when all has come to rest`
  }
  return undefined
}

function storedComplaint(node: Node): Complaint {
  return differenceComplaint(node, node.state, outlasting(node.loaded()))
}

function differenceComplaint(node: Node, state: EngineState, read: ReturnType<typeof outlasting>): Complaint {
  const held = outlasting(state)
  for (const key of Object.keys(held) as (keyof typeof held)[]) {
    if (!isDeepStrictEqual(read[key], held[key])) return `the records of ${node.name} tell other ${key} than it holds`
  }
  return undefined
}
