import type { Mutant } from './mutant.ts'
import { CHEATS, FULL_MEMPOOLS, SILENCE, UNDONE_CLOSES } from './worlds.ts'

// Faults in what waits for a block: what is seen there, and what has to get there.

export const MEMPOOL_MUTANTS: readonly Mutant[] = [
  {
    id: 'waiting-spends-are-not-told',
    class: 'preimages-in-one-place',
    incident:
      'A preimage that waits for a block is used upstream only when it has confirmed, and that may be too late.',
    file: 'engine/blocks.ts',
    find: "stepLink(work, index, { type: 'spend_seen', tx })",
    replace: 'void index',
    plan: SILENCE,
  },
  {
    id: 'what-waits-counts-as-confirmed',
    class: 'reorgs',
    incident:
      'A transaction that waits is taken for one of a block: when another one confirms, its outputs are looked for in vain.',
    file: 'link/step.ts',
    find: "return enforce(work, { type: 'unconfirmed_spend', tx: input.tx }, context)",
    replace: 'return spent(work, input.tx, context.height, context)',
    plan: UNDONE_CLOSES,
  },
  {
    id: 'revoked-states-wait-unpunished',
    class: 'revoked-states',
    incident: 'A revoked commitment is answered a block too late for what the cheat takes of it in the same block.',
    file: 'onchain/step.ts',
    find: "input.type === 'unconfirmed_spend' && situation.type === 'open'",
    replace: "input.type === 'unconfirmed_spend' && situation.type === 'commitment'",
    plan: CHEATS,
  },
  {
    id: 'penalties-ahead-are-counted-on',
    class: 'revoked-states',
    incident:
      'What a penalty would bring is money of the wallet, though the commitment that it punishes may never confirm.',
    file: 'engine/linkEffects.ts',
    find: 'if (isAhead !== true) stepWallet',
    replace: 'stepWallet',
    plan: CHEATS,
  },
  {
    id: 'children-go-alone',
    class: 'fee-spikes',
    incident: 'A commitment that no mempool takes by itself is never offered with the child that pays for it.',
    file: 'engine/linkEffects.ts',
    find: '...(parent !== undefined && { parent })',
    replace: '...(parent === tx && { parent })',
    plan: FULL_MEMPOOLS,
  },
  {
    id: 'commitments-go-childless',
    class: 'fee-spikes',
    incident:
      'Nothing pays for a commitment that was signed when fees were low: it stays out until they are low again.',
    file: 'onchain/plan.ts',
    find: "if (made.type === 'none') return plan",
    replace: "if (made.type !== 'no_coins') return plan",
    plan: FULL_MEMPOOLS,
  },
  {
    id: 'a-child-pays-for-itself',
    class: 'fee-spikes',
    incident: 'The child pays the feerate of the day for its own weight, and its parent is in nobody’s interest.',
    file: 'onchain/anchorChild.ts',
    find: 'const lacking = bid(parent.weight + weight) - paidSat',
    replace: 'const lacking = weight === 0 ? bid(parent.weight) - paidSat : bid(weight)',
    plan: FULL_MEMPOOLS,
  },
]
