import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

// A real full node in regtest mode, which we did not write: btcd, from the Go module proxy, of the version that interop/btcd/go.mod pins;
// or the bitcoind that BITCOIND_EXE names.

const MODULE = fileURLToPath(new URL('../../interop/btcd', import.meta.url))
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/bookend', import.meta.url))
const LOGIN = { user: 'bookend', password: 'of-a-test' }
const START_MS = 60_000
const LOOK_MS = 50

export interface FullNode {
  readonly name: 'btcd' | 'bitcoind'
  readonly url: string
  /** A call of its JSON-RPC. Rejects with an `RpcError` where it refuses. */
  call(method: string, ...params: readonly unknown[]): Promise<unknown>
  /** Blocks with all that waits; they pay the address that the node was started with. */
  mine(count: number): Promise<void>
  stop(): Promise<void>
}

export class RpcError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Whether there is a bitcoind to be asked besides btcd. */
export const BITCOIND_EXE = process.env.BITCOIND_EXE

/** The program, built at the first use of a version. */
export function builtBtcd(): string {
  const pinned = createHash('sha256')
    .update(readFileSync(join(MODULE, 'go.sum')))
    .digest('hex')
    .slice(0, 12)
  const program = join(CACHE, `btcd-${pinned}`)
  if (existsSync(program)) return program
  mkdirSync(CACHE, { recursive: true })
  try {
    execFileSync('go', ['build', '-o', program, 'github.com/btcsuite/btcd'], { cwd: MODULE, stdio: 'pipe' })
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const why = isMissing ? 'there is no `go` on the PATH (Go 1.25 or newer)' : String(error)
    throw new Error(`The full node of these tests cannot be built: ${why}`)
  }
  return program
}

/** Of a chain of its own, whose blocks pay this address. */
export async function startBtcd(miningAddress: string): Promise<FullNode> {
  const [port, peerPort] = [await freePort(), await freePort()]
  const folder = mkdtempSync(join(tmpdir(), 'bookend-btcd-'))
  const child = spawn(
    builtBtcd(),
    [
      '--regtest',
      `--configfile=${join(folder, 'none.conf')}`,
      `--datadir=${join(folder, 'data')}`,
      `--logdir=${join(folder, 'logs')}`,
      `--rpcuser=${LOGIN.user}`,
      `--rpcpass=${LOGIN.password}`,
      `--rpclisten=127.0.0.1:${port}`,
      `--listen=127.0.0.1:${peerPort}`,
      '--notls',
      '--txindex',
      '--rejectnonstd',
      '--nodnsseed',
      `--miningaddr=${miningAddress}`,
    ],
    { stdio: 'ignore' },
  )
  return ready(nodeAt('btcd', { port, child, folder, miningAddress }))
}

/** What the embedded chain has, and later versions have less strict: a tenth of the fees, and outputs with data of any length. */
export const POLICY_OF_CORE_28 = [
  '-minrelaytxfee=0.00001',
  '-incrementalrelayfee=0.00001',
  '-blockmintxfee=0.00001',
  '-datacarriersize=83',
] as const

/** The bitcoind of `BITCOIND_EXE`, in regtest mode on a chain of its own. */
export async function startBitcoind(
  exe: string,
  miningAddress: string,
  policy: readonly string[] = POLICY_OF_CORE_28,
): Promise<FullNode> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'bookend-bitcoind-'))
  const login = [`-rpcuser=${LOGIN.user}`, `-rpcpassword=${LOGIN.password}`]
  const child = spawn(
    exe,
    ['-regtest', `-datadir=${folder}`, `-rpcport=${port}`, ...login, '-listen=0', '-txindex', ...policy],
    { stdio: 'ignore' },
  )
  return ready(nodeAt('bitcoind', { port, child, folder, miningAddress }))
}

interface Running {
  readonly port: number
  readonly child: ChildProcess
  readonly folder: string
  readonly miningAddress: string
}

function nodeAt(name: FullNode['name'], { port, child, folder, miningAddress }: Running): FullNode {
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  const authorization = `Basic ${Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64')}`
  const call: FullNode['call'] = async (method, ...params) => {
    const answer = await fetch(`http://127.0.0.1:${port}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '1.0', id: 1, method, params }),
    })
    const { result, error } = (await answer.json()) as {
      readonly result: unknown
      readonly error: { readonly code: number; readonly message: string } | null
    }
    if (error !== null) throw new RpcError(error.code, error.message)
    return result
  }
  return {
    name,
    url: `http://${LOGIN.user}:${LOGIN.password}@127.0.0.1:${port}`,
    call,
    async mine(count) {
      await (name === 'btcd' ? call('generate', count) : call('generatetoaddress', count, miningAddress))
    },
    async stop() {
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ready(node: FullNode): Promise<FullNode> {
  const end = Date.now() + START_MS
  for (;;) {
    try {
      await node.call('getblockcount')
      return node
    } catch (error) {
      if (error instanceof RpcError && error.code !== -28) throw error
      if (Date.now() > end) throw new Error(`${node.name} does not answer`, { cause: error })
      await pause(LOOK_MS)
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
