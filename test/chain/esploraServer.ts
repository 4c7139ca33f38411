import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type BlockHash, encode, fromHex, reverseBytes, type Txid, toHex } from '../../src/base/index.ts'
import {
  type Block,
  blockCodec,
  decodeTx,
  encodeTx,
  headerCodec,
  merkleRoot,
  type Tx,
  txid,
} from '../../src/bitcoin/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'

// Esplora over the embedded chain, on a real socket: honest, unless a test has something else said for a path.

/** What is said in place of the truth. `undefined`: the truth. */
export type Twist = (path: string, truth: Said, request: IncomingMessage) => Said | Rough | undefined

export interface Said {
  readonly status?: number
  readonly body: string | Uint8Array
}

/** Whatever it takes. */
export type Rough = (response: ServerResponse) => void

/** A block as it stands in a chain of tests. */
export interface ServedBlock extends Block {
  readonly hash: BlockHash
  readonly height: number
}

export interface TestEsplora {
  readonly url: string
  readonly port: number
  /** Each path that was asked for. */
  readonly asked: string[]
  twist: Twist | undefined
  /** The chain that it shows from now on. */
  world: RegtestChain
  close(): Promise<void>
}

export const json = (it: unknown): Said => ({ body: JSON.stringify(it) })
export const notFound: Said = { status: 404, body: 'Block not found' }
/** Takes the connection away without a word. */
export const cut: Rough = response => response.socket?.destroy()
/** Never says anything. */
export const hang: Rough = () => {}
/** Begins an answer, and takes the connection away. */
export const half: Rough = response => {
  response.writeHead(200, { 'content-length': 1000 })
  response.write('[{"id":', () => response.socket?.destroy())
}

export async function testEsplora(world: RegtestChain, port = 0): Promise<TestEsplora> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const path = request.url ?? ''
    esplora.asked.push(path)
    const truth = route(esplora.world, path, body)
    const said = esplora.twist?.(path, truth, request) ?? truth
    if (typeof said === 'function') return said(response)
    return response.writeHead(said.status ?? 200).end(said.body)
  })
  await new Promise<void>(listening => server.listen(port, '127.0.0.1', listening))
  // Listening on TCP, so that the address has a port.
  const at = (server.address() as AddressInfo).port
  const esplora: TestEsplora = {
    url: `http://127.0.0.1:${at}`,
    port: at,
    asked: [],
    twist: undefined,
    world,
    close: () =>
      new Promise(done => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
  return esplora
}

function route(world: RegtestChain, path: string, body: string): Said {
  const [, room, name = '', what, at] = path.split('/')
  switch (room) {
    case 'blocks':
      return json(blocksFrom(world, name === '' ? world.height : Number(name)))
    case 'block-height': {
      const block = world.blockAt(Number(name))
      return block === undefined ? notFound : { body: block.hash }
    }
    case 'block':
      return ofBlock(world, name as BlockHash, what, at)
    case 'fee-estimates':
      return json({ '1': 2.01, '6': 1.5, '144': 1.02, '1008': 1.02 })
    case 'txs':
      return name === 'package' ? postedPackage(world, body) : notFound
    case 'tx':
      return name === '' ? posted(world, body) : ofTx(world, name as Txid, what, at)
    default:
      return notFound
  }
}

export function blockView({ hash, height, header }: ServedBlock) {
  return {
    id: hash,
    height,
    version: header.version,
    timestamp: header.time,
    bits: header.bits,
    nonce: header.nonce,
    merkle_root: toHex(reverseBytes(header.merkleRoot)),
    previousblockhash: height === 0 ? null : header.previous,
  }
}

function blocksFrom(world: RegtestChain, height: number) {
  const heights = Array.from({ length: 10 }, (_, index) => height - index)
  return heights.flatMap(each => {
    const block = world.blockAt(each)
    return block === undefined ? [] : [blockView(block)]
  })
}

function ofBlock(world: RegtestChain, hash: BlockHash, what = '', at = ''): Said {
  const block = world.blockByHash(hash)
  if (block === undefined) return notFound
  if (what === 'header') return { body: toHex(encode(headerCodec, block.header)) }
  if (what === 'raw') return { body: encode(blockCodec, block) }
  const tx = block.transactions[Number(at)]
  return tx === undefined ? notFound : { body: txid(tx) }
}

function ofTx(world: RegtestChain, id: Txid, what = '', at = ''): Said {
  const known = world.transaction(id)
  if (known === undefined) return { status: 404, body: 'Transaction not found' }
  if (what === 'raw') return { body: encodeTx(known.tx) }
  if (what === 'outspend') return outspend(world, id, Number(at))
  if (known.height === undefined) return { status: 404, body: 'Transaction not found or is unconfirmed' }
  const block = world.blockAt(known.height)
  const ids = (block?.transactions ?? []).map(tx => txid(tx))
  return json({ block_height: known.height, pos: ids.indexOf(id), merkle: branch(ids, ids.indexOf(id)) })
}

function outspend(world: RegtestChain, id: Txid, vout: number): Said {
  const spender = world.spendingTx({ txid: id, vout })
  if (spender === undefined) return json({ spent: false })
  const { height, blockHash } = spender
  const status =
    height === undefined ? { confirmed: false } : { confirmed: true, block_height: height, block_hash: blockHash }
  return json({ spent: true, txid: spender.txid, vin: 0, status })
}

/** The hashes beside the way from a leaf to the root, as Electrum writes them. */
export function branch(ids: readonly string[], index: number): string[] {
  let level = ids.map(id => reverseBytes(fromHex(id)))
  const found: string[] = []
  for (let at = index; level.length > 1; at = at >> 1) {
    const pairs = level
    const sibling = pairs[at ^ 1] ?? pairs[at]
    if (sibling !== undefined) found.push(toHex(reverseBytes(sibling)))
    level = Array.from(
      { length: Math.ceil(pairs.length / 2) },
      (_, i) =>
        merkleRoot(
          pairs.slice(2 * i, 2 * i + 2).length === 1
            ? [...pairs.slice(2 * i), ...pairs.slice(2 * i)]
            : pairs.slice(2 * i, 2 * i + 2),
        ).root,
    )
  }
  return found
}

function posted(world: RegtestChain, hex: string): Said {
  const read = decodeTx(fromHex(hex))
  if (!read.ok) return refused(-22, 'TX decode failed')
  const tx: Tx = read.value
  const id = txid(tx)
  const known = world.transaction(id)
  if (known !== undefined && known.height === undefined) return { body: id }
  const submitted = world.submit(tx)
  if (submitted.ok) return { body: id }
  const { reason, details } = submitted.error
  const code = reason === 'bad-txns-inputs-missingorspent' ? -25 : -26
  return refused(code, details === undefined ? reason : `${reason}, ${details}`)
}

/** As Bitcoin Core says it, which Esplora hands on. */
function postedPackage(world: RegtestChain, body: string): Said {
  const txs = (JSON.parse(body) as readonly string[]).map(hex => defined(decodeTx(fromHex(hex)), hex))
  const taken = world.submitPackage(txs)
  return json({ package_msg: taken.ok ? 'success' : taken.error.reason })
}

function defined(read: ReturnType<typeof decodeTx>, hex: string): Tx {
  if (!read.ok) throw new Error(`no transaction: ${hex}`)
  return read.value
}

const refused = (code: number, message: string): Said => ({
  status: 400,
  body: `sendrawtransaction RPC error: ${JSON.stringify({ code, message })}`,
})
