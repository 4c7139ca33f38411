import { expect } from 'vitest'
import { loadDurable } from '../../src/channel/codec/records.ts'
import { remoteCommitmentTx } from '../../src/channel/contents.ts'
import { localCommitmentTx } from '../../src/channel/handlers/commitmentSigned.ts'
import { NAMES } from './attacks.ts'
import {
  ALL_FEATURES,
  connect,
  type Duo,
  deliver,
  durableOf,
  input,
  type Name,
  otherName,
  type Side,
} from './harness.ts'

// Cuts, restarts, and copies of a moment from which several futures can be tried.

export type Restarts = readonly Name[]

/** The same moment once more: machines are values, so only what the harness keeps has to be copied. */
export function fork(duo: Duo): Duo {
  return { alice: forkSide(duo.alice), bob: forkSide(duo.bob) }
}

export function forkSide(side: Side): Side {
  return { ...side, outbox: [...side.outbox], effects: [...side.effects], records: new Map(side.records) }
}

/** The process died: what is left is what the store holds. The connection ended without a word. */
export function restart(side: Side): void {
  const loaded = loadDurable(side.records)
  expect(loaded.ok).toBe(true)
  if (!loaded.ok) return
  side.channel = {
    state: loaded.value.phase.type,
    durable: loaded.value,
    session: { connection: 'disconnected', negotiated: ALL_FEATURES },
  }
}

/** The connection ends, what was on its way is lost, and these sides start anew from their stores. */
export function cut(duo: Duo, restarts: Restarts = []): void {
  for (const name of NAMES) {
    duo[name].outbox = []
    if (restarts.includes(name)) restart(duo[name])
    input(duo, name, { type: 'disconnected' })
  }
}

/** A new connection, and all that the two have to say at its beginning. */
export function meetAgain(duo: Duo): void {
  connect(duo)
  deliver(duo)
}

/** What each side signs is what the other one holds, and nobody has complained. */
export function expectAgreement(duo: Duo): void {
  for (const name of NAMES) {
    const own = durableOf(duo[name])
    const other = durableOf(duo[otherName(name)])
    expect(own.remoteCommit.awaitingRevocation).toBeUndefined()
    expect(remoteCommitmentTx(other, 'latest').txid).toBe(
      localCommitmentTx(own, own.localCommit.number, duo[name].context).txid,
    )
    expect(own.settled.localMsat).toBe(other.settled.remoteMsat)
    const talk = duo[name].effects.filter(
      effect => effect.type === 'close_connection' || (effect.type === 'send' && effect.message.type === 'error'),
    )
    expect(talk).toEqual([])
  }
}
