import { pmapValues, unreachable } from '../base/index.ts'
import { isIdle } from '../link/index.ts'
import { connectBlock, disconnectBlock, spendSeen } from './blocks.ts'
import { refundOpenings } from './charges.ts'
import { publishAll, stepWallet } from './coins.ts'
import { fundingTested } from './funding.ts'
import { saveWhereDue, stepGossip } from './gossip.ts'
import { stepLink } from './links.ts'
import { inputsMissing } from './lostInputs.ts'
import { tellOfAll, tellOfChannel } from './ownChannels.ts'
import { stepPayments } from './payments.ts'
import { hasLivingLinks, peerEntry, refuseWaiting } from './peerEntries.ts'
import { stepPeer } from './peers.ts'
import { prepareNext } from './prepare.ts'
import { forgetOldest, sweepRequests } from './requestAges.ts'
import { handleRequest } from './requests.ts'
import { routeMessage } from './routing.ts'
import { publishRefused } from './sending.ts'
import { heldRead, readHeld, writeHeld } from './storage/held.ts'
import { listChanged, sendLists } from './storage/own.ts'
import { beginTowers, towerAcked } from './towers/jobs.ts'
import type { EngineContext, EngineInput, EngineState, EngineStep } from './types.ts'
import { act, type Task, update, type Work } from './work.ts'

/** One input for a node. Total and pure: whatever comes in, the answer is a state, writes and effects. */
export function engineStep(state: EngineState, input: EngineInput, context: EngineContext): EngineStep {
  const work: Work = { state, context, writes: [], effects: [], tasks: [] }
  handle(work, input)
  drain(work)
  // What the signing itself brought on is signed for too.
  while (input.type === 'end_of_turn' && work.state.moved.size > 0) {
    endOfTurn(work)
    drain(work)
  }
  saveWhereDue(work)
  return { next: work.state, writes: work.writes, effects: work.effects }
}

/** Tasks bring tasks; each is one step further on the way of a message or a payment, so it ends. */
function drain(work: Work): void {
  for (let task = work.tasks.shift(); task !== undefined; task = work.tasks.shift()) perform(work, task)
}

/** For a driver. */
export const engineMachine = { step: engineStep, endOfTurn: { type: 'end_of_turn' }, prepare: prepareNext } as const

function handle(work: Work, input: EngineInput): void {
  switch (input.type) {
    case 'connected':
      connected(work, input)
      return
    case 'received': {
      const { connection, bytes } = input
      stepPeer(work, input.nodeId, { type: 'received', connection, bytes })
      return
    }
    case 'ended':
      stepPeer(work, input.nodeId, { type: 'ended', connection: input.connection })
      return
    case 'dial_failed':
      dialFailed(work, input)
      return
    case 'block_connected':
      connectBlock(work, input)
      return
    case 'block_disconnected':
      disconnectBlock(work)
      return
    case 'publish_refused':
      publishRefused(work, input)
      return
    case 'inputs_missing':
      inputsMissing(work, input.txid)
      return
    case 'funding_tested':
      fundingTested(work, input)
      return
    case 'spend_seen':
      spendSeen(work, input.tx)
      return
    case 'archive': {
      const { link, commitmentNumber, records } = input
      stepLink(work, link, { type: 'archive', commitmentNumber, records })
      return
    }
    case 'looked_up':
      stepPayments(work, { type: 'looked_up', request: input.request, records: input.records })
      return
    case 'funding_checked':
    case 'gossip_loaded':
      hearAnswer(work, input)
      return
    case 'storage_loaded':
      heldRead(work, input.peer, input.blob)
      return
    case 'tower_acked':
      towerAcked(work, input.tower, input.sequence)
      return
    case 'oldest_requests':
      forgetOldest(work, input)
      return
    case 'tick':
      tick(work)
      return
    case 'started':
      started(work)
      return
    case 'end_of_turn':
      endOfTurn(work)
      return
    default:
      handleRequest(work, input)
      return
  }
}

