import type { Command } from 'commander'
import type { ChannelJson, ExplanationJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts, type Paint } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { grouped, inSat, msatInSat, oneLine } from '../words.ts'
import { stateOf } from './channels.ts'
import { CHANNEL_ARGUMENT, channelTyped } from './channelTyped.ts'

export function channelCommand(shell: Shell): Command {
  return nodeCommand(shell, 'channel', 'one channel; --explain says in plain words where it stands')
    .argument(...CHANNEL_ARGUMENT)
    .option('--explain', 'what either side could do on chain right now, and why it was closed if it was')
    .action((typed: string, options: NodeOptions & { readonly explain?: boolean }) =>
      atNode(shell, options, async at => {
        const { node, signal } = at
        const channelId = await channelTyped(at, typed)
        if (options.explain === true) {
          const explanation = await node.explainChannel({ channelId, signal })
          answer(shell, explanation, paint => explained(explanation, paint))
        } else {
          const channel = await node.channel({ channelId, signal })
          answer(shell, channel, paint => described(channel, paint))
        }
      }),
    )
}

function described(channel: ChannelJson, paint: Paint): readonly string[] {
  const { fundingOutpoint: funding, fundingConfirmedHeight: height } = channel
  const confirmed = height === undefined ? 'not confirmed' : `confirmed in block ${height}`
  return facts(
    [
      ['channel', paint('strong', channel.channelId)],
      ['peer', channel.peer],
      ['state', stateOf(channel)],
      ['opened by', channel.role === 'opener' ? 'us' : 'the peer'],
      ['capacity', inSat(channel.capacitySat)],
      ['ours', `${msatInSat(channel.localMsat)}, of it to spend now ${msatInSat(channel.spendableMsat)}`],
      ['theirs', `${msatInSat(channel.remoteMsat)}, of it to receive now ${msatInSat(channel.receivableMsat)}`],
      ['on the way', grouped(channel.htlcs)],
      ['funding', funding === undefined ? 'not known yet' : `${funding.txid}:${funding.vout}, ${confirmed}`],
      ['feerate', `${grouped(channel.feeratePerKw)} sat per 1,000 weight units`],
      ['closed', channel.closeReason === undefined ? undefined : oneLine(channel.closeReason)],
    ],
    paint,
  )
}

function explained({ summary, local, remote, outputs, closing }: ExplanationJson, paint: Paint): readonly string[] {
  // Once a commitment is in a block, all that may still happen is said with its outputs.
  const told = outputs.reduce((sum, { ways }) => sum + ways.length, 0)
  const isTold = outputs.length > 0 && told === local.length + remote.length
  const lines = outputs.flatMap(outputLines)
  return [
    oneLine(summary),
    ...(lines.length === 0 ? [] : ['', paint('strong', 'Each output'), ...lines]),
    ...section('What we could do on chain', isTold ? [] : local.map(spendLine), paint),
    ...section('What the peer could do on chain', isTold ? [] : remote.map(spendLine), paint),
    ...section('Why it was closed', closing, paint),
  ]
}

function section(title: string, lines: readonly string[], paint: Paint): readonly string[] {
  return lines.length === 0 ? [] : ['', paint('strong', title), ...lines.map(line => `  ${oneLine(line)}`)]
}

/** An output that ends: what it is, who may take it, what was done about it, and what comes next. */
function outputLines({ outpoint, amountSat, what, ways, spending, awaited }: Output): readonly string[] {
  const facts = [
    `${inSat(amountSat)}: ${what}`,
    ...ways.map(way => `${way.by === 'us' ? 'we' : 'the peer'}: ${spendLine(way)}`),
    ...(spending === undefined ? [] : [spendingLine(spending)]),
    `awaited: ${awaited}`,
  ]
  return [`  ${outpoint.txid}:${outpoint.vout}`, ...facts.map(line => `    ${oneLine(line)}`)]
}

type Output = ExplanationJson['outputs'][number]

function spendingLine({ txid, role, confirmedHeight, feeSat, feeratePerKw }: NonNullable<Output['spending']>): string {
  const fee =
    feeSat === undefined || feeratePerKw === undefined
      ? ''
      : `, at a fee of ${inSat(feeSat)} (${grouped(feeratePerKw)} sat per 1,000 weight units)`
  if (confirmedHeight !== undefined) return `spent in block ${confirmedHeight} by ${txid}${fee}`
  return `our ${role ?? 'transaction'} ${txid} waits for a block${fee}`
}

function spendLine({ sentence, amountSat, now, afterHeight }: ExplanationJson['local'][number]): string {
  const when = now ? 'now' : afterHeight === undefined ? 'later' : `after block ${afterHeight}`
  return `${inSat(amountSat)}, ${when}: ${sentence}`
}
