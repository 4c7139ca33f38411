import { type OutPoint, outPointKey, toHex } from '../../base/index.ts'
import type { TxOut } from '../../bitcoin/index.ts'
import { type ChannelDurable, channelIdOf, type FundedChannel } from '../../channel/index.ts'
import { ANCHOR_SAT, anchorsCostSat, commitmentFeeSat } from '../../commitment/index.ts'
import { isMutualClose, lowestFeerate } from '../due.ts'
import { fundedChannels } from '../ghost.ts'
import { isNotWorthwhile, type MoneyTrail, moneyTrail, type Scripts, walletScripts } from '../moneyTrail.ts'
import type { SimNode } from '../node.ts'
import type { Complaint, Observer } from '../observer.ts'
import type { World } from '../world.ts'
import { endedPayments, keptMsat } from './endedPayments.ts'

/**
 * Invariant 1, over a whole run, when everything is closed: what a node has had and was paid, less what it has paid and what it has
 * now, is what all that has cost it. The chain tells what it may have cost: fees, dust, anchors. No channel, no payment and no
 * wallet may lose or make a satoshi besides.
 */
export function money(world: World): Observer {
  return {
    name: 'money',
    closed: () => {
      const books = new Map(world.honest.map(node => [node, bookOf(world, node)] as const))
      for (const [node, book] of books) {
        // What it was paid after the image is in no log: then its peers say what is due to it.
        const complaint = world.lost.has(node) ? duesComplaint(world, node) : bookComplaint(world, node, book)
        if (complaint !== undefined) return complaint
      }
      return isAllKnown(world) ? sumComplaint(world, [...books.values()]) : undefined
    },
  }
}

/** Whether nobody lies, and nobody has forgotten anything. */
function isAllKnown({ honest, nodes, lost }: World): boolean {
  return honest.length === nodes.length && lost.size === 0
}

/** Data-loss protection: an honest peer closes the channel in a state in which it pays what it owes, whatever the other has forgotten. */
function duesComplaint(world: World, node: SimNode): Complaint {
  for (const channel of fundedChannels(node.state)) {
    const complaint = dueComplaint(world, node, channel)
    if (complaint !== undefined) return complaint
  }
  return undefined
}

function dueComplaint(world: World, node: SimNode, channel: FundedChannel): Complaint {
  const channelId = channelIdOf(channel)
  const theirs = world.honest
    .filter(peer => peer !== node && !world.lost.has(peer))
    .flatMap(peer => fundedChannels(peer.state))
    .find(other => channelIdOf(other) === channelId)
  if (theirs === undefined || isOwnFault(channel)) return undefined
  const trail = trailOf(world, node, channel)
  if (trail.spend === undefined) return undefined
  // HTLCs that it had offered are lost where they stood on what the peer published (docs/backup.md).
  const inFlight = theirs.durable.htlcs.reduce(
    (sum, { offeredBy, amountMsat }) => (offeredBy === 'remote' ? sum + amountMsat : sum),
    0n,
  )
  const due = theirs.durable.settled.remoteMsat - inFlight
  const got = msatOf(trail.gotSat[0] ?? 0n)
  const allowed = msatOf(channelCosts(channel, trail, highestFeerate(world)))
  if (got + allowed >= due) return undefined
  return `${node.name}, on an older image, has ${got} msat of channel ${channelId.slice(0, 8)}, of which an honest peer owes it ${due}, and that cost at most ${allowed}`
}

/** It went on chain with what it had, and asked nobody: its user wanted that, or an HTLC could not wait. */
function isOwnFault({ durable: { phase } }: FundedChannel): boolean {
  return (
    (phase.type === 'closing' || phase.type === 'closed') &&
    (phase.cause.kind === 'local_force' || phase.cause.kind === 'deadline')
  )
}

/** In millisatoshis. */
interface Book {
  readonly initial: bigint
  readonly received: bigint
  readonly sent: bigint
  readonly pushesReceived: bigint
  readonly pushesGiven: bigint
  readonly transfers: bigint
  readonly onChain: bigint
  readonly inChannels: bigint
  /** What is missing. */
  readonly cost: bigint
  /** What may be missing. */
  readonly allowed: bigint
}

