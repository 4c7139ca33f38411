import { bytesEqual, defined, toHex } from '../../base/index.ts'
import { type Tx, txid } from '../../bitcoin/index.ts'
import { commitmentNumberOf } from '../../commitment/index.ts'
import { mutualCloseFeeSat } from '../closing.ts'
import { channelObscuringFactor } from '../contents.ts'
import { done, type Outcome } from '../outcome.ts'
import type { ChannelDurable, CloseCause, FundedChannel } from '../types.ts'
import { toClosing } from './failChannel.ts'

/**
 * The funding output is spent: the channel ends with this transaction, whoever published it. The onchain room takes over. A channel
 * that is closing already keeps its first cause.
 */
export function fundingSpent(channel: FundedChannel, tx: Tx): Outcome {
  return done(toClosing(channel, causeOf(channel.durable, tx)))
}

function causeOf(durable: ChannelDurable, tx: Tx): CloseCause {
  const id = txid(tx)
  if (!isMutualClose(durable, tx)) {
    const reason = `the funding output was spent by ${id}, on which the two sides did not agree as a close`
    return { kind: 'spent_by_peer', reason, mayPublishCommitment: true }
  }
  const script = defined(durable.shutdown.local, 'a close is agreed on after our shutdown')
  const ours = tx.outputs.filter(output => bytesEqual(output.script, script))
  const paid = ours.reduce((sum, output) => sum + output.amountSat, 0n)
  const destination = paid === 0n ? 'it pays us nothing' : `it pays us ${paid} sat to ${toHex(script)}`
  const reason = `closed by agreement in ${id}: ${destination}, at a fee of ${mutualCloseFeeSat(durable, tx)} sat`
  return { kind: 'mutual', reason, mayPublishCommitment: true }
}

/** BOLT 3: what the input of a closing transaction says, legacy and simple. A commitment's begins with 0x80. */
const CLOSING_SEQUENCES: readonly number[] = [0xffffffff, 0xfffffffd]

/**
 * Any spend carries our signature, and we sign nothing but commitments and closing transactions. So one with the form of a
 * closing transaction is one that we offered, even if the peer published it without ever sending us its signature.
 */
function isMutualClose({ mutualCloses, params, shutdown }: ChannelDurable, tx: Tx): boolean {
  const id = txid(tx)
  if (mutualCloses.some(other => txid(other) === id)) return true
  const [input] = tx.inputs
  if (input === undefined || tx.inputs.length !== 1 || shutdown.local === undefined) return false
  return (
    CLOSING_SEQUENCES.includes(input.sequence) && commitmentNumberOf(tx, channelObscuringFactor(params)) === undefined
  )
}
