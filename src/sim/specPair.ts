// The specification's two parties together: the messages between them, their stores, and the chain. `moves` is all that can happen next.
import {
  askForFeerate,
  type Broken,
  contents,
  decide,
  drop,
  type End,
  greet,
  type Htlc,
  LATEST,
  type Message,
  mayAskForFeerate,
  mayDecide,
  maySign,
  moneyOf,
  newSide,
  offer,
  other,
  type Party,
  PREVIOUS,
  receive,
  type Side,
  type Step,
  sign,
  type Which,
} from './spec.ts'
import type { Fault } from './specFaults.ts'

export interface State {
  readonly sides: Pair<Side>
  /** What each would know after a crash. The same as `sides` between turns. */
  readonly stored: Pair<Side>
  /** Said in this turn, and not out of the house. */
  readonly out: Pair<readonly Message[]>
  /** On their way to that party. */
  readonly wire: Pair<readonly Message[]>
  /** The newest commitment for the other that left signed. */
  readonly signed: Pair<{ readonly number: number; readonly contents: string }>
  /** What has happened of what `Bounds` bounds. */
  readonly count: Readonly<Record<Counted, number>>
  readonly chain?: OnChain
  readonly broken?: Broken | ChainBroken | 'one remote commitment'
}
export type Pair<T> = readonly [T, T]

/** A commitment of `holder` is confirmed: what of it is still to be ended. */
export interface OnChain {
  readonly holder: Party
  readonly isPunished: boolean
  readonly open: readonly Pick<Htlc, 'by' | 'id' | 'end'>[]
}
export type ChainBroken = 'provable' | 'revoked stays home'

export type Counted = 'offers' | 'signatures' | 'cuts' | 'crashes' | 'fees'
/** Without a bound something may happen without end: states that differ by numbers alone are one, so the exploration still ends. */
export interface Bounds extends Partial<Readonly<Record<Counted, number>>> {
  /** HTLCs that are live at once. */
  readonly htlcs: number
  /**
   * `any`: a party does one thing in a turn, may wait with each, and crash before it is stored. `eager`: as the engine plays: what is
   * to be decided and signed is decided and signed in the turn in which it can be.
   */
  readonly pace: 'any' | 'eager'
  /** Times that A, who has opened the channel, asks for another feerate. Default: none. Then A is not B any more. */
  readonly fees?: number
  /** Whether commitments get on chain. */
  readonly chain?: boolean
  readonly fault?: Fault
}

export type Move = readonly [label: string, next: State]

/** More than any exploration spends. */
export const CAPACITY = 2_000
const PARTIES = [0, 1] as const
const NAMES = ['A', 'B'] as const
const ENDS: readonly End[] = ['fulfil', 'fail']

export function newPair(): State {
  const side = newSide([CAPACITY / 2, CAPACITY / 2])
  const first = { number: 0, contents: contents(side, 0, LATEST) }
  return {
    sides: [side, side],
    stored: [side, side],
    out: [[], []],
    wire: [[], []],
    signed: [first, first],
    count: { offers: 0, signatures: 0, cuts: 0, crashes: 0, fees: 0 },
  }
}

/** In the middle of a turn. The turns of two parties do not touch, so one of them at a time is all there is to see. */
export const isBusy = (state: State, party: Party): boolean =>
  state.sides[party] !== state.stored[party] || state.out[party].length > 0

export function moves(state: State, bounds: Bounds): readonly Move[] {
  if (state.chain !== undefined) return chainMoves(state, state.chain)
  const busy = PARTIES.find(party => isBusy(state, party))
  if (busy !== undefined) {
    if (bounds.pace === 'eager') return decisions(state, busy, bounds)
    return [[`${NAMES[busy]} stores`, store(state, busy, bounds)], ...crashes(state, busy, bounds)]
  }
  const all: Move[] = []
  for (const party of PARTIES) {
    all.push(...inputs(state, party, bounds))
    if (bounds.pace === 'any') all.push(...decisions(state, party, bounds), ...signatures(state, party, bounds))
    if (bounds.pace === 'any') all.push(...crashes(state, party, bounds))
  }
  all.push(...connections(state, bounds))
  if (bounds.chain === true) all.push(...confirmations(state, bounds))
  return all
}

// ---------------------------------------------------------------------------------------------------------------------
// What one party does.

