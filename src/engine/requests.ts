import { pmapValues, type Sat, satToMsat, unreachable } from '../base/index.ts'
import { channelIdOf } from '../channel/index.ts'
import { NEW_LINK } from '../link/index.ts'
import type { PaymentFailure } from '../payment/index.ts'
import { balanceOf } from '../wallet/index.ts'
import { tooMany } from './accepting.ts'
import { keepCharge } from './charges.ts'
import { answerOf, stepWallet, walletContext } from './coins.ts'
import { routeHints } from './hints.ts'
import { peerKey } from './keys.ts'
import { addLink, removeLink, stepLink, takeLinkIndex } from './links.ts'
import { openingEnded } from './openingEnded.ts'
import { tellOfPolicy } from './ownChannels.ts'
import { charge, stepPayments } from './payments.ts'
import { hasLivingLinks, isUp, peerEntry, putPeerEntry, refuseWaiting } from './peerEntries.ts'
import { stepPeer } from './peers.ts'
import { sendOnchain } from './sending.ts'
import type { EngineInput, PaymentRequest } from './types.ts'
import { linkAt, putJson, refuse, reply, type Work } from './work.ts'

// What a user asks of the node. Each request is answered once: here, or when what it began has come to its end.

type InputOf<T extends EngineInput['type']> = Extract<EngineInput, { type: T }>

export type Request = InputOf<
  'connect_peer' | 'disconnect_peer' | 'open_channel' | 'close_channel' | 'new_address' | 'send_onchain' | 'payment'
>

export function handleRequest(work: Work, request: Request): void {
  switch (request.type) {
    case 'connect_peer':
      connectPeer(work, request)
      return
    case 'disconnect_peer':
      disconnectPeer(work, request)
      return
    case 'open_channel':
      openChannel(work, request)
      return
    case 'close_channel':
      closeChannel(work, request)
      return
    case 'new_address':
      newAddress(work, request)
      return
    case 'send_onchain':
      sendOnchain(work, request)
      return
    case 'payment':
      stepPayments(work, hinted(work, request.input))
      if (request.input.type === 'set_policy') tellOfPolicy(work, request.input.channelId)
      return
    default:
      unreachable(request)
      return
  }
}

/** An invoice says how to reach us, where the network does not know. */
function hinted(work: Work, input: PaymentRequest): PaymentRequest {
  if (input.type !== 'create_invoice' && input.type !== 'create_hold_invoice') return input
  return { ...input, routeHints: routeHints(work, input.amountMsat) }
}

function connectPeer(work: Work, { request, nodeId, addresses }: InputOf<'connect_peer'>): void {
  const section = 'BOLT 1, connection handling'
  if (nodeId === work.context.nodeId) {
    refuse(work, request, { code: 'own_node_id', expected: 'another node', got: 'our own node id', section })
    return
  }
  const connected = isUp(work, nodeId)
  const entry = peerEntry(work, nodeId)
  if (!connected && addresses.length === 0 && entry.state.dial.addresses.length === 0) {
    const expected = 'an address, since the peer is not known'
    refuse(work, request, { code: 'no_address', expected, got: 'none', section })
    return
  }
  putPeerEntry(work, { ...entry, asked: true, waiting: connected ? entry.waiting : [...entry.waiting, request] })
  const known = addresses.length > 0 ? addresses : entry.state.dial.addresses
  putJson(work, peerKey(nodeId), { asked: true, addresses: known })
  // With addresses it is dialled at once, also where it would wait for its next try.
  stepPeer(work, nodeId, { type: 'wanted', wanted: true, ...(known.length > 0 && { addresses: known }) })
  if (connected) reply(work, request, { type: 'done' })
}

/** Channels want their peer back: with them, this is a pause. */
function disconnectPeer(work: Work, { request, nodeId }: InputOf<'disconnect_peer'>): void {
  refuseWaiting(work, nodeId, { code: 'disconnected', got: 'a request to disconnect' })
  const entry = peerEntry(work, nodeId)
  const wanted = hasLivingLinks(work, entry)
  putPeerEntry(work, { ...entry, asked: false })
  if (entry.links.length > 0) putJson(work, peerKey(nodeId), { asked: false, addresses: entry.state.dial.addresses })
  else if (entry.asked) work.writes.push({ type: 'delete', key: peerKey(nodeId) })
  stepPeer(work, nodeId, { type: 'wanted', wanted })
  stepPeer(work, nodeId, { type: 'hang_up', reason: 'the user asked for it' })
  reply(work, request, { type: 'done' })
}

