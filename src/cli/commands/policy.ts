import type { Command } from 'commander'
import type { ChannelPolicyJson, PolicyRequestJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, type Column, table } from '../print.ts'
import { usage } from '../problems.ts'
import { type AtNode, atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { msatOrZeroTyped, wholeTyped } from '../typed.ts'
import { grouped, msatInSat, short } from '../words.ts'
import { channelTyped } from './channelTyped.ts'

interface PolicyOptions extends NodeOptions {
  readonly all?: boolean
  readonly baseFee?: string
  readonly ppm?: string
  readonly cltvDelta?: string
  readonly min?: string
  readonly max?: string
  readonly disable?: boolean
  readonly enable?: boolean
}

const U32_MAX = 0xffff_ffff
const U16_MAX = 0xffff

export function policyCommand(shell: Shell): Command {
  return nodeCommand(shell, 'policy', 'what this node asks for passing payments on, channel by channel')
    .argument('[channel]', 'one of them: its id, or the first digits of it')
    .option('--all', 'change that of all channels')
    .option('--base-fee <msat>', 'ask so many millisatoshis for each payment')
    .option('--ppm <count>', 'and so many millionths of its amount')
    .option('--cltv-delta <blocks>', 'blocks between the expiry of what comes and of what goes on')
    .option('--min <msat>', 'pass on nothing smaller')
    .option('--max <msat>', 'pass on nothing larger')
    .option('--disable', 'pass nothing on through it')
    .option('--enable', 'pass payments on again')
    .action((typed: string | undefined, options: PolicyOptions) => {
      const change = changeOf(options)
      const isChange = Object.keys(change).length > 0
      if (isChange) checkTarget(typed, options)
      else if (options.all === true)
        throw usage('--all changes nothing by itself.', 'Say what is to change, such as --ppm 200.')
      return atNode(shell, options, async at => {
        const policies = isChange ? await changed(at, typed, change) : await looked(at, typed)
        answer(shell, policies, paint =>
          policies.length === 0 ? ['No channels, so nothing is passed on.'] : table(policies, COLUMNS, paint),
        )
      })
    })
}

function checkTarget(typed: string | undefined, { all }: PolicyOptions): void {
  if ((typed === undefined) === (all === true)) return
  throw usage(
    typed === undefined ? 'Which channel is not said.' : 'A channel and --all do not go together.',
    'Name one channel, or give --all.',
  )
}

function changeOf(options: PolicyOptions): PolicyRequestJson {
  const { baseFee, ppm, cltvDelta, min, max, disable = false, enable = false } = options
  if (disable && enable) throw usage('--disable and --enable do not go together.', 'Give one of them.')
  return {
    ...(baseFee === undefined ? {} : { feeBaseMsat: msatOrZeroTyped(baseFee, '--base-fee') }),
    ...(ppm === undefined ? {} : { feeProportionalMillionths: wholeTyped(ppm, '--ppm', { min: 0, max: U32_MAX }) }),
    ...(cltvDelta === undefined
      ? {}
      : { cltvExpiryDelta: wholeTyped(cltvDelta, '--cltv-delta', { min: 0, max: U16_MAX }) }),
    ...(min === undefined ? {} : { htlcMinimumMsat: msatOrZeroTyped(min, '--min') }),
    ...(max === undefined ? {} : { htlcMaximumMsat: msatOrZeroTyped(max, '--max') }),
    ...(disable ? { disabled: true } : enable ? { disabled: false } : {}),
  }
}

async function looked(at: AtNode, typed: string | undefined): Promise<readonly ChannelPolicyJson[]> {
  const policies = await at.node.policies({ signal: at.signal })
  if (typed === undefined) return policies
  const channelId = await channelTyped(at, typed)
  const found = policies.filter(policy => policy.channelId === channelId)
  if (found.length > 0) return found
  throw usage(`The channel ${short(channelId)} passes nothing on.`, '`bookend policy` lists those that do.')
}

async function changed(
  at: AtNode,
  typed: string | undefined,
  change: PolicyRequestJson,
): Promise<readonly ChannelPolicyJson[]> {
  const { node, signal } = at
  const ids =
    typed === undefined
      ? (await node.policies({ signal })).map(({ channelId }) => channelId)
      : [await channelTyped(at, typed)]
  const policies: ChannelPolicyJson[] = []
  for (const channelId of ids) policies.push(await node.setPolicy({ channelId, ...change, signal }))
  return policies
}

const COLUMNS: readonly Column<ChannelPolicyJson>[] = [
  { title: 'channel', of: ({ channelId }) => short(channelId) },
  { title: 'base fee', of: ({ feeBaseMsat }) => msatInSat(feeBaseMsat), right: true },
  { title: 'ppm', of: ({ feeProportionalMillionths }) => grouped(feeProportionalMillionths), right: true },
  { title: 'delta', of: ({ cltvExpiryDelta }) => `${cltvExpiryDelta}`, right: true },
  { title: 'min', of: ({ htlcMinimumMsat }) => msatInSat(htlcMinimumMsat), right: true },
  {
    title: 'max',
    of: ({ htlcMaximumMsat }) => (htlcMaximumMsat === undefined ? 'any' : msatInSat(htlcMaximumMsat)),
    right: true,
  },
  {
    title: 'passes on',
    of: ({ disabled }) => (disabled ? 'no' : 'yes'),
    ink: ({ disabled }) => (disabled ? 'warn' : 'good'),
  },
]
