import type { Target } from '../target.ts'
import { BITCOIN } from './bitcoin.ts'
import { BODIES } from './bodies.ts'
import { channelTable, channelTarget } from './channel.ts'
import { engineTable, engineTarget } from './engine.ts'
import { GOSSIP_TARGETS } from './gossip.ts'
import { INVOICE } from './invoice.ts'
import { NOISE } from './noise.ts'
import { ONION } from './onion.ts'
import { RECORDS } from './records.ts'
import { WIRE } from './wire.ts'

/** Everything that reads what others wrote. */
export const TARGETS: readonly Target[] = [
  ...WIRE,
  ...NOISE,
  ...ONION,
  ...INVOICE,
  ...GOSSIP_TARGETS,
  ...BITCOIN,
  ...RECORDS,
  ...BODIES,
  channelTarget,
  engineTarget,
]

export interface Table {
  readonly visited: number
  readonly of: number
}

/** How much of its table a target has visited in this process; nothing where it has none. */
export function tableOf(name: string): Table | undefined {
  if (name === channelTarget.name) return channelTable()
  return name === engineTarget.name ? engineTable() : undefined
}
