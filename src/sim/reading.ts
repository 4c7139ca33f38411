import { sat } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import {
  BLOCKS_BELOW_FIRST_TIP,
  type EngineState,
  EVENTS,
  LOADED_PREFIXES,
  loadEngine,
  type SeenBlock,
} from '../engine/index.ts'
import { type FundingOutput, GOSSIP, loadGossip } from '../gossip/index.ts'
import type { ChainBlock, RegtestChain } from '../regtest/index.ts'
import { type ShortChannelId, shortChannelIdParts } from '../wire/index.ts'
import type { FixedContext } from './identity.ts'
import type { Random } from './random.ts'

// What a node reads of its disk and of the chain, as the driver does it.

/** The one after the last that it has seen. Who has seen none begins below the tip, as the follower of a node has it. */
export function blockAfter(chain: RegtestChain, seen: SeenBlock | undefined): ChainBlock | undefined {
  return chain.blockAt(seen === undefined ? chain.height - BLOCKS_BELOW_FIRST_TIP : seen.height + 1)
}

/** What is drawn for the blocks below the first tip shifts nothing of what is drawn afterwards. */
export function chanceOf(random: Random, { blocks: { length } }: EngineState): Random {
  return length < BLOCKS_BELOW_FIRST_TIP ? random.split(`block ${length}`) : random
}

export function stateOf(records: ReadonlyMap<string, Uint8Array>, context: FixedContext): EngineState {
  const read = new Map<string, Uint8Array>()
  const told: [string, Uint8Array][] = []
  let last = ''
  for (const [key, value] of records) {
    if (key.startsWith(EVENTS)) {
      if (key > last) last = key
    } else if (key.startsWith(GOSSIP)) told.push([key, value])
    else if (LOADED_PREFIXES.some(prefix => key.startsWith(prefix))) read.set(key, value)
  }
  const gossip = loadGossip(
    told.sort(([a], [b]) => (a < b ? -1 : 1)),
    context.supported,
  )
  if (!gossip.ok) throw new Error(`the records cannot be read: ${gossip.error.message}`)
  const lastEvent = last === '' ? 0 : Number(last.slice(EVENTS.length))
  const loaded = loadEngine({ records: read, lastEvent, context, gossip: gossip.value })
  if (!loaded.ok) throw new Error(`the records cannot be read: ${loaded.error.message}`)
  return loaded.value
}

export function fundingOutputAt(chain: RegtestChain, id: ShortChannelId): FundingOutput | undefined {
  const { blockHeight, txIndex, outputIndex } = shortChannelIdParts(id)
  const tx = chain.blockAt(blockHeight)?.transactions[txIndex]
  if (tx === undefined) return undefined
  const coin = chain.utxo({ txid: txid(tx), vout: outputIndex })
  if (coin !== undefined) return { txid: txid(tx), amountSat: coin.amountSat, scriptPubkey: coin.script }
  return { txid: txid(tx), amountSat: sat(0n), scriptPubkey: new Uint8Array(0), spentHeight: chain.height }
}