function inputs(state: State, me: Party, bounds: Bounds): readonly Move[] {
  const side = state.sides[me]
  const all: Move[] = []
  if (side.line === 'up' && liveHtlcs(state) < bounds.htlcs && isWithin(state, 'offers', bounds)) {
    const next = counted(state, 'offers', bounds)
    all.push([`${NAMES[me]} offers HTLC ${side.nextId[me]}`, taken(next, me, offer(side, me, 1), bounds)])
  }
  if (me === 0 && mayAskForFeerate(side) && state.count.fees < (bounds.fees ?? 0)) {
    const next = counted(state, 'fees', bounds)
    all.push(['A asks for another feerate', taken(next, me, askForFeerate(side, me, next.count.fees), bounds)])
  }
  const [message, ...rest] = state.wire[me]
  if (message !== undefined) {
    const next = { ...state, wire: withOf(state.wire, me, rest) }
    const { fault } = bounds
    all.push([`${NAMES[me]} gets ${message.type}`, taken(next, me, receive(side, me, message, { fault }), bounds)])
    // Who says a removal in the turn that signs it has said its offers before, and says them first again.
    if (bounds.pace === 'any' && message.type === 'reestablish' && hasBothKinds(side, me)) {
      const step = receive(side, me, message, { fault, removalsFirst: true })
      all.push([`${NAMES[me]} gets ${message.type}, and repeats its removals first`, taken(next, me, step, bounds)])
    }
  }
  return all
}

/** Whether the last signature brought offers and removals, which may be said again in either order. */
function hasBothKinds({ htlcs }: Side, me: Party): boolean {
  return htlcs.some(({ by, added }) => by === me && added === 1) && htlcs.some(h => h.by !== me && h.removed === 1)
}

function decisions(state: State, me: Party, bounds: Bounds): readonly Move[] {
  const side = state.sides[me]
  return side.htlcs
    .filter(htlc => mayDecide(htlc, me, bounds.fault))
    .flatMap(({ id }) =>
      ENDS.map((end): Move => {
        const step = decide(side, id, me, end)
        return [`${NAMES[me]} ${end}s HTLC ${id}`, taken(state, me, step, bounds)]
      }),
    )
}

function signatures(state: State, me: Party, bounds: Bounds): readonly Move[] {
  const side = state.sides[me]
  if (!maySign(side, me, bounds.fault) || !isWithin(state, 'signatures', bounds)) return []
  return [[`${NAMES[me]} signs`, taken(counted(state, 'signatures', bounds), me, sign(side, me), bounds)]]
}

/** The step belongs to the turn; at an eager pace the turn ends where nothing is left to decide. */
function taken(state: State, me: Party, step: Step, bounds: Bounds): State {
  const early = bounds.fault === 'reveals the secret before the store' ? step.out.filter(isSecret) : []
  const out = early.length === 0 ? step.out : step.out.filter(message => !isSecret(message))
  const next: State = {
    ...state,
    sides: withOf(state.sides, me, step.side),
    out: withOf(state.out, me, [...state.out[me], ...out]),
    wire: early.length === 0 ? state.wire : withOf(state.wire, other(me), [...state.wire[other(me)], ...early]),
    ...(step.broken !== undefined && { broken: step.broken }),
  }
  return bounds.pace === 'any' ? next : eagerly(next, me, bounds)
}

function eagerly(state: State, me: Party, bounds: Bounds): State {
  const side = state.sides[me]
  if (side.htlcs.some(htlc => mayDecide(htlc, me, bounds.fault))) return state
  if (!maySign(side, me, bounds.fault)) return store(state, me, bounds)
  const step = sign(side, me)
  const out = withOf(state.out, me, [...state.out[me], ...step.out])
  return store({ ...state, sides: withOf(state.sides, me, step.side), out }, me, bounds)
}

const isSecret = ({ type }: Message): boolean => type === 'revoke'

/** Durable, and then visible. What is said to somebody who is gone is lost. */
export function store(state: State, me: Party, { fault }: Pick<Bounds, 'fault'> = {}): State {
  const them = other(me)
  const side = state.sides[me]
  const isHeard = side.line !== 'down' && state.sides[them].line !== 'down'
  const wire = isHeard ? withOf(state.wire, them, [...state.wire[them], ...state.out[me]]) : state.wire
  const isForgotten = fault === 'forgets that it signed' && state.out[me].some(({ type }) => type === 'sign')
  const kept = isForgotten ? withoutSignature(side, me) : side
  const next = { ...state, wire, out: withOf(state.out, me, []), stored: withOf(state.stored, me, kept) }
  return forgetEnded(
    withSignatures(isForgotten ? { ...next, sides: withOf(next.sides, me, kept) } : next, me, state.out[me]),
  )
}

