// Pay for time: a listener pays a radio for every tick, and the radio plays as long as it is paid. Each payment is a keysend, which
// needs no invoice; the radio hears of each as an event.
//
//     node examples/streaming.ts
//
// In a program of yours the import from '../src/index.ts' is from 'bookend'.
import { setTimeout as pause } from 'node:timers/promises'
import { msat } from '../src/index.ts'
import { openPair } from './support/pair.ts'

const TICK_MS = 100
const TICKS = 20
/** 1.5 satoshis: a channel counts in thousandths. */
const PRICE_MSAT = msat(1_500n)

await using pair = await openPair()
const { payer: listener, payee: radio } = pair

// The radio: an event is told when its payment is for good, so what it plays on is its own already.
const played = (async () => {
  let earned = 0n
  let ticks = 0
  for await (const { event } of radio.events()) {
    if (event.type !== 'payment_received') continue
    earned += event.payment.amountMsat
    process.stdout.write('♪ ')
    ticks += 1
    if (ticks === TICKS) break
  }
  return earned
})()

// The listener: one payment a tick, for as long as the music is worth it.
let spent = 0n
for (let tick = 0; tick < TICKS; tick++) {
  const { amountMsat, feeMsat } = await listener.pay({ nodeId: radio.nodeId, amountMsat: PRICE_MSAT })
  spent += amountMsat + feeMsat
  await pause(TICK_MS)
}

console.log(
  `\n${TICKS} ticks were played. The listener spent ${spent} msat, and the radio earned ${await played} msat.`,
)
