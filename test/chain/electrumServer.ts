import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { encode, fromHex, reverseBytes, type Txid, toHex } from '../../src/base/index.ts'
import { decodeTx, encodeTx, headerCodec, type Tx, txid } from '../../src/bitcoin/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { value } from '../regtest/support.ts'
import { branch } from './esploraServer.ts'

// Electrum over the embedded chain, on a real socket: honest, unless a test has something else said to a method.

/** What is said in place of the truth. `undefined`: the truth. */
export type ElectrumTwist = (
  method: string,
  params: readonly unknown[],
  truth: ElectrumSaid,
) => ElectrumSaid | undefined

export type ElectrumSaid =
  | { readonly result: unknown }
  | { readonly error: unknown }
  /** Whatever it takes. */
  | { readonly rough: (socket: Socket) => void }

export interface TestElectrum {
  readonly address: string
  readonly port: number
  /** Each method that was asked. */
  readonly asked: string[]
  twist: ElectrumTwist | undefined
  /** The chain that it shows from now on. */
  world: RegtestChain
  /** Takes all connections away. */
  cut(): void
  close(): Promise<void>
}

export const refused = (message: string): ElectrumSaid => ({ error: { code: 1, message } })
/** Takes the connection away without a word. */
export const cutOff: ElectrumSaid = { rough: socket => socket.destroy() }
/** Never says anything. */
export const nothing: ElectrumSaid = { rough: () => {} }
export const raw = (text: string): ElectrumSaid => ({ rough: socket => socket.write(text) })

export async function testElectrum(
  world: RegtestChain,
  tls?: { readonly key: string; readonly cert: string },
): Promise<TestElectrum> {
  const sockets = new Set<Socket>()
  const serve = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let text = ''
    socket.on('data', bytes => {
      text += bytes.toString('utf8')
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      // Who opens TLS here says no JSON.
      for (const line of lines) {
        if (line.startsWith('{')) answer(socket, line)
        else socket.destroy()
      }
    })
  }
  const answer = (socket: Socket, line: string) => {
    const { id, method, params } = JSON.parse(line) as { id: number; method: string; params: readonly unknown[] }
    electrum.asked.push(method)
    const truth = truthOf(electrum.world, method, params)
    const said = electrum.twist?.(method, params, truth) ?? truth
    if ('rough' in said) said.rough(socket)
    else socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...said })}\n`)
  }
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  // Listening on TCP, so that the address has a port.
  const { port } = server.address() as AddressInfo
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const electrum: TestElectrum = {
    address: `${tls === undefined ? 'tcp' : 'tls'}://127.0.0.1:${port}`,
    port,
    asked: [],
    twist: undefined,
    world,
    cut,
    close: () =>
      new Promise(done => {
        server.close(() => done())
        cut()
      }),
  }
  return electrum
}

const GENESIS_COINBASE = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'

