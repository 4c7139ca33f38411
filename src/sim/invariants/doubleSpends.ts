import { outPointKey, pmapValues } from '../../base/index.ts'
import { txid } from '../../bitcoin/index.ts'
import type { EngineEffect } from '../../engine/index.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { fundedOf } from './changedLinks.ts'

/**
 * Invariant 9: a node does not stand in its own way. What it publishes in one turn spends no coin twice, and of the transactions of its
 * wallet that are still to confirm none that was made for a user spends a coin of another. (Of one funding output a node may publish
 * several ends: which of them confirms is for the chain to say.)
 */
export function doubleSpends(_world: World): Observer {
  return {
    name: 'double spends',
    durable: (node, turn) => {
      if (node.plan.isAdversary) return undefined
      return turnComplaint(node, turn) ?? walletComplaint(node, turn)
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

/** Looked at where the wallet's transactions have changed. */
function walletComplaint({ name }: WatchedNode, { before, after }: Turn): Complaint {
  const { transactions } = after.wallet
  if (before.wallet.transactions === transactions) return undefined
  const spent = new Map<string, string>()
  for (const own of transactions.values()) {
    if (own.purpose === 'other' || own.confirmedHeight !== undefined || own.conflict !== undefined) continue
    for (const { outpoint } of own.tx.inputs) {
      const key = outPointKey(outpoint)
      const other = spent.get(key)
      if (other !== undefined) return `the wallet of ${name} spends ${key} in ${other} and in ${own.txid}`
      spent.set(key, own.txid)
    }
  }
  return undefined
}
