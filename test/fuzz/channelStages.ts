import { feeratePerKw, msat } from '../../src/base/index.ts'
import { channelIdOf, loseData } from '../../src/channel/index.ts'
import type { PeerMessage } from '../../src/channel/types.ts'
import { everyMessage } from '../channel/attacks.ts'
import { LEGACY, negotiating } from '../channel/closingFixtures.ts'
import {
  ALL_FEATURES,
  agreed,
  answered,
  connect,
  created,
  type Duo,
  deliver,
  deliverNext,
  disconnect,
  fundedOf,
  input,
  type Name,
  opened,
  otherName,
  proposed,
  received,
  type Side,
  sentBy,
} from '../channel/harness.ts'
import { add, fulfill, settle } from '../channel/payments.ts'
import { CONNECTIONS, inPhase, PHASES } from '../channel/phases.ts'
import { fork } from '../channel/reconnecting.ts'

// The places in which a channel can be when a message comes: each state, each state of the connection, and the moments within the dance
// of updates, commitments and revocations.

export interface ChannelStage {
  readonly name: string
  readonly side: Side
  /** Good messages: those that are on their way, those that the peer has said before, and one of every type. */
  readonly messages: readonly PeerMessage[]
}

function stageOf(name: string, duo: { readonly [N in Name]?: Side }, who: Name): ChannelStage {
  const [side, peer] = [duo[who], duo[otherName(who)]]
  if (side === undefined) throw new Error(`${name} has no ${who}`)
  const onTheirWay = peer?.outbox.map(received) ?? []
  const before = peer === undefined ? [] : sentBy(peer)
  const id = channelIdOf(side.channel)
  const messages = [
    ...Object.values(everyMessage(id)),
    ...new Map(before.map(message => [message.type, message])).values(),
    ...onTheirWay,
  ]
  return { name: `${name} ${who}`, side, messages }
}

/** Both sides of a moment. */
function both(name: string, make: () => Duo): readonly ChannelStage[] {
  return (['alice', 'bob'] as const).map(who => stageOf(name, fork(make()), who))
}

function openings(): readonly ChannelStage[] {
  const aborted = agreed()
  input(aborted, 'alice', { type: 'cancel_open', reason: 'no' })
  return [
    stageOf('wait_for_accept_channel', { alice: proposed().alice }, 'alice'),
    stageOf('wait_for_accept_channel answered', answered(), 'alice'),
    stageOf('wait_for_funding_created', answered(), 'bob'),
    stageOf('wait_for_funding_transaction', agreed(), 'alice'),
    stageOf('wait_for_funding_created on its way', created(), 'bob'),
    ...signing(),
    stageOf('aborted', aborted, 'alice'),
  ]
}

function signing(): readonly ChannelStage[] {
  const duo = created()
  const before = stageOf('wait_for_funding_signed', fork(duo), 'alice')
  deliverNext(duo, 'bob')
  return [before, stageOf('wait_for_funding_signed on its way', duo, 'alice')]
}

function phases(): readonly ChannelStage[] {
  return PHASES.flatMap(phase =>
    CONNECTIONS.flatMap(connection =>
      (['alice', 'bob'] as const).map(who => {
        const duo = fork(inPhase(who, phase, connection))
        if (connection === 'reestablishing' && duo[otherName(who)].channel.state !== 'closed') {
          // What the peer says first on the new connection is on its way.
          input(duo, otherName(who), { type: 'disconnected' })
          duo[otherName(who)].outbox = []
          input(duo, otherName(who), { type: 'connected', negotiated: ALL_FEATURES })
        }
        return stageOf(`${phase} ${connection}`, duo, who)
      }),
    ),
  )
}

/** Ways through the dance, each with a name; every moment along one is a stage. */
const MOVES: readonly (readonly [string, (duo: Duo) => void])[] = [
  ['added', duo => void add(duo, 'alice', { amountMsat: 20_000_000n, secret: 7 })],
  ['added by both', duo => void add(duo, 'bob', { amountMsat: 400_000n, secret: 8 })],
  ['signed', duo => void input(duo, 'alice', { type: 'commit' })],
  ['both signed', duo => void input(duo, 'bob', { type: 'commit' })],
  ['one update read', duo => void deliverNext(duo, 'bob')],
  ['a signature read', duo => void deliverNext(duo, 'bob')],
  ['the other way', duo => void deliverNext(duo, 'alice')],
  ['crossed', duo => void deliverNext(duo, 'alice')],
  ['revoked', duo => void deliverNext(duo, 'alice')],
  ['settled', settle],
  ['fulfilled', duo => void fulfill(duo, 'bob', 1, 7)],
  ['fee', duo => void input(duo, 'alice', { type: 'update_fee', feeratePerKw: feeratePerKw(3_000) })],
  ['removal signed', duo => void input(duo, 'bob', { type: 'commit' })],
  ['removal read', duo => void deliverNext(duo, 'alice')],
  ['removal crossed', duo => void input(duo, 'alice', { type: 'commit' })],
]

function dance(): readonly ChannelStage[] {
  const duo = inPhase('alice', 'normal')
  const stages: ChannelStage[] = []
  for (const [name, move] of MOVES) {
    move(duo)
    stages.push(...both(name, () => duo))
    const cut = fork(duo)
    disconnect(cut)
    connect(cut)
    stages.push(...both(`${name}, cut`, () => cut))
    const half = fork(cut)
    deliverNext(half, 'alice')
    stages.push(...both(`${name}, half met again`, () => half))
  }
  return stages
}

function ends(): readonly ChannelStage[] {
  const legacy = negotiating(opened({ negotiated: LEGACY }))
  const simple = negotiating(opened())
  deliverNext(simple, 'bob')
  const done = negotiating(opened())
  deliver(done)
  const raised = fork(done)
  input(raised, 'alice', { type: 'bump_close', feeratePerKw: feeratePerKw(9_000) })
  const lost = inPhase('alice', 'normal')
  const { next, writes } = loseData(fundedOf(lost.alice), 'an older copy')
  lost.alice.channel = next
  for (const write of writes) if (write.type === 'put') lost.alice.records.set(write.key, write.value)
  const behind = fork(lost)
  disconnect(behind)
  connect(behind)
  const shut = inPhase('alice', 'normal')
  input(shut, 'alice', { type: 'shutdown' })
  deliver(shut)
  const peerFirst = opened({ pushMsat: msat(0) })
  input(peerFirst, 'bob', { type: 'shutdown' })
  const failed = inPhase('bob', 'normal')
  input(failed, 'bob', {
    type: 'message',
    message: { type: 'error', channelId: channelIdOf(failed.bob.channel), data: new Uint8Array(2) },
  })
  return [
    ...both('negotiating legacy', () => legacy),
    ...both('negotiating, one proposal read', () => simple),
    ...both('negotiated', () => done),
    ...both('fee raised', () => raised),
    ...both('data lost', () => lost),
    ...both('data lost, met again', () => behind),
    ...both('both shut down', () => shut),
    ...both('shut down on its way', () => peerFirst),
    ...both('failed by the peer', () => failed),
  ]
}

let made: readonly ChannelStage[] | undefined

/** All of them, made when they are first asked for. */
export function channelStages(): readonly ChannelStage[] {
  made ??= [...openings(), ...phases(), ...dance(), ...ends()]
  return made
}
