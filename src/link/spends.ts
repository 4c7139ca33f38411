import { type OutPoint, outPointKey } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { stepChannel } from './channel.ts'
import { enforce, fundedChannel } from './enforcement.ts'
import type { LinkContext } from './types.ts'
import type { Work } from './work.ts'

/** A confirmed transaction, told for each watched output that it spends; the channel hears of the end of its funding output. */
export function spent(work: Work, tx: Tx, height: number, context: LinkContext): Work {
  return watchedSpends(tx, work.state.watched).reduce((done, outpoint) => {
    const funding = fundedChannel(done)?.durable.params.fundingOutpoint
    const ends = funding !== undefined && outPointKey(funding) === outPointKey(outpoint)
    const told = ends ? stepChannel(done, { type: 'funding_spent', tx }, context) : done
    return enforce(told, { type: 'spent', outpoint, tx, height }, context)
  }, work)
}

function watchedSpends(tx: Tx, watched: ReadonlyMap<string, OutPoint>): readonly OutPoint[] {
  return tx.inputs.map(input => input.outpoint).filter(outpoint => watched.has(outPointKey(outpoint)))
}