function bookOf(world: World, node: SimNode): Book {
  const initial = msatOf(node.plan.coinsSat.reduce((sum, coin) => sum + BigInt(coin), 0n))
  let [received, sent, pushesReceived, pushesGiven, inChannels] = [0n, 0n, 0n, 0n, 0n]
  for (const { type, amountMsat } of endedPayments(node)) {
    if (type === 'payment_sent') sent += amountMsat
    else received += amountMsat
  }
  let allowed = msatOf(ownFees(world, node))
  for (const channel of fundedChannels(node.state)) {
    const { params, settled } = channel.durable
    if (world.chain.transaction(params.fundingOutpoint.txid)?.height === undefined) continue
    if (params.role === 'opener') pushesGiven += params.pushMsat
    else pushesReceived += params.pushMsat
    const trail = trailOf(world, node, channel)
    if (trail.spend === undefined) inChannels += settled.localMsat
    else allowed += msatOf(channelCosts(channel, trail, highestFeerate(world)))
  }
  const transfers = msatOf(transfersOf(world, node))
  const onChain = msatOf(coinsOf(world, scriptsOf(node)))
  const due = initial + received - sent + pushesReceived - pushesGiven + transfers
  const cost = due - onChain - inChannels
  return {
    initial,
    received,
    sent,
    pushesReceived,
    pushesGiven,
    transfers,
    onChain,
    inChannels,
    cost,
    allowed,
  }
}

function bookComplaint(world: World, node: SimNode, book: Book): Complaint {
  const { cost, allowed } = book
  // Who cheats loses what others then have.
  const hasGained = cost < 0n && isAllKnown(world) && -cost > keptMsat(node)
  if (!hasGained && cost <= allowed) return undefined
  const said = hasGained
    ? `${-cost} msat more than it can have`
    : `${cost} msat less than it had, and all that it did cost at most ${allowed}`
  return `${node.name} has ${said}: ${describe(book)}${channelsOf(world, node)}`
}

/** Exactly: what all are missing together has gone to miners, or lies unclaimed. */
function sumComplaint(world: World, books: readonly Book[]): Complaint {
  const missing = books.reduce((sum, { cost }) => sum + cost, 0n)
  const unclaimed = new Map<string, bigint>()
  for (const node of world.nodes) {
    for (const channel of fundedChannels(node.state)) {
      for (const { outpoint, amountSat } of trailOf(world, node, channel).unclaimed)
        unclaimed.set(outPointKey(outpoint), amountSat)
    }
  }
  const left = [...unclaimed.values()].reduce((sum, amountSat) => sum + amountSat, 0n)
  const fees = confirmed(world).reduce((sum, { feeSat, inputs }) => (isMiners(world, inputs) ? sum : sum + feeSat), 0n)
  // What a payee counts and the payer has lost. `payments` asks of each payment that one side alone counts whether it was too little for the
  // chain to move, so that nothing else is in this sum, and the two rules together are exact.
  const lost = books.reduce((sum, { received, sent }) => sum + received - sent, 0n)
  if (missing - lost === msatOf(fees + left)) return undefined
  return `all are missing ${missing - lost} msat together, the chain has taken ${fees} sat as fees, and ${left} sat are unclaimed`
}

/** What may be lost with a channel that has ended, by who pays for it and what the chain shows. */
function channelCosts(
  { durable }: FundedChannel,
  { spend, steps, unclaimed }: MoneyTrail,
  highestFeerate: number,
): bigint {
  if (spend === undefined) return 0n
  const { params } = durable
  const lost = params.fundingAmountSat - sumOf(spend.tx.outputs)
  // Who does not pay for the commitment may lose by it what is too small for an output, and fractions.
  const isPayer = params.role === 'opener' || isMutualClose(durable, spend.tx)
  const leastFeeSat = isPayer ? 0n : commitmentFeeSat(params.format, lowestFeerate(durable), 0)
  const ofSpend = lost > leastFeeSat ? lost - leastFeeSat : 0n
  const anchors = params.role === 'opener' ? anchorsCostSat(params.format) : 0n
  const fees = steps.slice(1).reduce((sum, { madeBy, feeSat }) => (madeBy === 0 ? sum + feeSat : sum), 0n)
  // The opener's anchors are counted already; whoever takes them has more.
  const left = unclaimed.filter(output => output.amountSat !== ANCHOR_SAT && isNotWorthwhile(output, highestFeerate))
  return ofSpend + anchors + fees + sumOf(left) + sumOf(returned(durable, { spend, steps }, highestFeerate)) + 1n
}

/** What it has fulfilled, and left as not worth its claim: once it has expired its peer may take it back. */
function returned(
  { htlcs }: ChannelDurable,
  { spend, steps }: Pick<MoneyTrail, 'spend' | 'steps'>,
  highestFeerate: number,
): readonly TxOut[] {
  const taken = steps.slice(1).filter(({ madeBy }) => madeBy === 1)
  const outpoints = taken.flatMap(({ known }) => known.tx.inputs.map(({ outpoint }) => outpoint))
  const outputs = outpoints.flatMap(({ txid, vout }) => (txid === spend?.txid ? (spend.tx.outputs[vout] ?? []) : []))
  const isFulfilled = (output: TxOut) =>
    htlcs.some(
      ({ offeredBy, resolution, amountMsat }) =>
        offeredBy === 'remote' && resolution?.type === 'fulfill' && amountMsat / 1000n === output.amountSat,
    )
  return outputs.filter(output => isNotWorthwhile(output, highestFeerate) && isFulfilled(output))
}

