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
    case 'payment_sent': {
      const { amountMsat, feeMsat, peer } = event.payment
      return ['good', `paid ${msatInSat(amountMsat)} to ${short(peer)}, fee ${msatInSat(feeMsat)}`]
    }
    case 'payment_changed': {
      const { amountMsat, feeMsat, peer } = event.payment
      return [
        'warn',
        `what was paid to ${short(peer)} came to ${msatInSat(amountMsat)} in the end, fee ${msatInSat(feeMsat)}`,
      ]
    }
    case 'payment_failed': {
      const { amountMsat, peer, failure } = event.payment
      const why = failure === undefined ? '' : `: ${oneLine(failure.message)}`
      return ['bad', `did not pay ${msatInSat(amountMsat)} to ${short(peer)}${why}`]
    }
    case 'payment_held': {
      const { amountMsat, paymentHash, cancelledAtHeight } = event
      const until = `until block ${grouped(cancelledAtHeight)}`
      return ['good', `holds ${msatInSat(amountMsat)} for the invoice of ${short(paymentHash)} ${until}`]
    }
    case 'hold_cancelled': {
      const why = event.cause === 'asked' ? '' : ', since its time was running out'
      return ['warn', `gave back ${msatInSat(event.amountMsat)} that was held for ${short(event.paymentHash)}${why}`]
    }
    case 'payment_forwarded': {
      const { amountMsat, feeMsat, from, to } = event
      return [
        'good',
        `passed on ${msatInSat(amountMsat)} from ${short(from)} to ${short(to)}, fee ${msatInSat(feeMsat)}`,
      ]
    }
    case 'channel_state': {
      const { channelId, from, to, reason } = event
      const why = reason === undefined ? '' : `: ${oneLine(reason)}`
      return [undefined, `channel ${short(channelId)} went from ${from} to ${to}${why}`]
    }
    case 'channel_onchain':
      return ['warn', `channel ${short(event.channelId)} on chain: ${oneLine(event.sentence)}`]
    case 'peer_said':
      return ['warn', `peer ${short(event.peer)} sent the ${event.kind} '${oneLine(event.text)}'`]
    case 'peer_connected':
      return [undefined, `connected to ${short(event.peer)}`]
    case 'peer_disconnected':
      return [undefined, `lost the connection to ${short(event.peer)}`]
    case 'channels_unknown': {
      const { peer, count, createdAt } = event
      return [
        'bad',
        `${counted(count, 'channel')} of this node ${count === 1 ? 'is' : 'are'} not known here, by the list of ${timeOf(createdAt)} that ` +
          `${short(peer)} keeps: restore with \`bookend restore --peer\``,
      ]
    }
    case 'coin_received': {
      const { amountSat, outpoint, height } = event
      return [
        'good',
        `received ${inSat(amountSat)} on chain, in block ${grouped(height)}, as ${outpoint.txid}:${outpoint.vout}`,
      ]
    }
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
