import type { Target } from '../target.ts'
import { BITCOIN } from './bitcoin.ts'
import { BODIES } from './bodies.ts'
import { channelTarget } from './channel.ts'
import { engineTarget } from './engine.ts'
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
  ...BITCOIN,
  ...RECORDS,
  ...BODIES,
  channelTarget,
  engineTarget,
]