/** A process that remembers all but its last signature: the fault of that name. */
function withoutSignature(side: Side, me: Party): Side {
  const unsigned = side.htlcs.map(htlc => ({
    ...htlc,
    added: htlc.by === me && htlc.added === 1 ? (0 as const) : htlc.added,
    removed: htlc.by !== me && htlc.removed === 1 ? (0 as const) : htlc.removed,
  }))
  const fee = side.fee?.by === me && side.fee.stage === 1 ? { ...side.fee, stage: 0 as const } : side.fee
  return { ...side, htlcs: unsigned, fee, awaiting: false }
}

/** Two commitments of one number that differ are two that may confirm, and only one of them is known. */
function withSignatures(state: State, me: Party, out: readonly Message[]): State {
  let next = state
  for (const message of out) {
    if (message.type !== 'sign') continue
    const before = next.signed[me]
    if (before.number === message.number && before.contents !== message.contents)
      next = { ...next, broken: 'one remote commitment' }
    next = { ...next, signed: withOf(next.signed, me, message) }
  }
  return next
}

/** What has ended for both is history; that it ended the same way for both is a rule. */
export function forgetEnded(state: State): State {
  const [a, b] = state.sides
  if (a.ended.length === 0 && b.ended.length === 0) return state
  const has = ({ htlcs, ended }: Side, by: Party, id: number, withEnded: boolean) =>
    htlcs.some(htlc => htlc.by === by && htlc.id === id) || (withEnded && ended.some(e => e.by === by && e.id === id))
  const differ = a.ended.some(x => b.ended.some(y => x.by === y.by && x.id === y.id && x.end !== y.end))
  const keep = (side: Side, them: Side): Side => {
    const ended = side.ended.filter(({ by, id }) => has(them, by, id, false))
    return ended.length === side.ended.length ? side : { ...side, ended }
  }
  const sides: Pair<Side> = [keep(a, b), keep(b, a)]
  // The stored copies are the same wherever they were.
  const stored: Pair<Side> = [
    state.stored[0] === a ? sides[0] : state.stored[0],
    state.stored[1] === b ? sides[1] : state.stored[1],
  ]
  return { ...state, sides, stored, ...(differ && { broken: 'one end' as const }) }
}

// ---------------------------------------------------------------------------------------------------------------------
// What happens to them.

/** Each notices the end of a connection in its own time. What was sent before may still arrive, or not. */
function connections(state: State, bounds: Bounds): readonly Move[] {
  const { sides } = state
  if (sides[0].line === 'down' && sides[1].line === 'down') {
    const [a, b] = [greet(sides[0]), greet(sides[1])]
    const both: Pair<Side> = [a.side, b.side]
    return [['they connect', { ...state, sides: both, stored: both, wire: [b.out, a.out] }]]
  }
  if (!isWithin(state, 'cuts', bounds)) return []
  return PARTIES.filter(party => sides[party].line !== 'down').map((party): Move => {
    const isFirst = sides[other(party)].line !== 'down'
    return [
      `${NAMES[party]} loses the connection`,
      dropped(isFirst ? counted(state, 'cuts', bounds) : state, party, sides[party], bounds.fault),
    ]
  })
}

function crashes(state: State, me: Party, bounds: Bounds): readonly Move[] {
  if (!isWithin(state, 'crashes', bounds)) return []
  // Between turns a crash is the end of a connection and no more.
  if (!isBusy(state, me)) return []
  const next = counted({ ...state, out: withOf(state.out, me, []) }, 'crashes', bounds)
  return [[`${NAMES[me]} crashes`, dropped(next, me, state.stored[me], bounds.fault)]]
}

