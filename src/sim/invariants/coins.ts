import { outPointKey, toHex } from '../../base/index.ts'
import { DEFAULT_WALLET_LIMITS, type OwnTx, standingCoins } from '../../wallet/index.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'

/** A transaction of ours that was beaten is given up when the chain has said so for a while. */
const BLOCKS_UNTIL_GIVEN_UP = 6

/**
 * Invariant 1, in coins: a wallet counts what the chain holds for its scripts, no coin more and none less; and at rest it can spend
 * each of them, but for those of transactions that wait for a block. It waits for none that cannot come any more.
 */
export function coins(world: World): Observer {
  const look = (): Complaint => {
    const onChain = coinsByScript(world)
    for (const node of world.honest) {
      const complaint = countComplaint(node, onChain) ?? lockComplaint(world, node) ?? waitingComplaint(world, node)
      if (complaint !== undefined) return complaint
    }
    return undefined
  }
  return {
    name: 'coins',
    durable: (node, { inputs, after }) => {
      if (node.plan.isAdversary || !inputs.some(({ type }) => type === 'block_disconnected')) return undefined
      const height = after.blocks.at(-1)?.height
      for (const [key, coin] of after.wallet.coins)
        if (height !== undefined && coin.height > height)
          return `${node.name} counts the coin ${key} of block ${coin.height}, and has seen only ${height} blocks`
      return undefined
    },
    rest: look,
    closed: look,
  }
}

type OnChain = ReadonlyMap<string, readonly (readonly [outpoint: string, amountSat: bigint])[]>

/** One pass over all unspent outputs, for all nodes together. */
function coinsByScript({ chain, honest }: World): OnChain {
  const wanted = new Set(honest.flatMap(({ state }) => [...state.wallet.watched.keys()]))
  const found = new Map<string, (readonly [string, bigint])[]>()
  for (const [outpoint, { script, amountSat }] of chain.utxos()) {
    const key = toHex(script)
    if (!wanted.has(key)) continue
    const entry = [outpoint, amountSat] as const
    const known = found.get(key)
    if (known === undefined) found.set(key, [entry])
    else known.push(entry)
  }
  return found
}

function countComplaint({ name, state: { wallet } }: WatchedNode, onChain: OnChain): Complaint {
  const held = new Map([...wallet.watched.keys()].flatMap(script => onChain.get(script) ?? []))
  for (const [key, coin] of wallet.coins) {
    if (outPointKey(coin.outpoint) !== key) return `${name} holds the coin ${outPointKey(coin.outpoint)} as ${key}`
    if (coin.spent !== undefined) continue
    const real = held.get(key)
    if (real === undefined)
      return `${name} counts the coin ${key} of ${coin.amountSat} sat, which the chain does not have`
    if (real !== coin.amountSat)
      return `${name} counts ${coin.amountSat} sat in the coin ${key}, which holds ${real} sat`
    held.delete(key)
  }
  for (const [key, amountSat] of held) return `${name} does not count its coin ${key} of ${amountSat} sat`
  return undefined
}

function lockComplaint({ chain }: World, { name, state: { wallet } }: WatchedNode): Complaint {
  for (const { coin, standing } of standingCoins(wallet, { limits: DEFAULT_WALLET_LIMITS })) {
    if (standing.type === 'free' || standing.type === 'immature') continue
    const key = outPointKey(coin.outpoint)
    if (standing.type === 'leaving') {
      if (chain.mempoolEntry(standing.txid) !== undefined) continue
      // It is given up some blocks after its other inputs were taken.
      if (wasJustBeaten(chain, wallet.transactions.get(standing.txid)?.tx.inputs)) continue
      return `${name} waits at rest for ${standing.txid}, which spends its coin ${key} and is nowhere`
    }
    return `the coin ${key} of ${name} is locked at rest (${standing.reason})`
  }
  return undefined
}

/** What would pay it: a close, for instance, where another end of the channel has confirmed. */
function waitingComplaint({ chain }: World, { name, state: { wallet } }: WatchedNode): Complaint {
  const { transactions, watched } = wallet
  const isBeaten = ({ conflict, tx }: OwnTx): boolean =>
    conflict !== undefined ||
    tx.inputs.some(({ outpoint }) => {
      const parent = transactions.get(outpoint.txid)
      return parent !== undefined && isBeaten(parent)
    })
  for (const own of transactions.values()) {
    if (own.standing === 'held' || own.confirmedHeight !== undefined || isBeaten(own)) continue
    if (!own.tx.outputs.some(({ script }) => watched.has(toHex(script)))) continue
    if (chain.mempoolEntry(own.txid) !== undefined || wasJustBeaten(chain, own.tx.inputs)) continue
    return `${name} waits at rest for ${own.txid}, which is nowhere`
  }
  return undefined
}

function wasJustBeaten(
  chain: World['chain'],
  inputs: readonly { readonly outpoint: Parameters<World['chain']['spendingTx']>[0] }[] = [],
): boolean {
  return inputs.some(({ outpoint }) => {
    const confirmations = chain.spendingTx(outpoint)?.confirmations
    return confirmations !== undefined && confirmations <= BLOCKS_UNTIL_GIVEN_UP
  })
}
