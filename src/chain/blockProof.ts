import {
  type BlockHash,
  bytesEqual,
  concat,
  decode,
  err,
  fromHex,
  ok,
  type Result,
  reverseBytes,
  txidToWire,
} from '../base/index.ts'
import { type Block, blockCodec, headerHash, merkleRoot, type Tx, txid, wtxid } from '../bitcoin/index.ts'
import { sha256d } from '../crypto/index.ts'

/**
 * The block with this hash from its bytes; otherwise what came instead, to end a sentence with. The hash covers the header, the
 * header's merkle root all transactions without their witnesses, and the coinbase the witnesses: what passes proves itself.
 */
export function provenBlock(bytes: Uint8Array, hash: BlockHash): Result<Block, string> {
  const decoded = decode(blockCodec, bytes)
  if (!decoded.ok) return err(`a block that does not decode (${decoded.error.message})`)
  const found = headerHash(decoded.value.header)
  if (found !== hash) return err(`block ${found} instead of ${hash}`)
  const flaw = flawOf(decoded.value, hash)
  return flaw === undefined ? ok(decoded.value) : err(flaw)
}

/** What is wrong with the transactions under a header whose hash is this one, to end a sentence with; `undefined` where nothing is. */
export function flawOf({ header, transactions }: Block, hash: BlockHash): string | undefined {
  // Two hashes of the tree may be taken for a transaction (CVE-2017-12842), but nobody makes them look like a coinbase.
  if (transactions[0]?.inputs[0]?.outpoint.txid !== NOTHING) return `block ${hash} without a coinbase`
  const { root, mutated } = merkleRoot(transactions.map(tx => txidToWire(txid(tx))))
  // A repetition that leaves the root alone is refused as Core refuses it (CVE-2012-2459).
  if (mutated || !bytesEqual(root, header.merkleRoot)) return `block ${hash} with other transactions than its own`
  return hasItsWitnesses(transactions) ? undefined : `block ${hash} with other witnesses than its own`
}

/** What a coinbase spends. */
const NOTHING = '00'.repeat(32)

/** OP_RETURN, a push of 36 bytes, and the mark of a witness commitment (BIP 141). */
const MARK = Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed)
const COMMITMENT_END = MARK.length + 32

/** BIP 141, "Commitment structure": the last output of the coinbase with the mark counts; without one there are no witnesses. */
function hasItsWitnesses([coinbase, ...rest]: readonly Tx[]): boolean {
  const commitment = coinbase?.outputs.findLast(
    ({ script }) => script.length >= COMMITMENT_END && bytesEqual(script.slice(0, MARK.length), MARK),
  )
  if (commitment === undefined)
    return [coinbase, ...rest].every(tx => tx?.inputs.every(({ witness }) => witness.length === 0))
  const [reserved, ...others] = coinbase?.inputs[0]?.witness ?? []
  if (reserved?.length !== 32 || others.length > 0) return false
  const { root } = merkleRoot([new Uint8Array(32), ...rest.map(tx => reverseBytes(fromHex(wtxid(tx))))])
  return bytesEqual(commitment.script.slice(MARK.length, COMMITMENT_END), sha256d(concat(root, reserved)))
}
