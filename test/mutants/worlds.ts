import type { Mutant } from './mutant.ts'

// Worlds with more of one kind of fault, for mutants that ordinary seeds meet, but seldom: what an ordinary seed has as its theme. Of two
// nodes, since then every payment meets the channel that something happens to.

type Plan = NonNullable<Mutant['plan']>

/** Messages with a bit turned, or a signature that nobody relays. */
export const LIES: Plan = { adversary: true, faults: { pay: 60, mine: 4, mutate: 8 } }
export const CUTS: Plan = { nodes: 2, adversary: false, faults: { pay: 60, mine: 4, cut: 20, crash: 8, half_open: 10 } }
export const OPENINGS: Plan = {
  adversary: false,
  faults: { pay: 20, open: 20, mine: 20, cut: 12, half_open: 12, crash: 8, send: 5 },
}
export const CLOSES: Plan = {
  nodes: 2,
  adversary: false,
  faults: { pay: 60, close: 12, open: 12, mine: 15, cut: 12, half_open: 8 },
}
export const CRASHES: Plan = {
  adversary: false,
  faults: { pay: 50, close: 6, open: 8, mine: 12, crash: 15, sync_fault: 10 },
}
export const BAD_DISKS: Plan = {
  nodes: 2,
  adversary: false,
  faults: { pay: 50, close: 12, open: 10, mine: 20, sync_fault: 15 },
}
export const CHEATS: Plan = {
  nodes: 2,
  adversary: true,
  faults: { pay: 60, mine: 15, publish_old: 8, open: 8, crash: 4 },
}
export const SILENCE: Plan = { nodes: 2, adversary: true, faults: { pay: 60, mine: 25, withhold: 15, vanish: 4 } }
export const REORGS: Plan = {
  adversary: false,
  faults: { pay: 30, open: 12, close: 6, send: 6, mine: 20, reorg: 15, crash: 8 },
}
export const OLD_IMAGES: Plan = { adversary: false, faults: { pay: 60, mine: 6, old_image: 8, cut: 4 } }
export const MANY_OPENINGS: Plan = { adversary: true, faults: { pay: 30, mine: 5, open_many: 6 } }
export const TWO_CONNECTIONS: Plan = { adversary: false, faults: { pay: 60, mine: 3, second_connection: 25, cut: 5 } }
/** Small, and forked at every commit of a channel. */
export const EXITS: Plan = { nodes: 2, deeds: 15, checks: 'every', adversary: false, faults: { pay: 60, mine: 3 } }
/** Somebody who reads blocks late offers HTLCs that have little time left. */
export const LATE_BLOCKS: Plan = { nodes: 2, adversary: true, faults: { pay: 60, mine: 25, lag: 10 } }
export const DYING_OPENERS: Plan = { adversary: false, faults: { pay: 20, open: 40, mine: 15, crash: 25 } }
/** Closes that have confirmed, and then have not. */
export const UNDONE_CLOSES: Plan = {
  nodes: 2,
  adversary: false,
  faults: { pay: 40, close: 15, open: 12, mine: 20, reorg: 20 },
}
/** Channels that end, and new ones, while payments are held up in both directions. */
export const ENDS_IN_FLIGHT: Plan = {
  nodes: 2,
  adversary: false,
  faults: { pay: 60, close: 15, open: 15, half_open: 10, stall: 10, mine: 10 },
}
/** Openers that say more than they pay. */
export const SHORT_FUNDINGS: Plan = { nodes: 2, adversary: true, faults: { pay: 30, open: 25, mine: 25 } }
/** The same with so few payments that a seed takes a moment. */
export const FEW_EXITS: Plan = { nodes: 2, deeds: 6, checks: 'every', adversary: false, faults: { pay: 60 } }
/** Without anchors, where outputs that the other side can take too are claimed together. */
export const EXITS_WITHOUT_ANCHORS: Plan = { ...FEW_EXITS, isOlder: true }
/** Feerates that jump, and miners who take nothing below them, while channels end. */
export const FEES: Plan = {
  nodes: 2,
  adversary: false,
  faults: { pay: 40, close: 12, open: 12, mine: 30, feerate: 25 },
}
/** The same where channels are left alone, since nobody answers; a share of them has a mempool that asks for more than commitments pay. */
export const FULL_MEMPOOLS: Plan = {
  nodes: 2,
  adversary: true,
  faults: { pay: 40, close: 12, open: 6, mine: 30, feerate: 25, vanish: 6 },
}
/** Three in a line, so that much is passed on, and in a ring of channels it comes in parts. */
export const FORWARDS: Plan = {
  nodes: 3,
  adversary: false,
  faults: { pay: 60, mine: 4, cut: 12, crash: 10, half_open: 4 },
}
/** Invoices that are held through many blocks. */
export const HOLDS: Plan = { nodes: 3, adversary: false, faults: { pay: 50, mine: 50, crash: 6 } }
/** Invoices that are held until a channel ends on the chain that they are paid over. */
export const HOLDS_AT_CLOSES: Plan = {
  nodes: 3,
  deeds: 40,
  adversary: false,
  isInHolds: true,
  faults: { pay: 40, close: 12, open: 12, mine: 25 },
}
/** Invoices that are held until they are about to expire. */
export const LATE_HOLDS: Plan = {
  nodes: 2,
  deeds: 60,
  adversary: false,
  isInHolds: true,
  faults: { pay: 12, mine: 60 },
}
/** Payments of which a part is there, and their payee takes what there is. */
export const HOLDS_IN_PARTS: Plan = {
  nodes: 2,
  deeds: 30,
  adversary: false,
  isInParts: true,
  isInHolds: true,
  faults: { pay: 60, mine: 4 },
}
/** Feerates that change while channels are at work. */
export const FEE_CHANGES: Plan = {
  nodes: 2,
  adversary: false,
  faults: { pay: 60, mine: 4, feerate: 25, cut: 12, half_open: 6 },
}
/** Payments that are larger than a channel. */
export const PARTS: Plan = {
  nodes: 2,
  deeds: 30,
  adversary: false,
  isInParts: true,
  faults: { pay: 60, mine: 4, crash: 6 },
}
/** Openers that say more than they pay, where others are trusted. */
export const SHORT_FUNDINGS_OF_SOME: Plan = { nodes: 3, adversary: true, faults: { pay: 30, open: 30, mine: 15 } }
/** Senders whose onions say what is not so, and say it again. */
export const LYING_SENDERS: Plan = { nodes: 3, adversary: true, faults: { pay: 20, lie: 40, mine: 4, crash: 3 } }
/** Feerates that change where those who pay for it have little left. */
export const FEE_CHANGES_OF_SMALL_CHANNELS: Plan = {
  nodes: 2,
  deeds: 30,
  adversary: false,
  isInParts: true,
  faults: { pay: 40, mine: 15, feerate: 20 },
}
/** Somebody on the way of every payment, who deceives those around it. */
export const DECEIVERS: Plan = {
  nodes: 3,
  deeds: 40,
  adversary: true,
  isOverTheLast: true,
  faults: { pay: 50, deceive: 30, mine: 6 },
}
