import { type ChannelId, concat, encode, fromHex, u64Number } from '../src/base/index.ts'
import { sha256 } from '../src/crypto/index.ts'
import { type LinkState, linkStep, loadLink } from '../src/link/index.ts'
import { installBestBackends } from '../src/node/index.ts'
import { openPair } from './linkPair.ts'

// What an idle channel holds in memory: the records of one, loaded many times under ids and key indexes of their own, and then
// started and connected. Everything that a link keeps is in its state or in a cache behind it, so the heap tells.
//
//   node --expose-gc bench/memory.ts [channels]

const { gc } = globalThis
if (gc === undefined) throw new Error('run with --expose-gc')
await installBestBackends()
const count = Number(process.argv[2] ?? 10_000)
const records = new Map<string, Uint8Array>()
const { alice } = openPair(side => {
  if (side.name === 'alice') side.onWrites = writes => writes.forEach(keep)
})
const id = channelIdOf(alice.state)

const states: LinkState[] = []
const before = heapBytes()
for (let index = 0; index < count; index++) states.push(loaded(index))
report('loaded', heapBytes() - before)
for (const type of ['started', 'connected'] as const) {
  for (const [index, state] of states.entries()) {
    const step = linkStep(state, { type }, { ...alice.context, channelKeyIndex: index })
    if (step.failure !== undefined) throw new Error(JSON.stringify(step.failure))
    states[index] = step.next
  }
  report(type, heapBytes() - before)
}

function report(what: string, bytes: number): void {
  console.log(`${what.padEnd(10)} ${(bytes / count).toFixed(0).padStart(6)} bytes per channel, ${count} channels`)
}

function keep(write: { readonly type: 'put' | 'delete'; readonly key: string; readonly value?: Uint8Array }): void {
  if (write.value === undefined) records.delete(write.key)
  else records.set(write.key, write.value)
}

/** The same channel with another id and another key index: as its record has them, at the begin of `params`. */
function loaded(index: number): LinkState {
  const other = sha256(encode(u64Number, index))
  const copies = new Map<string, Uint8Array>()
  for (const [key, value] of records) {
    const name = key.replace(id, Buffer.from(other).toString('hex'))
    copies.set(
      name,
      key.endsWith('/params') ? concat(other, value.slice(32, 65), encode(u64Number, index), value.slice(73)) : value,
    )
  }
  const state = loadLink(copies)
  if (!state.ok) throw new Error(state.error.message)
  return state.value
}

function channelIdOf({ channel }: LinkState): ChannelId {
  if (channel === undefined || !('durable' in channel)) throw new Error('no channel')
  const { channelId } = channel.durable.params
  if (fromHex(channelId).length !== 32) throw new Error('no id')
  return channelId
}

/** Heap and what lies beside it: larger byte arrays do. */
function heapBytes(): number {
  gc?.()
  gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
