import { setTimeout as pause } from 'node:timers/promises'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { type BookendNode, type NodeEvent, type RegtestChain, sat } from '../../src/index.ts'

// What the examples share that run on the embedded chain: coins out of nothing, and patience.

const BLOCK_MS = 250

/** Coins as there are on regtest alone: the chain's miner pays them. Resolves when the node has seen them. */
export async function giveCoins(chain: RegtestChain, node: BookendNode, amountSat: bigint): Promise<void> {
  const { address } = await node.newAddress()
  const script = scriptFromAddress(address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  const funded = chain.fund(script.value, sat(amountSat))
  if (!funded.ok) throw new Error(funded.error.reason)
  await seen(node, event => event.type === 'coin_received' && event.amountSat === amountSat)
}

/**
 * Resolves when the node has told of it. The log is durable and is read from its first event on, so it makes no difference whether
 * it happened a moment ago or comes yet.
 */
export async function seen(node: BookendNode, isIt: (event: NodeEvent) => boolean): Promise<void> {
  for await (const { event } of node.events({ after: 0 })) if (isIt(event)) return
  throw new Error('The node ended before it happened.')
}

/** A block now and then, as a chain has them, until what is waited for has come. */
export async function mineUntil(chain: RegtestChain, awaited: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = awaited.finally(() => {
    isOver = true
  })
  while (!isOver) {
    chain.mine(1)
    await Promise.race([over, pause(BLOCK_MS)])
  }
  await over
}

/** A channel between them can be paid over. */
export const isOpen = (event: NodeEvent): boolean => event.type === 'channel_state' && event.to === 'normal'

/** The closing transaction of a channel is in a block. */
export const isClosed = (event: NodeEvent): boolean => event.type === 'channel_onchain'
