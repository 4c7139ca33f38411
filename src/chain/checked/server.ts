import type { BlockHash, OutPoint, Result, Txid } from '../../base/index.ts'
import type { Block, BlockHeader, Tx } from '../../bitcoin/index.ts'
import type { ChainTip } from '../../ports/index.ts'
import type { Answer } from './answer.ts'
import type { MerkleProof } from './merkleProof.ts'

/** A header as a server shows it. */
export interface ClaimedHeader {
  readonly hash: BlockHash
  /** What the server says. */
  readonly height: number
  readonly header: BlockHeader
}

/** One server of others, whose word is not taken for anything. Its answers are read here and proven by who asked. */
export abstract class ChainServer {
  /** `host:port`, for people. */
  readonly where: string
  /** Whether it was on the right network when it was asked for its first block. */
  isOnNetwork = false
  /** Milliseconds since 1970: until then others are asked first. */
  restsUntil = 0
  /** Answers that did not come, one after the other. */
  misses = 0
  /** Why it was set aside; `undefined` while it is in good standing. */
  lied: string | undefined
  /** Whether it was told that this one is behind. */
  isBehind = false

  constructor(where: string) {
    this.where = where
  }

  /** Some headers from a height downwards, or from its tip, the highest first: each names the next one as its parent. */
  abstract headersFrom(height?: number): Promise<Answer<readonly ClaimedHeader[]>>
  abstract hashAt(height: number): Promise<Answer<BlockHash>>
  /** The header with this hash, and no other. */
  abstract headerOf(place: ChainTip): Promise<Answer<BlockHeader>>
  /** The transaction that it says stands there, and its proof, which nobody has looked at yet. */
  abstract txAt(place: ChainTip, index: number): Promise<Answer<{ readonly tx: Tx; readonly proof: MerkleProof }>>
  /** The transaction with this id, and no other. Its witnesses are as the server says. */
  abstract txOf(id: Txid): Promise<Answer<Tx>>
  /** Where it says that the transaction is confirmed, with a proof that nobody has looked at yet. */
  abstract merkleProofOf(tx: Tx): Promise<Answer<MerkleProof>>
  /** Who has spent an output, as it says; `undefined` where no confirmed transaction has. */
  abstract spenderOf(tx: Tx, outputIndex: number): Promise<Answer<{ readonly spender: Txid | undefined }>>
  /** The block with this hash, proven. `height`: where the best chain has it; `undefined` for one that is not known to be on it. */
  abstract block(hash: BlockHash, height: number | undefined): Promise<Answer<Block>>
  /** What it says to a transaction in hexadecimal: its id, or a refusal in words. */
  abstract post(hex: string): Promise<Answer<Result<string, string>>>
  /** Transactions in hexadecimal as one package, parents first. What it says is not looked at; one that takes none does nothing. */
  abstract offer(hexes: readonly string[]): Promise<void>
  /** Which waiting transaction it says to spend an output; nobody can prove one. */
  abstract waitingSpenderOf(outpoint: OutPoint): Promise<Answer<{ readonly spender: Txid | undefined }>>
  /** Satoshis for a virtual byte; `undefined` where it has no estimate. */
  abstract estimate(targetBlocks: number): Promise<Answer<number | undefined>>
  abstract close(): void
}
