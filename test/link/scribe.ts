import { type FeeratePerKw, type Msat, type PaymentHash, paymentHash } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { decodeMessage, type Message } from '../../src/wire/index.ts'
import { FEERATE, type Name, otherName } from './stage.ts'

// What each commitment transaction holds, worked out from nothing but the messages on the wire, by the plainest reading of
// BOLT 2: a signature for a side's next commitment covers every update that its sender has sent, and every update of the
// receiver's that the sender has acknowledged with a revoke_and_ack. It shares no code with the channel.

export interface PictureHtlc {
  readonly offeredBy: Name
  readonly id: number
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: number
}

/** One commitment transaction of `holder`. Balances are before fee and anchors, without what is in HTLCs. */
export interface Picture {
  readonly holder: Name
  readonly number: number
  readonly feeratePerKw: FeeratePerKw
  readonly balancesMsat: Readonly<Record<Name, bigint>>
  readonly htlcs: readonly PictureHtlc[]
}

type Update = Extract<
  Message,
  { type: 'update_add_htlc' | 'update_fulfill_htlc' | 'update_fail_htlc' | 'update_fail_malformed_htlc' | 'update_fee' }
>

/** How many updates of each side a commitment covers, as each sent them. */
type Covered = Readonly<Record<Name, number>>

const NOTHING: Covered = { alice: 0, bob: 0 }

export class Scribe {
  readonly #start: Readonly<Record<Name, bigint>>
  readonly #updates: Readonly<Record<Name, Update[]>> = { alice: [], bob: [] }
  /** By holder: of each commitment in order. */
  readonly #signed: Readonly<Record<Name, Covered[]>> = { alice: [NOTHING], bob: [NOTHING] }
  /** The commitment that each side holds, the ones before it revoked. */
  readonly #held: Record<Name, number> = { alice: 0, bob: 0 }
  /** Every preimage that was sent, and by whom. */
  readonly #revealed: { readonly by: Name; readonly id: number; readonly hash: PaymentHash }[] = []

  constructor(start: Readonly<Record<Name, bigint>>) {
    this.#start = start
  }

  /** Hears a message at the moment at which it is sent. */
  heard(from: Name, bytes: Uint8Array): void {
    const message = read(bytes)
    const to = otherName(from)
    if (message.type === 'commitment_signed') {
      const acknowledged = this.#signed[from][this.#held[from]]?.[to] ?? 0
      const covered = { [from]: this.#updates[from].length, [to]: acknowledged }
      // Both names are there.
      this.#signed[to].push(covered as Covered)
    } else if (message.type === 'revoke_and_ack') this.#held[from] += 1
    else if (isUpdate(message)) {
      this.#updates[from].push(message)
      if (message.type === 'update_fulfill_htlc') {
        this.#revealed.push({ by: from, id: message.id, hash: paymentHash(sha256(message.paymentPreimage)) })
      }
    }
  }

  /** How many updates were sent. */
  get updates(): number {
    return this.#updates.alice.length + this.#updates.bob.length
  }

  /** The newest commitment of a side that was signed for, whether or not it has it already. */
  newest(holder: Name): number {
    return this.#signed[holder].length - 1
  }

  /** How many preimages were sent so far: a moment for `fulfilledBy`. */
  get reveals(): number {
    return this.#revealed.length
  }

  /** The HTLCs that `by` had fulfilled when `reveals` preimages were sent: ids of what the other side offered. */
  fulfilledBy(by: Name, reveals: number): ReadonlySet<number> {
    return new Set(this.#revealed.slice(0, reveals).flatMap(each => (each.by === by ? [each.id] : [])))
  }

  /** The hashes whose preimage both sides knew by then. */
  revealed(reveals: number): ReadonlySet<PaymentHash> {
    return new Set(this.#revealed.slice(0, reveals).map(({ hash }) => hash))
  }

  picture(holder: Name, number: number): Picture {
    const covered = this.#signed[holder][number]
    if (covered === undefined) throw new Error(`nobody signed commitment ${number} of ${holder}`)
    const balances = { ...this.#start }
    const htlcs: PictureHtlc[] = []
    let feeratePerKw = FEERATE
    const of = (name: Name) => this.#updates[name].slice(0, covered[name])
    for (const by of ['alice', 'bob'] as const) {
      for (const update of of(by)) {
        if (update.type === 'update_fee') feeratePerKw = update.feeratePerKw
        if (update.type !== 'update_add_htlc') continue
        balances[by] -= update.amountMsat
        const { id, amountMsat, cltvExpiry } = update
        htlcs.push({ offeredBy: by, id, amountMsat, paymentHash: update.paymentHash, cltvExpiry })
      }
    }
    for (const by of ['alice', 'bob'] as const) {
      for (const update of of(by)) {
        if (update.type === 'update_add_htlc' || update.type === 'update_fee') continue
        const index = htlcs.findIndex(htlc => htlc.offeredBy === otherName(by) && htlc.id === update.id)
        const [htlc] = index < 0 ? [] : htlcs.splice(index, 1)
        if (htlc === undefined) throw new Error(`${by} removes an HTLC that is not there`)
        balances[update.type === 'update_fulfill_htlc' ? by : otherName(by)] += htlc.amountMsat
      }
    }
    return { holder, number, feeratePerKw, balancesMsat: balances, htlcs }
  }
}

function isUpdate(message: ReturnType<typeof read>): message is Update {
  return message.type.startsWith('update_')
}

function read(bytes: Uint8Array) {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok) throw new Error(decoded.error.message)
  return decoded.value
}
