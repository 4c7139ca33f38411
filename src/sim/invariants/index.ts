import type { Observer } from '../observer.ts'
import type { World } from '../world.ts'
import { conservation } from './conservation.ts'
import { continuity } from './continuity.ts'
import { exitRight } from './exitRight.ts'
import { money } from './money.ts'
import { payments } from './payments.ts'
import { publications } from './publications.ts'
import { rest } from './rest.ts'
import { signerSafety } from './signerSafety.ts'

/** Every rule of the world, each in a file of its own. */
export const invariants = (world: World): readonly Observer[] => [
  conservation(world),
  payments(world),
  continuity(world),
  signerSafety(world),
  publications(world),
  exitRight(world),
  rest(world),
  money(world),
]
