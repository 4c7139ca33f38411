import { concat, encode, msat, paymentHash, u64Number, utf8Encode } from '../src/base/index.ts'
import { sha256 } from '../src/crypto/index.ts'
import { installBestBackends } from '../src/node/index.ts'
import { type BenchSide, HEIGHT, type LinkPair, openPair, settle } from './linkPair.ts'
import { measurePrimitives, type Primitives } from './primitives.ts'

// What the channel machine costs per payment: two links in one process, nothing else. A payment is offered, committed,
// fulfilled and settled; n of them travel together, and both sides pay in turn.
//
//   node bench/link.ts [payments per row]

const ROWS = [
  { inFlight: 1, amountSat: 20_000n, payers: 1 },
  { inFlight: 10, amountSat: 5_000n, payers: 1 },
  { inFlight: 100, amountSat: 5_000n, payers: 1 },
  { inFlight: 100, amountSat: 5_000n, payers: 2 },
  { inFlight: 483, amountSat: 5_000n, payers: 1 },
  { inFlight: 483, amountSat: 5_000n, payers: 2 },
  { inFlight: 483, amountSat: 100n, payers: 1 },
] as const

type Row = (typeof ROWS)[number]

const { secp256k1, hashes } = await installBestBackends()
const wanted = Number(process.argv[2] ?? 4_000)
const only = process.argv[3] === undefined ? undefined : Number(process.argv[3])
const pair = openPair()
let counter = 0

for (const row of ROWS) run(row, Math.max(row.inFlight * row.payers, 200))
const primitives = measurePrimitives()
console.log(`crypto: ${secp256k1.name}, hashes: ${hashes.name}, node ${process.version}`)
const figures = Object.entries(primitives).map(([name, micros]) => `${name} ${micros.toFixed(1)}`)
console.log(`${figures.join(', ')} (us)`)
console.log('in flight   sat  payers  payments/s  us per payment and side  limit  writes  bytes')
for (const row of ROWS) {
  if (only !== undefined && row.inFlight !== only) continue
  const { count, micros, writes, bytes } = run(row, row.inFlight === 1 ? wanted / 4 : wanted)
  const perSide = micros / count / 2
  console.log(
    [
      String(row.inFlight).padStart(9),
      String(row.amountSat).padStart(5),
      String(row.payers).padStart(7),
      (1e6 / (2 * perSide)).toFixed(0).padStart(11),
      perSide.toFixed(1).padStart(24),
      limitOf(row, primitives).toFixed(1).padStart(6),
      (writes / count / 2).toFixed(1).padStart(7),
      (bytes / count / 2).toFixed(0).padStart(6),
    ].join(' '),
  )
}

/** At least `least` payments, in rounds of `inFlight` from each payer; the payer changes with each round. */
function run(row: Row, least: number) {
  const sides = [pair.alice, pair.bob] as const
  for (const side of sides) Object.assign(side, { micros: 0, writes: 0, bytes: 0 })
  const sum = (of: 'micros' | 'writes' | 'bytes') => pair.alice[of] + pair.bob[of]
  let count = 0
  for (let round = 0; count < least || round % 2 === 1; round++) {
    count += pay(pair, row.payers === 2 ? sides : [sides[round % 2 === 0 ? 0 : 1]], row)
  }
  return { count, micros: sum('micros'), writes: sum('writes'), bytes: sum('bytes') }
}

function pay(between: LinkPair, payers: readonly BenchSide[], { inFlight, amountSat }: Row): number {
  const preimages = new Map<string, Uint8Array>()
  let settled = 0
  for (const side of [between.alice, between.bob]) {
    side.onEvent = event => {
      if (event.type === 'htlc_settled' && event.offeredBy === 'local') settled += 1
      if (event.type !== 'htlc_received') return
      const { id, paymentHash: hash } = event.htlc
      const paymentPreimage = preimages.get(hash)
      if (paymentPreimage === undefined) throw new Error('a payment that nobody made')
      const resolution = { type: 'fulfill', paymentPreimage } as const
      side.inbox.push({ type: 'command', command: { type: 'resolve_htlc', id, resolution } })
    }
  }
  for (const payer of payers) {
    for (let i = 0; i < inFlight; i++) {
      const preimage = sha256(concat(utf8Encode('bench'), encode(u64Number, counter++)))
      const hash = paymentHash(sha256(preimage))
      preimages.set(hash, preimage)
      payer.inbox.push({
        type: 'command',
        command: {
          type: 'add_htlc',
          amountMsat: msat(amountSat * 1000n),
          paymentHash: hash,
          cltvExpiry: HEIGHT + 100,
          onionRoutingPacket: new Uint8Array(1366),
        },
      })
    }
  }
  settle(between)
  if (settled !== preimages.size) throw new Error(`${settled} of ${preimages.size} payments were settled`)
  return settled
}

/**
 * The curve alone, per payment and side. Each side signs and verifies an HTLC above dust once; where both pay at the same time twice,
 * since the two adds and the two removals cross. A round has two commitments made and two received by each side, each with its
 * keys, two points of its own made and two secrets checked; half of the commitments have keys for HTLCs. Where both pay, it is twice.
 */
function limitOf(
  { inFlight, amountSat, payers }: Row,
  { sign, verify, commitmentKeys, publicKey, tweak }: Primitives,
): number {
  const perHtlc = amountSat < 354n ? 0 : payers * (sign + verify)
  const htlcKeys = amountSat < 354n ? 0 : 4 * tweak
  const perRound = 2 * (sign + verify) + 4 * commitmentKeys + 4 * publicKey + htlcKeys
  return perHtlc + perRound / inFlight
}
