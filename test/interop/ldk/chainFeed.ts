import type { BroadcasterInterface, FeeEstimator, Logger } from 'lightningdevkit'
import {
  type ChainMonitor,
  type ChannelManager,
  type ChannelMonitor,
  TwoTuple_usizeTransactionZ,
} from 'lightningdevkit'
import { decode } from '../../../src/base/index.ts'
import { blockCodec, encodeTx, type Tx } from '../../../src/bitcoin/index.ts'
import { unhex } from './bytes.ts'
import type { ChainRpc } from './rpc.ts'

// Blocks for LDK, each once and in order, whole.

interface FedBlock {
  readonly height: number
  readonly header: Uint8Array
  readonly transactions: readonly Tx[]
  readonly txdata: TwoTuple_usizeTransactionZ[]
}

const HEADER_BYTES = 80

export async function blockAt(rpc: ChainRpc, height: number): Promise<FedBlock> {
  const hash = await rpc('getblockhash', height)
  const bytes = unhex(String(await rpc('getblock', hash, 0)))
  const block = decode(blockCodec, bytes)
  if (!block.ok) throw new Error(`block ${height} cannot be read`)
  const { transactions } = block.value
  return {
    height,
    header: bytes.slice(0, HEADER_BYTES),
    transactions,
    txdata: transactions.map((tx, index) => TwoTuple_usizeTransactionZ.constructor_new(index, encodeTx(tx))),
  }
}

export const tipOf = async (rpc: ChainRpc): Promise<number> => Number(await rpc('getblockcount'))

interface Ears {
  readonly manager: ChannelManager
  readonly monitors: ChainMonitor
}

/** To everything that listens, which all stands at the block before. */
export function feed({ manager, monitors }: Ears, { header, txdata, height }: FedBlock): void {
  manager.as_Listen().filtered_block_connected(header, txdata, height)
  monitors.as_Listen().filtered_block_connected(header, txdata, height)
}

export interface Voices {
  readonly broadcaster: BroadcasterInterface
  readonly estimator: FeeEstimator
  readonly logger: Logger
}

/** What was read from the disk stands where it was written: each part is brought to the same height by itself. */
export async function catchUp(
  rpc: ChainRpc,
  to: number,
  manager: ChannelManager,
  monitors: readonly ChannelMonitor[],
  { broadcaster, estimator, logger }: Voices,
): Promise<void> {
  const heights = [manager, ...monitors].map(part => part.current_best_block().get_height())
  for (let height = Math.min(...heights) + 1; height <= to; height++) {
    const { header, txdata } = await blockAt(rpc, height)
    for (const monitor of monitors) {
      if (monitor.current_best_block().get_height() < height)
        monitor.block_connected(header, txdata, height, broadcaster, estimator, logger)
    }
    if (manager.current_best_block().get_height() < height)
      manager.as_Listen().filtered_block_connected(header, txdata, height)
  }
}