function dropped(state: State, me: Party, known: Side, fault: Fault | undefined): State {
  const side = drop(known, me, fault)
  return forgetEnded({
    ...state,
    sides: withOf(state.sides, me, side),
    stored: withOf(state.stored, me, side),
    wire: withOf(state.wire, me, []),
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// The chain (BOLT 5).

/** Each of them may publish its newest; a liar also the one before, which the other may not be able to punish yet. */
function confirmations(state: State, { fault }: Bounds): readonly Move[] {
  return PARTIES.flatMap((holder): Move[] => {
    const them = other(holder)
    const [own, theirs] = [state.stored[holder], state.stored[them]]
    const name = NAMES[holder]
    const lie = fault === 'publishes what it has revoked' && own.number > 0
    const published = lie ? own.number - 1 : own.number
    const isHome = published >= theirs.peerNumber
    const which = lie ? PREVIOUS : LATEST
    const all: Move[] = [
      [
        `${name} publishes`,
        isHome ? confirmed(state, holder, holder, which) : punished(state, holder, 'revoked stays home'),
      ],
    ]
    if (theirs.awaiting) {
      all.push([`a liar at ${name} publishes its newest`, confirmed(state, holder, them, LATEST)])
      all.push([`a liar at ${name} publishes the one before`, confirmed(state, holder, them, PREVIOUS)])
    }
    if (theirs.peerNumber > 0) all.push([`a liar at ${name} publishes a revoked one`, punished(state, holder)])
    return all
  })
}

/** The other party holds the secret of every commitment below its `peerNumber`: each output is its own. */
function punished(state: State, holder: Party, broken?: ChainBroken): State {
  const next: State = { ...newPair(), count: state.count, chain: { holder, isPunished: true, open: [] } }
  return broken === undefined ? next : { ...next, broken }
}

/** As `viewer` knows it. Honest holders and those that lie to an honest viewer are judged by what the honest are due. */
function confirmed(state: State, holder: Party, viewer: Party, which: Which): State {
  const { htlcs } = state.stored[viewer]
  const isMissing = PARTIES.some(judge => (viewer === holder || judge === viewer) && isDeprived(state, judge))
  const open = htlcs.filter(htlc => moneyOf(htlc, holder, which) === 'open')
  const chain: OnChain = { holder, isPunished: false, open: open.map(htlc => ({ ...htlc, end: decisionOn(htlc) })) }
  const next: State = { ...newPair(), count: state.count, chain }
  return isMissing ? { ...next, broken: 'provable' } : next

  function decisionOn({ by, id }: Htlc): End | undefined {
    return state.stored[other(by)].htlcs.find(htlc => htlc.by === by && htlc.id === id)?.end
  }

  /** Whether the commitment keeps from a party what it has to get: what it has given a preimage for, or taken as failed. */
  function isDeprived({ stored }: State, judge: Party): boolean {
    const { htlcs: live, ended } = stored[judge]
    const money = ({ by, id }: Pick<Htlc, 'by' | 'id'>) => {
      const known = htlcs.find(htlc => htlc.by === by && htlc.id === id)
      if (known !== undefined) return moneyOf(known, holder, which)
      const past = stored[viewer].ended.find(each => each.by === by && each.id === id)
      return past?.end === 'fulfil' ? 'receiver' : 'offerer'
    }
    const isGone = ended.some(each => money(each) !== (each.end === 'fulfil' ? 'receiver' : 'offerer'))
    return (
      isGone ||
      live.some(htlc => {
        const where = money(htlc)
        if (htlc.by !== judge && htlc.end === 'fulfil') return where === 'offerer'
        if (htlc.added === 4 && htlc.end === undefined) return where !== 'open'
        return htlc.by === judge && htlc.end !== 'fulfil' && where === 'receiver'
      })
    )
  }
}

/** Each HTLC ends once: with its preimage, or when its time is over and nobody has one. */
function chainMoves(state: State, chain: OnChain): readonly Move[] {
  return chain.open.flatMap((htlc, index): Move[] => {
    const next = { ...state, chain: { ...chain, open: chain.open.toSpliced(index, 1) } }
    const claim: Move = [`HTLC ${htlc.id} of ${NAMES[htlc.by]} is claimed with its preimage`, next]
    const timeout: Move = [`HTLC ${htlc.id} of ${NAMES[htlc.by]} times out`, next]
    return htlc.end === 'fulfil' ? [claim] : htlc.end === 'fail' ? [timeout] : [claim, timeout]
  })
}

// ---------------------------------------------------------------------------------------------------------------------

function liveHtlcs({ sides: [a, b] }: State): number {
  const onlyB = b.htlcs.filter(htlc => !a.htlcs.some(each => each.by === htlc.by && each.id === htlc.id))
  return a.htlcs.length + onlyB.length
}

const isWithin = (state: State, what: Counted, bounds: Bounds): boolean =>
  state.count[what] < (bounds[what] ?? Number.POSITIVE_INFINITY)

function counted(state: State, what: Counted, bounds: Bounds): State {
  return bounds[what] === undefined ? state : { ...state, count: { ...state.count, [what]: state.count[what] + 1 } }
}

export const withOf = <T>(pair: Pair<T>, party: Party, value: T): Pair<T> =>
  party === 0 ? [value, pair[1]] : [pair[0], value]
