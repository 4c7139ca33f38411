// A real channel in the words of the specification.
import type { FundedChannel, Htlc as RealHtlc } from '../channel/index.ts'
import type { Htlc, Party, Side, Stage } from './spec.ts'

const STAGES: Readonly<Record<RealHtlc['added'], Stage>> = {
  proposed: 0,
  signed: 1,
  acknowledged: 2,
  countersigned: 3,
  irrevocable: 4,
}
const LINES = { disconnected: 'down', reestablishing: 'greeting', connected: 'up' } as const
const LAST_SENT = { commitment_signed: 'sign', revoke_and_ack: 'revoke', neither: undefined } as const

/** What a party of the specification would know where the channel stands. Cost: one pass over the live HTLCs. */
export function sideOf({ durable, session }: FundedChannel, me: Party): Side {
  const { params, localCommit, remoteCommit, settled, nextHtlcId, htlcs, lastSent, feeratePerKw, feeUpdates } = durable
  // The opener sends one at a time.
  const [fee] = feeUpdates
  const opener: Party = (params.role === 'opener') === (me === 0) ? 0 : 1
  const pair = <T>(local: T, remote: T): [T, T] => (me === 0 ? [local, remote] : [remote, local])
  const ours = htlcs.filter(({ offeredBy }) => offeredBy === 'local').map(htlc => htlcOf(htlc, me))
  const theirs = htlcs.filter(({ offeredBy }) => offeredBy === 'remote').map(htlc => htlcOf(htlc, me))
  return {
    number: localCommit.number,
    peerNumber: remoteCommit.number,
    awaiting: remoteCommit.awaitingRevocation !== undefined,
    lastSent: LAST_SENT[lastSent],
    htlcs: pair(ours, theirs).flat(),
    nextId: pair(nextHtlcId.local, nextHtlcId.remote),
    settled: pair(Number(settled.localMsat), Number(settled.remoteMsat)),
    feerate: feeratePerKw,
    fee: fee && { by: opener, rate: fee.feeratePerKw, stage: STAGES[fee.stage] },
    line: LINES[session.connection],
    ended: [],
  }
}

function htlcOf({ offeredBy, id, amountMsat, added, removed, resolution }: RealHtlc, me: Party): Htlc {
  return {
    by: (offeredBy === 'local') === (me === 0) ? 0 : 1,
    id,
    amount: Number(amountMsat),
    added: STAGES[added],
    removed: removed === undefined ? undefined : STAGES[removed],
    end: resolution === undefined ? undefined : resolution.type === 'fulfill' ? 'fulfil' : 'fail',
  }
}

/** Where the real channel is not what the specification says, in words; what has ended is told by the balances. */
export function differenceOf(expected: Side, real: Side): string | undefined {
  for (const [what, is, should] of [
    ['commitment number', real.number, expected.number],
    ["the peer's commitment number", real.peerNumber, expected.peerNumber],
    ['awaits a revocation', real.awaiting, expected.awaiting],
    ['sent last', real.lastSent, expected.lastSent],
    ['line', real.line, expected.line],
    ['next id of the one', real.nextId[0], expected.nextId[0]],
    ['next id of the other', real.nextId[1], expected.nextId[1]],
    ['balance of the one', real.settled[0], expected.settled[0]],
    ['balance of the other', real.settled[1], expected.settled[1]],
    ['feerate', real.feerate, expected.feerate],
    ['feerate that is on its way', real.fee?.rate, expected.fee?.rate],
    ['how far that has come', real.fee?.stage, expected.fee?.stage],
    ['live HTLCs', real.htlcs.length, expected.htlcs.length],
  ] as const) {
    if (is !== should) return `${what}: the specification has ${should}, the channel ${is}`
  }
  for (const [index, htlc] of real.htlcs.entries()) {
    const should = expected.htlcs[index]
    if (should === undefined || isSame(htlc, should)) continue
    return `HTLC ${htlc.id}: the specification has ${JSON.stringify(should)}, the channel ${JSON.stringify(htlc)}`
  }
  return undefined
}

function isSame(a: Htlc, b: Htlc): boolean {
  const isOne = a.by === b.by && a.id === b.id && a.amount === b.amount
  return isOne && a.added === b.added && a.removed === b.removed && a.end === b.end
}
