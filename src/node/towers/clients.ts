import type { BlockHash, NodeId } from '../../base/index.ts'
import type { NetAddress, Network, Store, Timers } from '../../ports/index.ts'
import type { TowerMessage } from '../../watchtower/index.ts'
import type { LogLine } from '../options.ts'
import { TowerClient } from './client.ts'
import type { TowerInfo } from './types.ts'

export interface TowersOptions {
  readonly towers: readonly { readonly nodeId: NodeId; readonly address: NetAddress }[]
  readonly network: Network
  readonly chainHash: BlockHash
  readonly store: Pick<Store, 'loadPage'>
  readonly timers: Timers
  readonly log: (line: LogLine) => void
  readonly messagesOf: (sequence: number, bytes: Uint8Array) => readonly TowerMessage[]
  /** Up to which job a tower has all, and the number of the last job that there is. */
  readonly acked: (tower: NodeId) => number
  readonly last: () => number
  readonly onAcked: (tower: NodeId, sequence: number) => Promise<void>
}

/** All towers of a node. */
export class Towers {
  readonly #options: TowersOptions
  readonly #clients: readonly TowerClient[]

  constructor(options: TowersOptions) {
    this.#options = options
    const { towers, acked, onAcked, ...shared } = options
    this.#clients = towers.map(
      tower =>
        new TowerClient({
          ...shared,
          tower,
          acked: () => acked(tower.nodeId),
          waiting: () => this.#waiting(tower.nodeId),
          onAcked: sequence => onAcked(tower.nodeId, sequence),
        }),
    )
  }

  start(): void {
    for (const client of this.#clients) client.start()
  }

  look(): void {
    for (const client of this.#clients) client.look()
  }

  stop(): void {
    for (const client of this.#clients) client.stop()
  }

  infos(): readonly TowerInfo[] {
    return this.#clients.map(({ nodeId, connected, refusal }) => ({
      nodeId,
      connected,
      waiting: this.#waiting(nodeId),
      ...(refusal !== undefined && { refusal }),
    }))
  }

  #waiting(tower: NodeId): number {
    const { acked, last } = this.#options
    return Math.max(0, last() - acked(tower))
  }
}
