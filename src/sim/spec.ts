// The executable specification: what BOLT 2 (normal operation, message retransmission) and BOLT 3 and 5 say of updates, commitments
// and revocation, between two parties of one channel, as plain values. Nothing here knows the engine: explore.ts goes through every
// state of it, oracle.ts holds the engine to it step by step, and specRules.ts says what must be true of each state.
//
// An update goes from its sender S to the other party R, and its stage says how far it has come, as either of them sees it:
//
//        S -- update_ ----------> R     0 proposed       on no commitment
//        S -- commitment_signed > R     1 signed         on R's latest
//        S <- revoke_and_ack ---- R     2 acknowledged   on R's only
//        S <- commitment_signed - R     3 countersigned  and on S's latest
//        S -- revoke_and_ack ---> R     4 irrevocable    and on S's only
//
// Where BOLT leaves a choice the specification takes that of this project: who gets a commitment revokes the one before it in the
// same turn. A turn is what a party does between two stores; what it says leaves when it is stored.
import type { Fault } from './specFaults.ts'

export type Party = 0 | 1
export type Stage = 0 | 1 | 2 | 3 | 4
export type End = 'fulfil' | 'fail'

export interface Htlc {
  readonly by: Party
  readonly id: number
  readonly amount: number
  readonly added: Stage
  readonly removed: Stage | undefined
  /** Its receiver's decision, or what the offerer was told; a preimage that was told stays told. */
  readonly end: End | undefined
}

/** A feerate that the opener asks for (BOLT 2, updating fees). One at a time is on its way here, though BOLT would let more be. */
export interface Fee {
  readonly by: Party
  readonly rate: number
  readonly stage: Stage
}

/** What one party knows. Numbers of its own commitment and of the other's last one that is not revoked. */
export interface Side {
  readonly number: number
  readonly peerNumber: number
  /** `peerNumber + 1` is signed, and `peerNumber` not revoked. */
  readonly awaiting: boolean
  readonly lastSent: 'sign' | 'revoke' | undefined
  /** Those that are live, by offerer and id. */
  readonly htlcs: readonly Htlc[]
  readonly nextId: readonly [number, number]
  /** What each party has, with what is live counted for its offerer. */
  readonly settled: readonly [number, number]
  /** The feerate that both are irrevocably committed to, and the one that is on its way. */
  readonly feerate: number
  readonly fee: Fee | undefined
  readonly line: 'down' | 'greeting' | 'up'
  /** HTLCs that have ended here and maybe not there. */
  readonly ended: readonly Ended[]
}
export type Ended = Pick<Htlc, 'by' | 'id' | 'end'>

export type Message =
  | { readonly type: 'add'; readonly id: number; readonly amount: number }
  | { readonly type: 'remove'; readonly id: number; readonly end: End }
  | { readonly type: 'fee'; readonly rate: number }
  /** `contents` stands for the signature, which fits one commitment and no other. */
  | { readonly type: 'sign'; readonly number: number; readonly contents: string }
  /** The secret of that commitment of the sender. */
  | { readonly type: 'revoke'; readonly number: number }
  | { readonly type: 'reestablish'; readonly nextCommitment: number; readonly nextRevocation: number }

/** What a party does within a turn: what it knows then, what it says, and the rule that was broken, if one was. */
export interface Step {
  readonly side: Side
  readonly out: readonly Message[]
  readonly broken?: Broken
}
export type Broken = 'messages fit' | 'signatures fit' | 'both agree' | 'one end'

export const other = (party: Party): Party => (party === 0 ? 1 : 0)

export const newSide = (settled: readonly [number, number]): Side => ({
  number: 0,
  peerNumber: 0,
  awaiting: false,
  lastSent: undefined,
  htlcs: [],
  nextId: [0, 0],
  settled,
  feerate: 0,
  fee: undefined,
  line: 'up',
  ended: [],
})

// ---------------------------------------------------------------------------------------------------------------------
// What a commitment holds.

/** What a signature given now would cover, the newest that is signed, the one before it. */
export const NEXT = 0
export const LATEST = 1
export const PREVIOUS = 2
export type Which = typeof NEXT | typeof LATEST | typeof PREVIOUS

/** Whether a commitment of `holder` reflects an update. */
const reflects = (stage: Stage | undefined, sender: Party, holder: Party, which: Which): boolean =>
  stage !== undefined && stage >= which + (sender === holder ? 2 : 0)