function perform(work: Work, task: Task): void {
  switch (task.to) {
    case 'link':
      stepLink(work, task.index, task.input, task.asker)
      return
    case 'peer':
      stepPeer(work, task.nodeId, task.input)
      return
    case 'payments':
      stepPayments(work, task.input)
      return
    case 'gossip':
      stepGossip(work, task.input)
      return
    case 'announcing':
      tellOfChannel(work, task.index)
      return
    case 'storage':
      listChanged(work)
      return
    case 'channels':
      routeMessage(work, task.nodeId, task.message)
      return
    default:
      unreachable(task)
      return
  }
}

/** For the gossip. */
function hearAnswer(work: Work, answer: Extract<EngineInput, { type: 'funding_checked' | 'gossip_loaded' }>): void {
  if (answer.type === 'funding_checked') stepGossip(work, answer)
  else stepGossip(work, { type: 'loaded', load: answer.load, records: answer.records })
}

function connected(work: Work, input: Extract<EngineInput, { type: 'connected' }>): void {
  const { connection, nodeId, outgoing, address } = input
  const { state, links } = peerEntry(work, nodeId)
  const isStranger = !outgoing && state.line.type === 'none' && links.length === 0
  if (isStranger && openLines(work) >= work.context.limits.engine.maxConnections) {
    act(work, { type: 'close', connection, reason: 'this node has as many connections as it can bear' })
    return
  }
  readHeld(work, nodeId)
  stepPeer(work, nodeId, { type: 'connected', connection, outgoing, ...(address !== undefined && { address }) })
  // The user has changed their mind while it was dialled.
  const isUnwanted = outgoing && !state.dial.wanted && state.line.type === 'none'
  if (isUnwanted) stepPeer(work, nodeId, { type: 'hang_up', reason: 'nobody wants it any more' })
}

/** One pass over the peers that we have to do with: a connection costs a handshake, which is far more. */
function openLines(work: Work): number {
  let open = 0
  for (const { state } of pmapValues(work.state.peers)) if (state.line.type !== 'none') open += 1
  return open
}

/** Who asked to be connected is told, unless the peer has found us meanwhile; who has channels is dialled again. */
function dialFailed(work: Work, { nodeId, reason }: Extract<EngineInput, { type: 'dial_failed' }>): void {
  if (peerEntry(work, nodeId).state.line.type === 'none')
    refuseWaiting(work, nodeId, { code: 'unreachable', got: reason })
  stepPeer(work, nodeId, { type: 'dial_failed' })
}

function tick(work: Work): void {
  for (const { state } of pmapValues(work.state.peers)) stepPeer(work, state.nodeId, { type: 'tick' })
  stepPayments(work, { type: 'tick' })
  const { wakeAt } = work.state.gossip
  if (wakeAt !== undefined && work.context.now >= wakeAt) stepGossip(work, { type: 'tick' })
  sweepRequests(work)
  writeHeld(work)
  sendLists(work)
}

/** What the records do not say: who is to be dialled, what is to be published again, what is watched. */
function started(work: Work): void {
  update(work, { tipSeenAt: work.context.now })
  forgetOpenings(work)
  beginTowers(work)
  const { answers } = stepWallet(work, { type: 'started' })
  publishAll(work, answers)
  for (const { index, state } of [...pmapValues(work.state.links)].sort((a, b) => a.index - b.index)) {
    if (!isIdle(state)) stepLink(work, index, { type: 'started' })
  }
  for (const entry of pmapValues(work.state.peers)) {
    const { nodeId, dial } = entry.state
    const wanted = entry.asked || hasLivingLinks(work, entry)
    if (wanted) stepPeer(work, nodeId, { type: 'wanted', wanted, addresses: dial.addresses })
  }
  tellOfAll(work)
  stepPayments(work, { type: 'tick' })
  sweepRequests(work)
}

/** Openings end with their process: the coins that were held for them are free, and the tokens have their money back. */
function forgetOpenings(work: Work): void {
  for (const { txid, standing } of work.state.wallet.transactions.values()) {
    if (standing === 'held') stepWallet(work, { type: 'abandoned', txid })
  }
  refundOpenings(work)
}

/** Signs once for all that the turn brought to a channel. */
function endOfTurn(work: Work): void {
  const { moved } = work.state
  if (moved.size === 0) return
  for (const index of moved) stepLink(work, index, { type: 'end_of_turn' })
  update(work, { moved: NOTHING_MOVED, movedLast: moved })
}

const NOTHING_MOVED: ReadonlySet<number> = new Set()
