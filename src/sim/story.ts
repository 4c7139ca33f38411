import { toHex } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import { decodeMessage } from '../wire/index.ts'
import type { Observer, WatchedNode } from './observer.ts'
import type { World } from './world.ts'

const SHOWN = 8

/** Tells what happens in a world, a line each: for people who want to understand a run. */
export function story(world: World, tell: (line: string) => void): Observer {
  const start = world.clock.now
  const say = (line: string): undefined => {
    const seconds = ((world.clock.now - start) / 1000).toFixed(3).padStart(9)
    tell(`${seconds}s  block ${world.chain.height}  ${line}`)
    return undefined
  }
  const named = (node: WatchedNode) => node.name.padEnd(7)
  const peers = new Map<string, string>()
  const peerOf = (node: WatchedNode, connection: number) => peers.get(`${node.name} ${connection}`) ?? 'nobody'
  return {
    name: 'story',
    deed: ({ id, deed }) => say(`== deed ${id}: ${shown(deed)}`),
    connected: (node, connection, peer) => {
      const name = world.nodes.find(({ id }) => id === peer)?.name ?? peer.slice(0, SHOWN)
      peers.set(`${node.name} ${connection}`, name)
      return say(`${named(node)} is connected to ${name} (connection ${connection})`)
    },
    ended: (node, connection) => say(`${named(node)} has lost ${peerOf(node, connection)} (connection ${connection})`),
    sent: (node, connection, bytes) => say(`${named(node)} -> ${peerOf(node, connection)}: ${messageOf(bytes)}`),
    received: (node, connection, bytes) => say(`${named(node)} <- ${peerOf(node, connection)}: ${nameOf(bytes)}`),
    published: (node, tx, role, outcome) => {
      const amounts = tx.outputs.map(({ amountSat }) => amountSat).join(' + ')
      return say(
        `${named(node)} publishes its ${role} transaction ${txid(tx).slice(0, SHOWN)} (${amounts} sat): ${outcome}`,
      )
    },
    durable: (node, { effects }) => {
      for (const effect of effects)
        if (effect.type === 'event') say(`${named(node)} event: ${shown(effect.event.event)}`)
      return undefined
    },
    replied: (node, request, reply) => say(`${named(node)} answers request ${request}: ${shown(reply)}`),
    crashed: (node, kept) =>
      say(
        `${named(node)} ends in this instant; of what its disk was writing ${kept === 0 ? 'nothing' : 'all'} is kept`,
      ),
    started: node => say(`${named(node)} starts`),
    chain: () => {
      const block = world.chain.tip
      const mined = block.transactions.slice(1).map(tx => txid(tx).slice(0, SHOWN))
      return say(
        `the tip is ${block.height} ${block.hash.slice(-SHOWN)}${mined.length > 0 ? ` with ${mined.join(', ')}` : ''}`,
      )
    },
    rest: () => say('== all has come to rest'),
    closed: () => say('== everything is closed'),
  }
}

function nameOf(bytes: Uint8Array): string {
  const message = decodeMessage(bytes)
  return message.ok ? message.value.type : 'bytes that are no message'
}

function messageOf(bytes: Uint8Array): string {
  const message = decodeMessage(bytes)
  return message.ok
    ? `${message.value.type} ${shown({ ...message.value, type: undefined })}`
    : 'bytes that are no message'
}

/** Long bytes and ids are cut: who needs them whole has the plan to run again. */
function shown(value: object): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return Number(each)
    if (each instanceof Uint8Array) return `${toHex(each.subarray(0, SHOWN / 2))}…${each.length}`
    if (typeof each === 'string' && /^[0-9a-f]{40,}$/.test(each)) return `${each.slice(0, SHOWN)}…`
    return each
  })
}
