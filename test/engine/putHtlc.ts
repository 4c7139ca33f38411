import { pmapGet, pmapSet } from '../../src/base/index.ts'
import type { Htlc } from '../../src/channel/index.ts'
import { linkContext } from '../../src/engine/index.ts'
import { linkStep } from '../../src/link/index.ts'
import { encodeMessage } from '../../src/wire/index.ts'
import type { Side } from './side.ts'
import type { ChannelId } from './stage.ts'

type Offer = Pick<Htlc, 'amountMsat' | 'paymentHash' | 'cltvExpiry' | 'onionRoutingPacket' | 'pathKey'>

/** Offers an HTLC by hand, which the payments of `from` know nothing of, and signs. Returns its id; nothing of it has arrived yet. */
export function putHtlc(from: Side, to: Side, channelId: ChannelId, offer: Offer): number {
  const link = from.link(channelId)
  const command = { type: 'add_htlc', ...offer } as const
  const context = linkContext({ state: from.state, context: from.context() }, link)
  const { next, writes, effects, failure } = linkStep(link.state, { type: 'command', command }, context)
  if (failure !== undefined) throw new Error(JSON.stringify(failure))
  const { links } = from.state
  from.state = {
    ...from.state,
    links: pmapSet(links, String(link.index), { ...link, state: next }),
    moved: new Set([link.index]),
  }
  for (const write of writes) {
    if (write.type === 'put') from.records.set(write.key, write.value)
    else from.records.delete(write.key)
  }
  let id: number | undefined
  for (const effect of effects) {
    if (effect.type === 'send') from.onSend(connectionOf(from, to), encodeMessage(effect.message))
    if (effect.type === 'event' && effect.event.type === 'htlc_added') id = effect.event.id
  }
  from.turn()
  if (id === undefined) throw new Error(`${from.name} has offered it`)
  return id
}

/** The one that `from` sends over: its other end may know already that it is gone. */
function connectionOf(from: Side, to: Side): number {
  const line = pmapGet(from.state.peers, to.id)?.state.line
  if (line?.type !== 'up') throw new Error(`${from.name} is connected`)
  return line.connection
}