/** Of the whole run. */
function highestFeerate({ plan }: World): number {
  return plan.deeds.reduce(
    (highest, { deed }) => (deed.type === 'feerate' ? Math.max(highest, deed.perKw) : highest),
    1_000,
  )
}

function trailOf({ chain, nodes }: World, node: SimNode, { durable: { params } }: FundedChannel): MoneyTrail {
  const others = nodes.filter(each => each !== node).flatMap(each => [...scriptsOf(each)])
  return moneyTrail(chain, params.fundingOutpoint, [scriptsOf(node), new Set(others)])
}

interface ConfirmedTx {
  readonly inputs: readonly TxOut[]
  readonly outputs: readonly TxOut[]
  readonly feeSat: bigint
}

/** Every transaction on the chain that spends something. */
function confirmed({ chain }: World): readonly ConfirmedTx[] {
  const found: ConfirmedTx[] = []
  for (let height = 1; height <= chain.height; height++) {
    for (const tx of chain.blockAt(height)?.transactions.slice(1) ?? []) {
      const inputs = tx.inputs.flatMap(({ outpoint }) => outputAt(chain, outpoint))
      found.push({ inputs, outputs: tx.outputs, feeSat: sumOf(inputs) - sumOf(tx.outputs) })
    }
  }
  return found
}

function outputAt(chain: World['chain'], outpoint: OutPoint): readonly TxOut[] {
  const output = chain.output(outpoint)
  return output === undefined ? [] : [output]
}

function isMiners({ chain }: World, inputs: readonly TxOut[]): boolean {
  const miner = toHex(chain.minerScript)
  return inputs.every(({ script }) => toHex(script) === miner)
}

/** What its wallet has paid for its own transactions: fundings, sends. */
function ownFees(world: World, node: SimNode): bigint {
  const own = scriptsOf(node)
  return confirmed(world).reduce((sum, { inputs, feeSat }) => (areAll(inputs, own) ? sum + feeSat : sum), 0n)
}

/** What other wallets have sent to it, less what it has sent to them. */
function transfersOf(world: World, node: SimNode): bigint {
  const own = scriptsOf(node)
  const others = world.nodes.filter(each => each !== node).map(scriptsOf)
  let sum = 0n
  for (const { inputs, outputs } of confirmed(world)) {
    if (areAll(inputs, own)) for (const scripts of others) sum -= sumOf(within(outputs, scripts))
    else if (others.some(scripts => areAll(inputs, scripts))) sum += sumOf(within(outputs, own))
  }
  return sum
}

function coinsOf({ chain }: World, scripts: Scripts): bigint {
  let sum = 0n
  for (const [, { script, amountSat }] of chain.utxos()) if (scripts.has(toHex(script))) sum += amountSat
  return sum
}

function scriptsOf(node: SimNode): Scripts {
  return walletScripts(node.context(0).walletKeys, node.state.wallet)
}

function areAll(outputs: readonly TxOut[], scripts: Scripts): boolean {
  return within(outputs, scripts).length === outputs.length
}

function within(outputs: readonly TxOut[], scripts: Scripts): readonly TxOut[] {
  return outputs.filter(({ script }) => scripts.has(toHex(script)))
}

function sumOf(outputs: readonly TxOut[]): bigint {
  return outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
}

function msatOf(amountSat: bigint): bigint {
  return amountSat * 1000n
}

function describe({
  initial,
  received,
  sent,
  pushesReceived,
  pushesGiven,
  transfers,
  onChain,
  inChannels,
}: Book): string {
  const had = `it had ${initial}, was paid ${received}, has paid ${sent}`
  const pushed = `was given ${pushesReceived} and has given ${pushesGiven} with channels`
  const has = `has ${onChain} on chain and ${inChannels} in channels`
  return `${had}, ${pushed}, was sent ${transfers} on chain, ${has}`
}

/** How each of its channels ended. */
function channelsOf(world: World, node: SimNode): string {
  return fundedChannels(node.state)
    .map(channel => {
      const trail = trailOf(world, node, channel)
      const got = `${trail.gotSat[0]} sat came of ${channel.durable.settled.localMsat} msat`
      return `; channel ${channelIdOf(channel).slice(0, 8)}: ${got}, allowed ${channelCosts(channel, trail, highestFeerate(world))} sat`
    })
    .join('')
}
