import { outPointKey } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { fundedChannels } from '../ghost.ts'
import type { Observer, WatchedNode, WatchedWorld } from '../observer.ts'
import { isFundedOtherwise } from '../shortFunding.ts'

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
export function publications(world: Pick<WatchedWorld, 'chain'>): Observer {
  return {
    name: 'publications',
    published: (node, tx, role, outcome) => {
      // What the wallet publishes again after a reorganisation may stand on an output that is younger now.
      if (role === 'wallet' && outcome === 'non-BIP68-final') return undefined
      // Who has yet to hear of a reorganisation counts the blocks of a branch that is gone.
      if (UNRIPE.has(outcome) && !seesTheChain(node, world)) return undefined
      if (node.plan.isAdversary || ALLOWED.some(reason => outcome.startsWith(reason))) return undefined
      if (role === 'commitment' && isOfALie(tx, node, world)) return undefined
      return `the chain refuses the ${role} transaction of ${node.name}: ${outcome}`
    },
  }
}

/** What the chain says to a transaction whose locks have not run out. */
const UNRIPE: ReadonlySet<string> = new Set(['non-final', 'non-BIP68-final'])

/** Whether the newest block that a node has seen is one of the chain. */
function seesTheChain({ state }: WatchedNode, { chain }: Pick<WatchedWorld, 'chain'>): boolean {
  const seen = state.blocks.at(-1)
  return seen !== undefined && chain.blockAt(seen.height)?.hash === seen.hash
}

/** Whether it spends a funding whose opener has lied about it, and which has not been looked at yet. */
function isOfALie({ inputs }: Tx, { state }: WatchedNode, { chain }: Pick<WatchedWorld, 'chain'>): boolean {
  return fundedChannels(state).some(({ durable: { params, ready } }) => {
    const isIts = inputs.some(({ outpoint }) => outPointKey(outpoint) === outPointKey(params.fundingOutpoint))
    return isIts && !ready.local && isFundedOtherwise(chain, params)
  })
}