/** Where the money of an HTLC is on a commitment: in an output of its own, or with a party. */
export function moneyOf(htlc: Htlc, holder: Party, which: Which): 'open' | 'receiver' | 'offerer' {
  if (!reflects(htlc.added, htlc.by, holder, which)) return 'offerer'
  if (!reflects(htlc.removed, other(htlc.by), holder, which)) return 'open'
  return htlc.end === 'fulfil' ? 'receiver' : 'offerer'
}

export function contents(side: Side, holder: Party, which: Which): string {
  const balance: [number, number] = [side.settled[0], side.settled[1]]
  let open = ''
  for (const htlc of side.htlcs) {
    const money = moneyOf(htlc, holder, which)
    if (money === 'offerer') continue
    balance[htlc.by] -= htlc.amount
    if (money === 'receiver') balance[other(htlc.by)] += htlc.amount
    else open += ` ${htlc.by}.${htlc.id}`
  }
  return `${balance[0]}+${balance[1]}${open}`
}

/** All that a signature is for: with the feerate, which is on a commitment as an offer is. */
function signable(side: Side, holder: Party, which: Which): string {
  const { fee, feerate } = side
  const rate = fee !== undefined && reflects(fee.stage, fee.by, holder, which) ? fee.rate : feerate
  return `${contents(side, holder, which)} at ${rate}`
}

/** Every update that a signature or a revocation `by` a party moves; what has come to its end leaves. */
function advance(
  side: Side,
  what: 'sign' | 'revoke',
  by: Party,
  gone: Stage = 4,
): Pick<Side, 'htlcs' | 'settled' | 'ended' | 'fee' | 'feerate'> {
  const moved = <S extends Stage | undefined>(stage: S, sender: Party): S | Stage => {
    const from = what === 'sign' ? (sender === by ? 0 : 2) : sender === by ? 3 : 1
    return stage === from ? ((from + 1) as Stage) : stage
  }
  const { htlcs, ended, settled } = side
  const stage = side.fee === undefined ? 0 : moved(side.fee.stage, side.fee.by)
  const fees =
    side.fee === undefined || stage < 4
      ? { fee: side.fee && { ...side.fee, stage }, feerate: side.feerate }
      : { fee: undefined, feerate: side.fee.rate }
  const live: Htlc[] = []
  const newlyEnded: Ended[] = []
  const balance: [number, number] = [settled[0], settled[1]]
  for (const htlc of htlcs) {
    const added = moved(htlc.added, htlc.by)
    const removed = moved(htlc.removed, other(htlc.by))
    if (removed === undefined || removed < gone) {
      live.push(added === htlc.added && removed === htlc.removed ? htlc : { ...htlc, added, removed })
      continue
    }
    newlyEnded.push({ by: htlc.by, id: htlc.id, end: htlc.end })
    if (htlc.end === 'fail') continue
    balance[htlc.by] -= htlc.amount
    balance[other(htlc.by)] += htlc.amount
  }
  if (newlyEnded.length === 0) return { htlcs: live, settled, ended, ...fees }
  return { htlcs: live, settled: balance, ended: [...ended, ...newlyEnded], ...fees }
}

// ---------------------------------------------------------------------------------------------------------------------
// What a party may do on its own.

export function offer(side: Side, me: Party, amount: number): Step {
  const id = side.nextId[me]
  const htlc: Htlc = { by: me, id, amount, added: 0, removed: undefined, end: undefined }
  return { side: withHtlc(side, htlc), out: [{ type: 'add', id, amount }] }
}

/** The opener alone asks for another feerate, when the one before has arrived everywhere. */
export const mayAskForFeerate = ({ line, fee }: Side): boolean => line === 'up' && fee === undefined

export function askForFeerate(side: Side, me: Party, rate: number): Step {
  return { side: { ...side, fee: { by: me, rate, stage: 0 } }, out: [{ type: 'fee', rate }] }
}

export const mayDecide = (htlc: Htlc, me: Party, fault?: Fault): boolean =>
  htlc.by !== me &&
  htlc.end === undefined &&
  (htlc.added === 4 || (fault === 'fulfils before it is irrevocable' && htlc.added >= 1))

