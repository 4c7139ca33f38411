import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { concat, encode, jsonDecode, jsonEncode, msat, type NodeId, sat, toHex, u64Number } from '../src/base/index.ts'
import { publicKeyFromSecret, sha256 } from '../src/crypto/index.ts'
import { createNode, PipeHub, pipe, regtest } from '../src/node/index.ts'
import type { StoreWrite } from '../src/ports/index.ts'
import { memoryStore, sqliteStore } from '../src/storage/index.ts'
import { fund, type ServedChain, serveChain, until } from './daemons.ts'
import type { Measured } from './idleNode.ts'
import type { Figure } from './report.ts'

// A node with many channels over which nothing happens: the records of one channel, under other ids, keys and peers.

const PHRASE = `${'abandon '.repeat(23)}art`

export async function benchIdle({ quick }: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const count = quick ? 2_000 : 10_000
  const served = await serveChain()
  const folder = mkdtempSync(join(tmpdir(), 'bookend-bench-'))
  try {
    const records = await recordsOfOne(served)
    const few = join(folder, 'few.sqlite')
    const many = join(folder, 'many.sqlite')
    await fill(few, records, 0)
    await fill(many, records, count)
    const empty = await measured(few, served.url)
    const full = await measured(many, served.url)
    if (full.channels - empty.channels !== count) throw new Error(`${full.channels} channels were loaded`)
    const heap = (full.heapBytes - empty.heapBytes) / count
    const rss = (full.rssBytes - empty.rssBytes) / count
    const name = (what: string) => `${what}${quick ? ` (${count} channels)` : ''}`
    return [
      { name: name('memory per idle channel, heap'), value: heap, unit: 'bytes', better: 'less', goal: 16_384 },
      { name: name('memory per idle channel, resident'), value: rss, unit: 'bytes', better: 'less' },
      { name: name('records of a channel on disk'), value: bytesOf(records), unit: 'bytes', better: 'less' },
      { name: 'start without channels', value: empty.startMs / 1000, unit: 's', better: 'less' },
      {
        name: quick ? name('start') : 'start with 10,000 idle channels',
        value: full.startMs / 1000,
        unit: 's',
        better: 'less',
        goal: 5,
      },
      { name: name('of that the processor'), value: full.startCpuMs / 1000, unit: 's', better: 'less' },
    ]
  } finally {
    await served.close()
    rmSync(folder, { recursive: true })
  }
}

type Records = ReadonlyMap<string, Uint8Array>

/** What a node has stored that has one channel and has paid over it. */
async function recordsOfOne({ chain }: ServedChain): Promise<Records> {
  const hub = new PipeHub()
  const store = memoryStore()
  const seed = { phrase: PHRASE as never }
  const alice = await createNode({ chain: regtest(chain), store: Promise.resolve(store), net: pipe({ hub }), ...seed })
  const bob = await createNode({ chain: regtest(chain), net: pipe({ hub, listen: { host: 'bob', port: 1 } }) })
  fund(chain, (await alice.newAddress()).address, sat(2_000_000))
  await until(async () => (await alice.balance()).onchainConfirmedSat > 0n)
  const peer = { nodeId: bob.nodeId, address: { host: 'bob', port: 1 } }
  await alice.openChannel({ peer, capacitySat: sat(1_000_000), pushMsat: msat(1_000_000n) })
  await until(async () => {
    chain.mine(1)
    return (await alice.channels())[0]?.usable === true
  })
  for (let i = 0; i < 20; i++) await alice.pay({ nodeId: bob.nodeId, amountMsat: msat(1_000_000n) })
  await until(async () => (await alice.channels())[0]?.htlcs === 0)
  await alice.stop()
  await bob.stop()
  return store.snapshot()
}

