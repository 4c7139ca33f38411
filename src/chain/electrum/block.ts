import { assert, type BlockHash, bytesEqual, fromHex, type Txid, txidFromWire, txidToWire } from '../../base/index.ts'
import { type Block, type BlockHeader, decodeTx, type Tx, txid } from '../../bitcoin/index.ts'
import { flawOf } from '../blockProof.ts'
import { type Answer, lie, value } from '../checked/answer.ts'
import { fieldsOf, isHash } from '../checked/json.ts'
import { leadsTo, readBranch } from '../checked/merkleProof.ts'
import { readTx } from './answers.ts'
import type { ElectrumClient } from './client.ts'

// Electrum has no blocks. A block is put together from its transactions, and what comes out is proven whole by the merkle root.

interface BlockPlace {
  readonly hash: BlockHash
  readonly height: number
  readonly header: BlockHeader
}

/** Questions that are made ready at once: what follows is known to be needed only when they are answered. */
const WINDOW = 64

/** Cost: half a question for each transaction to learn its name, and one to get it. */
export async function blockOf(client: ElectrumClient, place: BlockPlace): Promise<Answer<Block>> {
  const ids = await idsOf(client, place)
  if (ids.type !== 'value') return ids
  const transactions: Tx[] = []
  for (let from = 0; from < ids.value.length; from += WINDOW) {
    const answers = await Promise.all(ids.value.slice(from, from + WINDOW).map(id => txOf(client, id)))
    for (const answer of answers) {
      if (answer.type !== 'value') return answer
      transactions.push(answer.value)
    }
  }
  const block = { header: place.header, transactions }
  const flaw = flawOf(block, place.hash)
  return flaw === undefined ? value(block) : lie(flaw)
}

/** The ids of all transactions, as proofs show them: that of one at an even index has the id of its neighbour beside it. */
async function idsOf(client: ElectrumClient, place: BlockPlace): Promise<Answer<readonly Txid[]>> {
  const first = await pairAt(client, place, 0)
  if (first.type !== 'value') return first
  const { depth } = first.value
  const ids = [...first.value.ids]
  const end = 2 ** depth
  for (let from = 2; from < end; from += 2 * WINDOW) {
    const indexes = Array.from({ length: WINDOW }, (_, i) => from + 2 * i).filter(index => index < end)
    const pairs = await Promise.all(indexes.map(index => pairAt(client, place, index)))
    for (const pair of pairs) {
      // Beyond the last one. Where it was not, the merkle root will show it.
      if (pair.type === 'absent') return value(ids)
      if (pair.type !== 'value') return pair
      if (pair.value.depth !== depth) return lie(`block ${place.height} with branches of different lengths`)
      ids.push(...pair.value.ids)
    }
  }
  return value(ids)
}

interface Pair {
  readonly ids: readonly Txid[]
  readonly depth: number
}

async function pairAt(client: ElectrumClient, place: BlockPlace, index: number): Promise<Answer<Pair>> {
  const answer = await namedAt(client, place.height, index)
  if (answer.type !== 'value') return answer
  const { id, branch } = answer.value
  const leaf = txidToWire(id)
  if (!leadsTo(place.header.merkleRoot, leaf, { index, branch }))
    return lie(`transaction ${id}, which is not at index ${index} of block ${place.height}`)
  const [sibling] = branch
  // The last one stands beside itself where the number is odd.
  const isLast = sibling === undefined || bytesEqual(sibling, leaf)
  return value({ ids: isLast ? [id] : [id, txidFromWire(sibling)], depth: branch.length })
}

/** Which transaction it says stands there, with a branch that nobody has looked at yet. */
export async function namedAt(
  client: ElectrumClient,
  height: number,
  index: number,
): Promise<Answer<{ readonly id: Txid; readonly branch: readonly Uint8Array[] }>> {
  const answer = await client.ask('blockchain.transaction.id_from_pos', height, index, true)
  if (answer.type !== 'value') return answer
  const { tx_hash: id, merkle } = fieldsOf(answer.value)
  const branch = readBranch(merkle)
  if (!isHash(id) || branch === undefined) return lie('something else than a transaction and its branch')
  // A txid is written as a hash is.
  return value({ id: id as Txid, branch })
}

export async function txOf(client: ElectrumClient, id: Txid): Promise<Answer<Tx>> {
  if (id === txid(FIRST_COINBASE)) return value(FIRST_COINBASE)
  const answer = await client.ask('blockchain.transaction.get', id)
  return answer.type === 'value' ? readTx(answer.value, id) : answer
}

/** That of the first block of all networks but testnet4: Bitcoin Core does not give it out, as nobody can spend it. */
const FIRST_COINBASE: Tx = firstCoinbase()

function firstCoinbase(): Tx {
  const decoded = decodeTx(
    fromHex(
      '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d6573' +
        '2030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f72206261' +
        '6e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef' +
        '38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
    ),
  )
  assert(decoded.ok, 'the bytes above are a transaction')
  return decoded.value
}
