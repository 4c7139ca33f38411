import type { Observer } from '../observer.ts'
import type { World } from '../world.ts'

/** What the chain may say to what an honest node publishes: another transaction was first, or pays more. */
const ALLOWED = [
  'accepted',
  'known',
  'txn-already-in-mempool',
  'txn-already-known',
  'missing-inputs',
  'bad-txns-inputs-missingorspent',
  'txn-mempool-conflict',
  'insufficient fee',
  'insufficient fee, rejecting replacement',
  'bip125-replacement-disallowed',
  'TRUC-violation',
  'replacement-adds-unconfirmed',
  'mempool min fee not met',
  'too-long-mempool-chain',
]

/** Invariant 9: everything that an honest node publishes is valid, final and standard. */
export function publications(_world: World): Observer {
  return {
    name: 'publications',
    published: (node, _tx, role, outcome) => {
      // What the wallet publishes again after a reorganisation may stand on an output that is younger now.
      if (role === 'wallet' && outcome === 'non-BIP68-final') return undefined
      if (node.plan.isAdversary || ALLOWED.some(reason => outcome.startsWith(reason))) return undefined
      return `the chain refuses the ${role} transaction of ${node.name}: ${outcome}`
    },
  }
}