/** An HTLC that is irrevocably committed is fulfilled or failed: a decision that stays, and is said as soon as it may be. */
export function decide(side: Side, id: number, me: Party, end: End): Step {
  const htlcs = side.htlcs.map(htlc => (htlc.by !== me && htlc.id === id ? { ...htlc, end } : htlc))
  return sayDecisions({ ...side, htlcs }, me)
}

function sayDecisions(side: Side, me: Party): Step {
  if (side.line !== 'up') return { side, out: [] }
  const out: Message[] = []
  const htlcs = side.htlcs.map(htlc => {
    const { by, id, end, removed } = htlc
    if (by === me || end === undefined || removed !== undefined) return htlc
    out.push({ type: 'remove', id, end })
    return { ...htlc, removed: 0 as const }
  })
  return out.length === 0 ? { side, out } : { side: { ...side, htlcs }, out }
}

/** Only with something new, and not while a revocation is awaited (BOLT 2, commitment_signed, sender). */
export function maySign(side: Side, me: Party, fault?: Fault): boolean {
  if (side.line !== 'up' || (side.awaiting && fault !== 'signs while a revocation is awaited')) return false
  const isNew = (stage: Stage | undefined, sender: Party) => stage === (sender === me ? 0 : 2)
  if (side.fee !== undefined && isNew(side.fee.stage, side.fee.by)) return true
  return side.htlcs.some(({ by, added, removed }) => isNew(added, by) || isNew(removed, other(by)))
}

export function sign(side: Side, me: Party): Step {
  const number = side.peerNumber + (side.awaiting ? 2 : 1)
  const signed: Side = { ...side, ...advance(side, 'sign', me), awaiting: true, lastSent: 'sign' }
  return { side: signed, out: [{ type: 'sign', number, contents: signable(signed, other(me), LATEST) }] }
}

// ---------------------------------------------------------------------------------------------------------------------
// Messages.

export interface Manner {
  readonly fault?: Fault | undefined
  /** Updates that are said again may come in another order than at first: removals first, or else additions. */
  readonly removalsFirst?: boolean
}

export function receive(side: Side, me: Party, message: Message, manner: Manner = {}): Step {
  if ((message.type === 'reestablish') !== (side.line === 'greeting')) return { side, out: [], broken: 'messages fit' }
  switch (message.type) {
    case 'add':
      return receiveAdd(side, other(me), message)
    case 'remove':
      return receiveRemove(side, me, message)
    case 'fee': {
      const broken = side.fee === undefined ? {} : { broken: 'messages fit' as const }
      return { side: { ...side, fee: { by: other(me), rate: message.rate, stage: 0 } }, out: [], ...broken }
    }
    case 'sign':
      return receiveSign(side, me, message, manner.fault)
    case 'revoke': {
      if (!side.awaiting || message.number !== side.peerNumber) return { side, out: [], broken: 'messages fit' }
      const next = { ...side, ...advance(side, 'revoke', other(me)), awaiting: false, peerNumber: side.peerNumber + 1 }
      return { side: next, out: [] }
    }
    case 'reestablish':
      return receiveReestablish(side, me, message, manner)
  }
}

function receiveAdd(side: Side, by: Party, { id, amount }: Extract<Message, { type: 'add' }>): Step {
  if (id !== side.nextId[by]) return { side, out: [], broken: 'messages fit' }
  return { side: withHtlc(side, { by, id, amount, added: 0, removed: undefined, end: undefined }), out: [] }
}

function receiveRemove(side: Side, me: Party, { id, end }: Extract<Message, { type: 'remove' }>): Step {
  const isTaken = (htlc: Htlc) => htlc.by === me && htlc.id === id && htlc.added === 4 && htlc.removed === undefined
  const htlcs = side.htlcs.map(htlc => (isTaken(htlc) ? { ...htlc, removed: 0 as const, end } : htlc))
  const broken = side.htlcs.some(isTaken) ? {} : { broken: 'messages fit' as const }
  return { side: { ...side, htlcs }, out: [], ...broken }
}

