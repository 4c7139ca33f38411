import { expect } from 'vitest'
import { concat, defined, fromHex, type Msat, msat, type Sat, sat, toHex } from '../../src/base/index.ts'
import { dustLimitSat, type Tx } from '../../src/bitcoin/index.ts'
import { changedRecords } from '../../src/channel/codec/records.ts'
import type { Severity } from '../../src/channel/failure.ts'
import { fundingOutput } from '../../src/channel/handlers/firstCommitment.ts'
import { step } from '../../src/channel/step.ts'
import type { ChannelDurable, ChannelInput, ChannelStep, FundedChannel, PeerMessage } from '../../src/channel/types.ts'
import { judgeInput } from '../../src/regtest/judge.ts'
import {
  ALL_FEATURES,
  connect,
  type Duo,
  deliver,
  deliverNext,
  disconnect,
  durableOf,
  effectsOf,
  fundedOf,
  input,
  type Name,
  type OpeningOptions,
  opened,
  otherName,
  received,
  rewired,
  type Side,
} from './harness.ts'

// What the tests of the close share: channels with given balances, and a close that is looked at from outside.

export const LEGACY = { ...ALL_FEATURES, simpleClose: false }
export const NAMES = ['alice', 'bob'] as const

/** An open channel in which Alice, the opener, has this much, and Bob the rest. */
export function channelWith(aliceMsat: Msat, options: OpeningOptions = {}): Duo {
  const duo = opened(options)
  const capacity = durableOf(duo.alice).params.fundingAmountSat * 1000n
  const bobMsat = msat(capacity - aliceMsat)
  change(duo.alice, { settled: { localMsat: aliceMsat, remoteMsat: bobMsat } })
  change(duo.bob, { settled: { localMsat: bobMsat, remoteMsat: aliceMsat } })
  return duo
}

/** Changes what a side holds, in its memory and in its store. */
export function change(side: Side, changes: Partial<ChannelDurable>): void {
  const before = fundedOf(side)
  const durable = { ...before.durable, ...changes }
  const next: FundedChannel = { ...before, state: durable.phase.type, durable }
  for (const write of changedRecords(before, next)) {
    if (write.type === 'put') side.records.set(write.key, write.value)
    else side.records.delete(write.key)
  }
  side.channel = next
}

/** Connects again with these features, and lets both sides say all that they have to say. */
export function reconnect(duo: Duo, negotiated = ALL_FEATURES): void {
  disconnect(duo)
  connect(duo, negotiated)
  deliver(duo)
}

/** Both `shutdown`s are exchanged and both sides negotiate; what they said since then is on its way. */
export function negotiating(duo: Duo, first: Name = 'alice', script?: Uint8Array): Duo {
  input(duo, first, { type: 'shutdown', ...(script && { script }) })
  deliverNext(duo, otherName(first))
  deliverNext(duo, first)
  for (const name of NAMES) expect(duo[name].channel.state).toBe('negotiating')
  return duo
}

/** The next message on its way to `to`, which stays on its way. */
export function onTheWay(duo: Duo, to: Name): PeerMessage {
  return received(defined(duo[otherName(to)].outbox[0], `a message for ${to} is on its way`))
}

export function onTheWayAs<T extends PeerMessage['type']>(
  duo: Duo,
  to: Name,
  type: T,
): Extract<PeerMessage, { type: T }> {
  const message = onTheWay(duo, to)
  expect(message.type).toBe(type)
  // Just looked.
  return message as Extract<PeerMessage, { type: T }>
}

/** Tries an input on a side, which stays as it is. */
export function attempt(side: Side, what: ChannelInput): ChannelStep {
  return step(side.channel, what.type === 'message' ? { ...what, message: rewired(what.message) } : what, side.context)
}

/** The input is refused with this severity and code, and but for a failed channel nothing has changed. */
export function expectRefused(side: Side, what: ChannelInput, severity: Severity, code: string): ChannelStep {
  const result = attempt(side, what)
  expect(result.failure).toMatchObject({ severity, code })
  expect(result.failure?.section).toMatch(/^BOLT 2, /)
  const types = result.effects.map(effect => (effect.type === 'send' ? effect.message.type : effect.type))
  if (severity === 'fail_channel') {
    expect(result.next.state).toBe('closing')
    expect(types).toEqual(['error', 'publish', 'event'])
    return result
  }
  expect(result.next).toBe(side.channel)
  expect(result.writes).toEqual([])
  expect(types).toEqual({ reject: [], warn: ['warning'], close_connection: ['warning', 'close_connection'] }[severity])
  return result
}

export function expectRefusedMessage(side: Side, message: PeerMessage, severity: Severity, code: string): void {
  expectRefused(side, { type: 'message', message }, severity, code)
}

/** The closing transactions that a side published, oldest first. */
export function published(side: Side): readonly Tx[] {
  return effectsOf(side, 'publish')
    .filter(effect => effect.role === 'mutual-close')
    .map(effect => effect.tx)
}

/** Both sides published this close, and the judge of the chain, which knows nothing of us, lets it pass. */
export function agreedClose(duo: Duo): Tx {
  const tx = defined(published(duo.alice).at(-1), 'Alice published a close')
  expect(published(duo.bob)).toContainEqual(tx)
  expectGood(duo, tx)
  return tx
}

/** Both signatures hold, no output is dust, and outputs and fee are the capacity. */
export function expectGood(duo: Duo, tx: Tx): void {
  const funding = fundingOutput(durableOf(duo.alice).params)
  expect(judgeInput({ tx, inputIndex: 0, prevouts: [funding] })).toEqual({ ok: true, value: true })
  expect(tx.inputs.map(({ outpoint }) => outpoint)).toEqual([durableOf(duo.alice).params.fundingOutpoint])
  expect(tx.outputs.length).toBeGreaterThan(0)
  for (const { amountSat, script } of tx.outputs) expect(amountSat).toBeGreaterThanOrEqual(dustLimitSat(script))
  expect(feeOf(duo, tx)).toBeGreaterThan(0n)
}

export function feeOf(duo: Duo, tx: Tx): Sat {
  const { fundingAmountSat } = durableOf(duo.alice).params
  return sat(tx.outputs.reduce((rest, { amountSat }) => rest - amountSat, fundingAmountSat as bigint))
}

export function paidTo(tx: Tx, script: Uint8Array): bigint | undefined {
  return tx.outputs.find(output => output.script.join() === script.join())?.amountSat
}

/** The same signature with the other, high S, which no node relays. */
export function withHighS(signature: Uint8Array): Uint8Array {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const s = BigInt(`0x${toHex(signature.slice(32))}`)
  return concat(signature.slice(0, 32), fromHex((order - s).toString(16).padStart(64, '0')))
}
