import { CHAIN_MUTANTS } from './chain.ts'
import { CHANNEL_MUTANTS } from './channel.ts'
import { FORWARD_MUTANTS } from './forward.ts'
import { MEMPOOL_MUTANTS } from './mempool.ts'
import type { Mutant } from './mutant.ts'
import { NODE_MUTANTS } from './node.ts'
import { SENDER_MUTANTS } from './sender.ts'

/**
 * Faults that others have made, or that a developer here could make, none of which shows while all goes well. The seeded world has to find
 * each of them. Both ends of a channel run the same faulty code, so what they would do wrong in the same way is not among them: the
 * vectors of BOLT 3 and its scripts stand against that.
 */
export const MUTANTS: readonly Mutant[] = [
  ...CHANNEL_MUTANTS,
  ...CHAIN_MUTANTS,
  ...MEMPOOL_MUTANTS,
  ...NODE_MUTANTS,
  ...FORWARD_MUTANTS,
  ...SENDER_MUTANTS,
]
