import { concat, encode, msat, u64Number, utf8Encode } from '../src/base/index.ts'
import { sha256 } from '../src/crypto/index.ts'
import type { EngineWrite } from '../src/engine/index.ts'
import { installBestBackends } from '../src/node/index.ts'
import { type EngineSide, openEngines, settle } from './enginePair.ts'

// What a payment costs the engine: two of them in one process, with messages as bytes and records as bytes, and nothing else.
// Beside it, what the records come to. `node bench/link.ts` says what of that is the channel's.
//
//   node bench/engine.ts [payments per row] [in flight]
//
// With a third argument, how often each kind of record is written, per payment.

const ROWS = [1, 100, 483] as const
const AMOUNT_MSAT = msat(1_000_000n)

await installBestBackends()
const wanted = Number(process.argv[2] ?? 4_000)
const only = process.argv[3] === undefined ? undefined : Number(process.argv[3])
const pair = openEngines()
let counter = 100

for (const inFlight of ROWS) run(inFlight, Math.min(wanted, 500))
console.log('in flight  side   us per payment  writes  bytes  bytes that stay last')
for (const inFlight of ROWS) {
  if (only !== undefined && inFlight !== only) continue
  const count = run(inFlight, inFlight === 1 ? wanted / 4 : wanted)
  for (const [name, side] of Object.entries(pair)) {
    const writes = side.commits.flat()
    const last = side.commits.flatMap(lastOfEach)
    console.log(
      [
        String(inFlight).padStart(9),
        name,
        (side.micros / count).toFixed(1).padStart(15),
        (writes.length / count).toFixed(1).padStart(7),
        (sizeOf(writes) / count).toFixed(0).padStart(6),
        (sizeOf(last) / count).toFixed(0).padStart(6),
      ].join(' '),
    )
    if (process.argv[4] !== undefined) printKinds(side, count)
  }
}

/** At least `least` payments, in rounds of `inFlight`. */
function run(inFlight: number, least: number): number {
  const { payer, payee } = pair
  for (const side of [payer, payee]) side.reset()
  let count = 0
  let paid = 0
  payer.onReply = (_request, reply) => {
    if (reply.type !== 'payment' || reply.payment.status !== 'succeeded') throw new Error(JSON.stringify(reply))
    paid += 1
  }
  for (; count < least; count += inFlight) {
    for (let i = 0; i < inFlight; i++) payer.inbox.push(payment())
    settle(pair)
  }
  if (paid !== count) throw new Error(`${paid} of ${count} payments were made`)
  return count
}

function payment() {
  const fresh = (what: string) => sha256(concat(utf8Encode(what), encode(u64Number, counter)))
  counter += 1
  const [preimage, sessionKey] = [fresh('preimage'), fresh('session key')]
  const input = { type: 'keysend', request: counter, peer: pair.payee.id, preimage, sessionKey } as const
  return { type: 'payment', input: { ...input, amountMsat: AMOUNT_MSAT, timeoutMs: 60_000 } } as const
}

function lastOfEach(commit: readonly EngineWrite[]): readonly EngineWrite[] {
  return [...new Map(commit.map(write => [write.key, write])).values()]
}

function sizeOf(writes: readonly EngineWrite[]): number {
  return writes.reduce((sum, write) => sum + write.key.length + (write.type === 'put' ? write.value.length : 0), 0)
}

function printKinds(side: EngineSide, count: number): void {
  const kinds = new Map<string, { writes: number; bytes: number }>()
  for (const write of side.commits.flat()) {
    const kind = `${write.type} ${write.key.replace(/[0-9a-f]{12,}/g, '*')}`
    const sum = kinds.get(kind) ?? { writes: 0, bytes: 0 }
    kinds.set(kind, { writes: sum.writes + 1, bytes: sum.bytes + sizeOf([write]) })
  }
  for (const [kind, { writes, bytes }] of [...kinds].sort(([, a], [, b]) => b.bytes - a.bytes)) {
    console.log(`    ${(writes / count).toFixed(2).padStart(6)} ${(bytes / count).toFixed(0).padStart(6)}  ${kind}`)
  }
}
