import type { Observer } from '../observer.ts'
import type { Oracle, OracleOptions } from '../oracle.ts'
import { specification } from '../oracleObserver.ts'
import type { World } from '../world.ts'
import { asked } from './asked.ts'
import { bids } from './bids.ts'
import { blame } from './blame.ts'
import { bounds } from './bounds.ts'
import { coins } from './coins.ts'
import { conservation } from './conservation.ts'
import { continuity } from './continuity.ts'
import { deadlines } from './deadlines.ts'
import { doubleSpends } from './doubleSpends.ts'
import { dust } from './dust.ts'
import { ends } from './ends.ts'
import { exitRight } from './exitRight.ts'
import { forwards } from './forwards.ts'
import { hangUps } from './hangUps.ts'
import { lies } from './lies.ts'
import { money } from './money.ts'
import { onions } from './onions.ts'
import { packages } from './packages.ts'
import { payments } from './payments.ts'
import { publications } from './publications.ts'
import { reserve } from './reserve.ts'
import { rest } from './rest.ts'
import { revoked } from './revoked.ts'
import { secrets } from './secrets.ts'
import { signerSafety } from './signerSafety.ts'
import { streams } from './streams.ts'
import { waiting } from './waiting.ts'

/** Every rule of the world, each in a file of its own. */
export const invariants = (world: World, oracle: OracleOptions | Oracle = {}): readonly Observer[] => [
  specification(world, oracle),
  streams(),
  conservation(world),
  payments(world),
  continuity(world),
  hangUps(world),
  signerSafety(world),
  publications(world),
  revoked(world),
  doubleSpends(world),
  deadlines(world),
  bids(world),
  packages(world),
  waiting(world),
  dust(world),
  forwards(),
  onions(world),
  lies(world),
  blame(world),
  reserve(world),
  secrets(world),
  bounds(world),
  exitRight(world),
  rest(world),
  money(world),
  ends(world),
  coins(world),
  asked(world),
]
