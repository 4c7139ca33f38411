import type { EventJson } from '../../api/index.ts'
import { unreachable } from '../../base/index.ts'
import type { Ink, Paint } from '../print.ts'
import { counted, grouped, inSat, msatInSat, oneLine, short, timeOf } from '../words.ts'

/** One event in one line: its number, when, and what happened. */
export function eventLine(event: EventJson, paint: Paint): string {
  const [ink, text] = said(event)
  return `${paint('faint', `${event.id}  ${timeOf(event.at)}`)}  ${ink === undefined ? text : paint(ink, text)}`
}

function said(event: EventJson): readonly [Ink | undefined, string] {
  switch (event.type) {
    case 'payment_received':
      return ['good', `received ${msatInSat(event.payment.amountMsat)} from ${short(event.payment.peer)}`]
    case 'payment_sent':
      return ['good', sent(event)]
    case 'payment_changed':
      return ['warn', changed(event)]
    case 'payment_failed':
      return ['bad', failed(event)]
    case 'payment_held':
      return ['good', held(event)]
    case 'hold_cancelled':
      return ['warn', gaveBack(event)]
    case 'payment_forwarded':
      return ['good', passedOn(event)]
    case 'channel_state':
      return [undefined, went(event)]
    case 'channel_onchain':
      return ['warn', `channel ${short(event.channelId)} on chain: ${oneLine(event.sentence)}`]
    case 'peer_said':
      return ['warn', `peer ${short(event.peer)} sent the ${event.kind} '${oneLine(event.text)}'`]
    case 'peer_connected':
      return [undefined, `connected to ${short(event.peer)}`]
    case 'peer_disconnected':
      return [undefined, `lost the connection to ${short(event.peer)}`]
    case 'channels_unknown':
      return ['bad', unknownHere(event)]
    case 'coin_received':
      return ['good', coinReceived(event)]
    case 'transaction_confirmed':
      return [undefined, `transaction ${event.txid} was confirmed in block ${grouped(event.height)}`]
    case 'transaction_conflicted':
      return ['bad', `transaction ${event.txid} lost to ${event.by} in block ${grouped(event.height)}`]
    case 'transaction_given_up':
      return ['bad', `transaction ${event.txid} was given up: the chain has no inputs for it`]
    default:
      return unreachable(event)
  }
}

type Of<Type extends EventJson['type']> = Extract<EventJson, { readonly type: Type }>

function sent({ payment }: Of<'payment_sent'>): string {
  const { amountMsat, feeMsat, peer } = payment
  return `paid ${msatInSat(amountMsat)} to ${short(peer)}, fee ${msatInSat(feeMsat)}`
}

function changed({ payment }: Of<'payment_changed'>): string {
  const { amountMsat, feeMsat, peer } = payment
  return `what was paid to ${short(peer)} came to ${msatInSat(amountMsat)} in the end, fee ${msatInSat(feeMsat)}`
}

function failed({ payment }: Of<'payment_failed'>): string {
  const { amountMsat, peer, failure } = payment
  const why = failure === undefined ? '' : `: ${oneLine(failure.message)}`
  return `did not pay ${msatInSat(amountMsat)} to ${short(peer)}${why}`
}

function held({ amountMsat, paymentHash, cancelledAtHeight }: Of<'payment_held'>): string {
  const until = `until block ${grouped(cancelledAtHeight)}`
  return `holds ${msatInSat(amountMsat)} for the invoice of ${short(paymentHash)} ${until}`
}

function gaveBack({ amountMsat, paymentHash, cause }: Of<'hold_cancelled'>): string {
  const why = cause === 'asked' ? '' : ', since its time was running out'
  return `gave back ${msatInSat(amountMsat)} that was held for ${short(paymentHash)}${why}`
}

const passedOn = ({ amountMsat, feeMsat, from, to }: Of<'payment_forwarded'>): string =>
  `passed on ${msatInSat(amountMsat)} from ${short(from)} to ${short(to)}, fee ${msatInSat(feeMsat)}`

function went({ channelId, from, to, reason }: Of<'channel_state'>): string {
  const why = reason === undefined ? '' : `: ${oneLine(reason)}`
  return `channel ${short(channelId)} went from ${from} to ${to}${why}`
}

function unknownHere({ peer, count, createdAt }: Of<'channels_unknown'>): string {
  const channels = `${counted(count, 'channel')} of this node ${count === 1 ? 'is' : 'are'} not known here`
  return `${channels}, by the list of ${timeOf(createdAt)} that ${short(peer)} keeps: restore with \`bookend restore --peer\``
}

const coinReceived = ({ amountSat, outpoint, height }: Of<'coin_received'>): string =>
  `received ${inSat(amountSat)} on chain, in block ${grouped(height)}, as ${outpoint.txid}:${outpoint.vout}`