/** The records as they are, and `count` copies of those of the channel. */
async function fill(file: string, records: Records, count: number): Promise<void> {
  const store = await sqliteStore({ file })
  await store.commit([...records].map(([key, value]) => ({ type: 'put', key, value })))
  const ofChannel = [...records].filter(([key]) => key.startsWith('channel/'))
  const id = ofChannel[0]?.[0].split('/')[1] ?? ''
  for (let from = 0; from < count; from += 500) {
    const writes: StoreWrite[] = []
    for (let n = from; n < Math.min(from + 500, count); n++) writes.push(...copies(ofChannel, id, n + 1))
    await store.commit(writes)
  }
  await store.commit([{ type: 'put', key: 'node/next-link', value: encode(u64Number, count + 1) }])
  await store.close()
}

function copies(ofChannel: readonly (readonly [string, Uint8Array])[], id: string, index: number): StoreWrite[] {
  const txid = sha256(encode(u64Number, index))
  return ofChannel.map(([key, value]) => {
    const name = key.slice(`channel/${id}/`.length)
    return {
      type: 'put',
      key: `channel/${idOf(value, txid, ofChannel)}/${name}`,
      value: copy(name, value, txid, index),
    }
  })
}

function copy(name: string, value: Uint8Array, txid: Uint8Array, index: number): Uint8Array {
  if (name === 'state/params') return otherParams(value, txid, index)
  if (name !== 'peer') return value
  const stored = jsonDecode<{ readonly createdAt: number }>(value)
  if (!stored.ok) throw new Error(stored.error.message)
  return jsonEncode({ ...stored.value, peer: toHex(publicKeyFromSecret(txid)) as NodeId })
}

// params: channel id (32), temporary id (32), role (1), key index (8), format (1), length of the channel type (2) and the type,
// announce (1), funding txid (32), funding output (2), and what the copies share.
const ID_BYTES = 32
const INDEX_AT = 65
const TYPE_LENGTH_AT = 74

function otherParams(params: Uint8Array, txid: Uint8Array, index: number): Uint8Array {
  const txidAt = TYPE_LENGTH_AT + 2 + (params[TYPE_LENGTH_AT + 1] ?? 0) + 1
  return concat(
    channelIdBytes(params, txid),
    sha256(txid),
    params.slice(2 * ID_BYTES, INDEX_AT),
    encode(u64Number, index),
    params.slice(INDEX_AT + 8, txidAt),
    txid,
    params.slice(txidAt + ID_BYTES),
  )
}

/** The funding txid, the last two bytes altered by the output (BOLT 2, definition of channel_id). */
function channelIdBytes(params: Uint8Array, txid: Uint8Array): Uint8Array {
  const voutAt = TYPE_LENGTH_AT + 2 + (params[TYPE_LENGTH_AT + 1] ?? 0) + 1 + ID_BYTES
  const id = new Uint8Array(txid)
  id[31] = (id[31] ?? 0) ^ (params[voutAt + 1] ?? 0)
  return id
}

function idOf(_value: Uint8Array, txid: Uint8Array, ofChannel: readonly (readonly [string, Uint8Array])[]): string {
  const params = ofChannel.find(([key]) => key.endsWith('/state/params'))?.[1]
  if (params === undefined) throw new Error('a channel without params')
  return toHex(channelIdBytes(params, txid))
}

function bytesOf(records: Records): number {
  const sizes = [...records]
    .filter(([key]) => key.startsWith('channel/'))
    .map(([key, value]) => key.length + value.length)
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Starts a process of its own: the best of three, since the first one warms the caches of the disk. */
async function measured(file: string, chainUrl: string): Promise<Measured> {
  const results: Measured[] = []
  for (let i = 0; i < 3; i++) {
    const path = fileURLToPath(new URL('idleNode.ts', import.meta.url))
    const child = fork(path, [file, chainUrl, PHRASE], { execArgv: ['--expose-gc'] })
    // A process that fails says why on its own, and says nothing to us.
    const [result] = await Promise.race([once(child, 'message'), once(child, 'exit')])
    if (typeof result !== 'object' || result === null) throw new Error('a node did not start')
    await once(child, 'exit')
    results.push(result as Measured)
  }
  const [best] = results.toSorted((a, b) => a.startMs - b.startMs)
  if (best === undefined) throw new Error('nothing was measured')
  return best
}
