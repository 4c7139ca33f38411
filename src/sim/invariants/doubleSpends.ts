import { outPointKey, pmapValues, type Txid } from '../../base/index.ts'
import { type Tx, txid } from '../../bitcoin/index.ts'
import type { EngineEffect } from '../../engine/index.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf } from './changedLinks.ts'

/**
 * Invariant 9: a node does not stand in its own way. What it publishes in one turn spends no coin twice; and over all turns, of what it
 * still means to confirm, for its channels and for its user, no two transactions spend the same coin. (Of one funding output a
 * node may publish several ends: which of them confirms is for the chain to say.)
 */
export function doubleSpends(_world: World): Observer {
  return {
    name: 'double spends',
    durable: (node, turn) => {
      if (node.plan.isAdversary) return undefined
      return turnComplaint(node, turn) ?? standingComplaint(node, turn)
    },
  }
}

type Publication = Extract<EngineEffect, { type: 'publish' }>

function turnComplaint({ name }: WatchedNode, { effects, after }: Turn): Complaint {
  let spent: Map<string, Publication> | undefined
  for (const effect of effects) {
    // The wallet says again what it remembers: after a reorganisation also what another transaction of ours has replaced.
    if (effect.type !== 'publish' || effect.role === 'wallet') continue
    spent ??= new Map()
    for (const { outpoint } of effect.tx.inputs) {
      const key = outPointKey(outpoint)
      const other = spent.get(key)
      if (other !== undefined && txid(other.tx) !== txid(effect.tx) && !isFunding(after, key))
        return `${name} publishes ${txid(other.tx)} (${other.role}) and ${txid(effect.tx)} (${effect.role}) in one turn, which both spend ${key}`
      spent.set(key, effect)
    }
  }
  return undefined
}

function isFunding({ links }: Turn['after'], key: string): boolean {
  for (const link of pmapValues(links)) {
    const channel = fundedOf(link)
    if (channel !== undefined && outPointKey(channel.durable.params.fundingOutpoint) === key) return true
  }
  return false
}

/** Looked at where claims or the wallet's transactions have changed. */
function standingComplaint({ name }: WatchedNode, turn: Turn): Complaint {
  const { before, after } = turn
  const isNew =
    before.wallet.transactions !== after.wallet.transactions ||
    changedLinks(turn).some(link => link.before?.state.onchain?.claims !== link.after.state.onchain?.claims)
  if (!isNew) return undefined
  const spent = new Map<string, Standing>()
  for (const standing of standingIn(after)) {
    for (const { outpoint } of standing.tx.inputs) {
      const key = outPointKey(outpoint)
      const other = spent.get(key)
      if (other !== undefined && other.txid !== standing.txid)
        return `${name} spends ${key} in ${other.txid} (${other.of}) and in ${standing.txid} (${standing.of})`
      spent.set(key, standing)
    }
  }
  return undefined
}

interface Standing {
  readonly txid: Txid
  readonly tx: Tx
  readonly of: string
}

/** What the user wants of the wallet and waits for a block, and the claims of all channels. */
function* standingIn({ wallet, links }: Turn['after']): Generator<Standing> {
  for (const own of wallet.transactions.values()) {
    if (own.purpose === 'other' || own.confirmedHeight !== undefined || own.conflict !== undefined) continue
    yield { txid: own.txid, tx: own.tx, of: `the wallet's ${own.purpose}` }
  }
  for (const { index, state } of pmapValues(links)) {
    for (const { txid: id, tx, feeCoins } of state.onchain?.claims ?? []) {
      // What the wallet has given up, for the want of an input, has given its coins back.
      if (feeCoins.length > 0 && !wallet.transactions.has(id)) continue
      yield { txid: id, tx, of: `a claim of channel ${index}` }
    }
  }
}
