import { bytesEqual, toHex } from '../../base/index.ts'
import type { Complaint, Observer } from '../observer.ts'

/** What one end of a connection has sent and the other has not heard yet. */
interface Direction {
  readonly sent: Uint8Array[]
  heard: number
}

const SHOWN = 8

/**
 * What is heard over a connection is what was said over it, byte for byte, in its order and from the beginning on: whatever is cut,
 * lost or changed on the way, nothing is heard that was not said, twice, or with something missing before it.
 */
export function streams(): Observer {
  /** By connection and listener: what comes to them. There while they hear. */
  const directions = new Map<string, Direction>()
  const peers = new Map<string, string>()
  const keyOf = (connection: number, id: string) => `${connection} ${id}`
  const forget = (key: string) => {
    directions.delete(key)
    peers.delete(key)
  }
  const of = (key: string): Direction => {
    const known = directions.get(key) ?? { sent: [], heard: 0 }
    directions.set(key, known)
    return known
  }
  return {
    name: 'streams',
    connected: (node, connection, peer) => {
      peers.set(keyOf(connection, node.id), peer)
      return undefined
    },
    sent: (node, connection, bytes) => {
      const peer = peers.get(keyOf(connection, node.id))
      // Whoever speaks into a connection that has ended is heard by nobody.
      if (peer !== undefined) of(keyOf(connection, peer)).sent.push(bytes)
      return undefined
    },
    received: (node, connection, bytes): Complaint => {
      const key = keyOf(connection, node.id)
      if (!peers.has(key))
        return `${node.name} has heard something over connection ${connection}, which it does not have`
      const direction = of(key)
      const expected = direction.sent[direction.heard]
      direction.heard += 1
      if (expected !== undefined && bytesEqual(expected, bytes)) return undefined
      const what = expected === undefined ? 'nothing more' : `${toHex(expected.subarray(0, SHOWN))}…`
      return `${node.name} has heard ${toHex(bytes.subarray(0, SHOWN))}… as message ${direction.heard} of connection ${connection}, where ${what} was said`
    },
    ended: (node, connection) => {
      forget(keyOf(connection, node.id))
      return undefined
    },
    crashed: node => {
      for (const key of peers.keys()) if (key.endsWith(` ${node.id}`)) forget(key)
      return undefined
    },
  }
}