/** Our next commitment; the one before it is revoked in the same turn. */
function receiveSign(side: Side, me: Party, message: Extract<Message, { type: 'sign' }>, fault?: Fault): Step {
  const signed: Side = { ...side, ...advance(side, 'sign', other(me)) }
  const number = side.number + 1
  if (message.number !== number || message.contents !== signable(signed, me, LATEST))
    return { side, out: [], broken: 'signatures fit' }
  const gone = fault === 'ends an HTLC when its removal is acknowledged' ? 2 : 4
  const next: Side = { ...signed, ...advance(signed, 'revoke', me, gone), number, lastSent: 'revoke' }
  return { side: next, out: [{ type: 'revoke', number: number - 1 }] }
}

/** What the peer has missed is said again, in the order in which it was said first (BOLT 2, message retransmission). */
function receiveReestablish(
  side: Side,
  me: Party,
  { nextCommitment, nextRevocation }: Extract<Message, { type: 'reestablish' }>,
  manner: Manner,
): Step {
  const { fault } = manner
  const { number, peerNumber, awaiting } = side
  const lostSignature = awaiting && nextCommitment === peerNumber + 1
  const lostRevocation = number > 0 && nextRevocation === number - 1
  const commitmentFits = lostSignature || nextCommitment === peerNumber + (awaiting ? 2 : 1)
  if (!commitmentFits || !(lostRevocation || nextRevocation === number)) return { side, out: [], broken: 'both agree' }
  const revocation: Message[] = lostRevocation ? [{ type: 'revoke', number: number - 1 }] : []
  const signature = lostSignature ? signatureAgain(side, me, manner) : []
  const isRevocationLast = (side.lastSent === 'revoke') !== (fault === 'sends again in the wrong order')
  const again = isRevocationLast ? [...signature, ...revocation] : [...revocation, ...signature]
  const up: Side = { ...side, line: 'up' }
  const decided = fault === 'forgets decisions at reestablish' ? { side: up, out: [] } : sayDecisions(up, me)
  return { side: decided.side, out: [...again, ...decided.out] }
}

function signatureAgain(side: Side, me: Party, { fault, removalsFirst = false }: Manner): Message[] {
  const additions = side.htlcs.flatMap(({ by, id, amount, added }): Message[] =>
    by === me && added === 1 ? [{ type: 'add', id, amount }] : [],
  )
  const removals = side.htlcs.flatMap(({ by, id, removed, end }): Message[] =>
    by !== me && removed === 1 && end !== undefined ? [{ type: 'remove', id, end }] : [],
  )
  const { fee } = side
  const fees: Message[] = fee?.by === me && fee.stage === 1 ? [{ type: 'fee', rate: fee.rate }] : []
  const updates = removalsFirst ? [...removals, ...additions, ...fees] : [...additions, ...removals, ...fees]
  const again = fault === 'forgets signed updates at reestablish' ? [] : updates
  return [...again, { type: 'sign', number: side.peerNumber + 1, contents: signable(side, other(me), LATEST) }]
}

// ---------------------------------------------------------------------------------------------------------------------
// The end of a connection, and the beginning of the next.

/** Updates that no commitment covers never happened, but for decisions and preimages. */
export function drop(side: Side, me: Party, fault?: Fault): Side {
  const keeps = (by: Party) => by !== me && fault === 'keeps uncommitted updates of the peer'
  const nextId: [number, number] = [side.nextId[0], side.nextId[1]]
  const htlcs: Htlc[] = []
  for (const htlc of side.htlcs) {
    const { by, removed, end } = htlc
    if (htlc.added === 0 && !keeps(by)) nextId[by] -= 1
    else if (removed !== 0) htlcs.push(htlc)
    else htlcs.push({ ...htlc, removed: undefined, end: by !== me || end === 'fulfil' ? end : undefined })
  }
  return { ...side, htlcs, nextId, fee: side.fee?.stage === 0 ? undefined : side.fee, line: 'down' }
}

export function greet(side: Side): Step {
  const greeting = { type: 'reestablish', nextCommitment: side.number + 1, nextRevocation: side.peerNumber } as const
  return { side: { ...side, line: 'greeting' }, out: [greeting] }
}

function withHtlc(side: Side, htlc: Htlc): Side {
  const { by, id } = htlc
  const htlcs =
    by === 1
      ? [...side.htlcs, htlc]
      : [...side.htlcs.filter(h => h.by === 0), htlc, ...side.htlcs.filter(h => h.by === 1)]
  return { ...side, htlcs, nextId: by === 0 ? [id + 1, side.nextId[1]] : [side.nextId[0], id + 1] }
}