function openChannel(work: Work, input: InputOf<'open_channel'>): void {
  const { request, nodeId, capacitySat, pushMsat, temporaryChannelId, idempotency, token } = input
  const section = 'BOLT 2, open_channel, sender'
  if (!isUp(work, nodeId)) {
    refuse(work, request, { code: 'not_connected', expected: 'a peer that is connected', got: 'none', section })
    return
  }
  const complaint = tooMany(work, nodeId)
  if (complaint !== undefined) {
    refuse(work, request, { code: 'too_many_channels', expected: 'fewer channels', got: complaint, section })
    return
  }
  const lack = lackSat(work, capacitySat)
  if (lack !== undefined) {
    refuse(work, request, lack)
    return
  }
  const charged = token === undefined ? undefined : { token, amountMsat: satToMsat(capacitySat) }
  const refusal = charged === undefined ? undefined : charge(work, { request, ...charged })
  if (refusal !== undefined) {
    refuseUnderToken(work, request, refusal)
    return
  }
  const index = takeLinkIndex(work)
  if (charged !== undefined) keepCharge(work, index, charged)
  const opening = {
    request,
    ...(idempotency !== undefined && { idempotency }),
    ...(input.feeratePerKw !== undefined && { feeratePerKw: input.feeratePerKw }),
  }
  addLink(work, {
    index,
    peer: nodeId,
    createdAt: work.context.now,
    state: { ...NEW_LINK, connection: 'connected' },
    opening,
  })
  const failure = stepLink(work, index, {
    type: 'open',
    request: {
      temporaryChannelId,
      ...variationsOf(input),
      fundingAmountSat: capacitySat,
      pushMsat,
      announce: input.announce ?? false,
    },
  })
  const link = linkAt(work, index)
  if (failure === undefined || link === undefined) return
  removeLink(work, link)
  openingEnded(work, link, failure)
}

function variationsOf({ zeroConf, scidAlias }: InputOf<'open_channel'>) {
  return { ...(zeroConf !== undefined && { zeroConf }), ...(scidAlias !== undefined && { scidAlias }) }
}

/** So that a peer is not bothered with a channel that we cannot pay. The fee comes on top; the wallet has the last word. */
function lackSat(work: Work, capacitySat: Sat) {
  const context = walletContext(work)
  const { spendableSat } = balanceOf(work.state.wallet, { ...context, channels: context.channels + 1 })
  if (spendableSat > capacitySat) return undefined
  const expected = `${capacitySat} sat and a fee, beside the reserve for channels`
  return {
    code: 'insufficient_funds',
    expected,
    got: `${spendableSat} sat that can be spent`,
    section: 'coins of the wallet',
  }
}

function closeChannel(work: Work, { request, channelId, force, feeratePerKw }: InputOf<'close_channel'>): void {
  for (const { index, state } of pmapValues(work.state.links)) {
    if (state.channel === undefined || channelIdOf(state.channel) !== channelId) continue
    const command = force
      ? ({ type: 'force_close', reason: 'the user asked for it' } as const)
      : ({ type: 'shutdown', ...(feeratePerKw !== undefined && { feeratePerKw }) } as const)
    const failure = stepLink(work, index, { type: 'command', command })
    // Whoever has not heard the answer asks again.
    if (failure === undefined || failure.code === 'shutdown_already_requested') {
      reply(work, request, { type: 'done' })
      return
    }
    refuse(work, request, failure)
    return
  }
  refuse(work, request, { code: 'no_channel', expected: 'one of our channels', got: channelId, section: 'close' })
}

function newAddress(work: Work, { request }: InputOf<'new_address'>): void {
  const { address } = answerOf(stepWallet(work, { type: 'address_requested' }).answers, 'address')
  reply(work, request, { type: 'address', address })
}

function refuseUnderToken(work: Work, request: number, failure: PaymentFailure): void {
  reply(work, request, { type: 'refused', failure })
}