function truthOf(world: RegtestChain, method: string, params: readonly unknown[]): ElectrumSaid {
  const [first, second] = params
  switch (method) {
    case 'server.version':
      return { result: ['Test 1.0', '1.4.2'] }
    case 'blockchain.headers.subscribe':
      return { result: { height: world.height, hex: headersOf(world, world.height, 1) } }
    case 'blockchain.block.header':
      return Number(first) > world.height
        ? refused(`height ${first} out of range`)
        : { result: headersOf(world, Number(first), 1) }
    case 'blockchain.block.headers': {
      const hex = headersOf(world, Number(first), Math.min(Number(second), 2016))
      return { result: { count: hex.length / 160, hex, max: 2016 } }
    }
    case 'blockchain.transaction.id_from_pos': {
      const ids = idsAt(world, Number(first))
      const id = ids[Number(second)]
      return id === undefined
        ? refused(`no tx at position ${second} in block at height ${first}`)
        : { result: { tx_hash: id, merkle: branch(ids, Number(second)) } }
    }
    case 'blockchain.transaction.get': {
      const known = first === GENESIS_COINBASE ? undefined : world.transaction(first as Txid)
      return known === undefined
        ? refused('No such mempool or blockchain transaction.')
        : { result: toHex(encodeTx(known.tx)) }
    }
    case 'blockchain.transaction.get_merkle': {
      const ids = idsAt(world, Number(second))
      const pos = ids.indexOf(String(first))
      return pos < 0
        ? refused('not in block')
        : { result: { block_height: Number(second), pos, merkle: branch(ids, pos) } }
    }
    case 'blockchain.scripthash.get_history':
      return { result: historyOf(world, String(first)).map(({ tx, height }) => ({ tx_hash: txid(tx), height })) }
    case 'blockchain.scripthash.listunspent':
      return { result: unspentOf(world, String(first)) }
    case 'blockchain.transaction.broadcast':
      return broadcast(world, String(first))
    case 'blockchain.transaction.broadcast_package': {
      const txs = (first as readonly string[]).map(hex => value(decodeTx(fromHex(hex))))
      return { result: { success: world.submitPackage(txs).ok } }
    }
    case 'blockchain.estimatefee':
      return { result: Number(first) < 6 ? 0.00002012 : 0.000015 }
    default:
      return refused(`unknown method "${method}"`)
  }
}

function headersOf(world: RegtestChain, from: number, count: number): string {
  const blocks = Array.from({ length: count }, (_, index) => world.blockAt(from + index))
  return blocks.map(block => (block === undefined ? '' : toHex(encode(headerCodec, block.header)))).join('')
}

const idsAt = (world: RegtestChain, height: number): readonly string[] =>
  (world.blockAt(height)?.transactions ?? []).map(tx => txid(tx))

const named = (script: Uint8Array): string => toHex(reverseBytes(sha256(script)))

interface Line {
  readonly tx: Tx
  readonly height: number
}

function everything(world: RegtestChain): readonly Line[] {
  const blocks = Array.from({ length: world.height + 1 }, (_, height) => world.blockAt(height))
  const confirmed = blocks.flatMap(block =>
    block === undefined ? [] : block.transactions.map(tx => ({ tx, height: block.height })),
  )
  return [...confirmed, ...world.mempool().map(({ tx }) => ({ tx, height: 0 }))]
}

function historyOf(world: RegtestChain, hash: string): readonly Line[] {
  const all = everything(world)
  const touched = new Set(
    all.flatMap(({ tx }) =>
      tx.outputs.flatMap(({ script }, vout) => (named(script) === hash ? [`${txid(tx)}:${vout}`] : [])),
    ),
  )
  return all.filter(
    ({ tx }) =>
      tx.outputs.some(({ script }) => named(script) === hash) ||
      tx.inputs.some(({ outpoint }) => touched.has(`${outpoint.txid}:${outpoint.vout}`)),
  )
}

function unspentOf(world: RegtestChain, hash: string) {
  const lines = historyOf(world, hash)
  const spent = new Set(lines.flatMap(({ tx }) => tx.inputs.map(({ outpoint }) => `${outpoint.txid}:${outpoint.vout}`)))
  return lines.flatMap(({ tx, height }) =>
    tx.outputs.flatMap(({ script, amountSat }, vout) =>
      named(script) === hash && !spent.has(`${txid(tx)}:${vout}`)
        ? [{ tx_hash: txid(tx), tx_pos: vout, height, value: Number(amountSat) }]
        : [],
    ),
  )
}

function broadcast(world: RegtestChain, hex: string): ElectrumSaid {
  const read = decodeTx(fromHex(hex))
  if (!read.ok) return rejected('TX decode failed', hex)
  const id = txid(read.value)
  const known = world.transaction(id)
  if (known !== undefined && known.height === undefined) return { result: id }
  const submitted = world.submit(read.value)
  if (submitted.ok) return { result: id }
  const { reason, details } = submitted.error
  return rejected(details === undefined ? reason : `${reason}, ${details}`, hex)
}

const rejected = (message: string, hex: string): ElectrumSaid =>
  refused(`the transaction was rejected by network rules.\n\n${message}\n[${hex}]`)
