import {
  bytesEqual,
  defined,
  feeForWeight,
  type OutPoint,
  outPointKey,
  type Sat,
  sat,
  toHex,
} from '../../base/index.ts'
import { encodeTx, type Tx, type TxOut, txid, txVsize } from '../../bitcoin/index.ts'
import { ANCHOR_SAT } from '../../commitment/index.ts'
import { channelSpends } from '../../link/index.ts'
import { BLOCK_VBYTES, CAPACITY_SAT, DEMO_FEERATE, ONCHAIN_PAYMENT_VBYTES } from './constants.ts'
import type { Name } from './party.ts'
import { channelOf, type PaymentRun } from './payments.ts'
import type { DemoReport, LeftOutput, OnchainTransaction, Role, Scenario } from './report.ts'
import type { World } from './world.ts'

// The books of the demo, read off the chain alone: which transactions are of the channel, what they paid to whom, and what
// nobody took. Only their roles are taken from who published them.

interface Entry {
  readonly tx: Tx
  readonly height: number
  readonly role: Role
  readonly by: Name
  readonly feeSat: Sat
}

const NAMES: readonly Name[] = ['alice', 'bob']

export function buildReport(run: {
  readonly scenario: Scenario
  readonly world: World
  readonly payments: PaymentRun
  readonly crypto: string
}): DemoReport {
  const { world, payments } = run
  const entries = channelEntries(world)
  const loose = looseEnds(world, entries)
  const count = payments.aliceToBob.count + payments.bobToAlice.count
  return {
    scenario: run.scenario,
    network: 'regtest',
    capacitySat: CAPACITY_SAT,
    payments: {
      ...payments,
      count,
      perSecond: payments.seconds > 0 ? Math.round(count / payments.seconds) : 0,
      messages: world.messages,
      bytes: world.bytes,
    },
    onchain: entries.map(onchainTransaction),
    final: {
      alice: { onchainSat: cameOut(world, 'alice', entries, loose) },
      bob: { onchainSat: cameOut(world, 'bob', entries, loose) },
    },
    left: loose.filter(isAnchor),
    channelFeesSat: sumOf(entries.filter(entry => entry.role !== 'funding').map(entry => entry.feeSat)),
    fundingFeeSat: sumOf(entries.filter(entry => entry.role === 'funding').map(entry => entry.feeSat)),
    onchainInstead: onchainInstead(count),
    story: world.story,
    crypto: run.crypto,
  }
}

/** The funding transaction, what spends its output, what spends the outputs of that, and so on, as far as the wallets. */
function channelEntries(world: World): readonly Entry[] {
  const { fundingOutpoint } = channelOf(world.alice).durable.params
  const ofChannel = new Set([outPointKey(fundingOutpoint)])
  const entries: Entry[] = []
  for (let height = 1; height <= world.chain.height; height++) {
    for (const tx of world.chain.blockAt(height)?.transactions ?? []) {
      const id = txid(tx)
      const isFunding = id === fundingOutpoint.txid
      if (!isFunding && !tx.inputs.some(input => ofChannel.has(outPointKey(input.outpoint)))) continue
      if (!isFunding) for (const vout of tx.outputs.keys()) ofChannel.add(outPointKey({ txid: id, vout }))
      const published = defined(world.published.get(id), `${id} was published by one of the two`)
      entries.push({ tx, height, by: published.by, role: published.role, feeSat: feeOf(world, tx) })
    }
  }
  return entries
}

function feeOf(world: World, tx: Tx): Sat {
  const spent = sumOf(tx.inputs.map(input => previousOutput(world, input.outpoint).amountSat))
  return sat(spent - sumOf(tx.outputs.map(output => output.amountSat)))
}

function previousOutput(world: World, outpoint: OutPoint): TxOut {
  const known = world.chain.transaction(outpoint.txid)
  return defined(known?.tx.outputs[outpoint.vout], `${outPointKey(outpoint)} is on the chain`)
}

/** What each got from the channel: outputs to the wallet, less what the wallet itself put in to pay fees. */
function cameOut(world: World, name: Name, entries: readonly Entry[], loose: readonly LeftOutput[]): Sat {
  const { script } = world[name].wallet
  let total = 0n
  for (const { tx } of entries.filter(entry => entry.role !== 'funding')) {
    for (const output of tx.outputs) if (bytesEqual(output.script, script)) total += output.amountSat
    for (const input of tx.inputs) {
      const previous = previousOutput(world, input.outpoint)
      if (bytesEqual(previous.script, script)) total -= previous.amountSat
    }
  }
  for (const output of loose) if (output.owner === name && !isAnchor(output)) total += output.amountSat
  return sat(total)
}

/** The outputs of the channel that are unspent and not in a wallet. */
function looseEnds(world: World, entries: readonly Entry[]): readonly LeftOutput[] {
  return entries
    .filter(entry => entry.role !== 'funding')
    .flatMap(({ tx }) =>
      tx.outputs.flatMap((output, vout): readonly LeftOutput[] => {
        const outpoint = { txid: txid(tx), vout }
        if (world.chain.utxo(outpoint) === undefined || isWallet(world, output)) return []
        return [{ ...outpoint, amountSat: output.amountSat, ...ownerOf(world, outpoint, output) }]
      }),
    )
}

function isWallet(world: World, output: TxOut): boolean {
  return NAMES.some(name => bytesEqual(output.script, world[name].wallet.script))
}

/** Anchors are worth less than their fee; what else is left waits for the one who is not there to take it. */
function isAnchor(output: { readonly amountSat: Sat }): boolean {
  return output.amountSat === ANCHOR_SAT
}

/** The one who may spend it alone. */
function ownerOf(world: World, outpoint: OutPoint, output: TxOut): Pick<LeftOutput, 'owner' | 'why'> {
  const { driver } = world.alice
  const own = (party: 'local' | 'remote') =>
    channelSpends(driver.state, party, driver.context()).some(
      path => outPointKey(path.outpoint) === outPointKey(outpoint) && path.way !== 'anchor_anyone',
    )
  const owner = own('local') ? 'alice' : 'bob'
  if (isAnchor(output)) return { owner, why: 'an anchor, worth less than its own fee' }
  return { owner, why: `waits for ${owner === 'bob' ? 'Bob' : 'Alice'}, who alone can spend it` }
}

function onchainTransaction({ tx, height, role, by, feeSat }: Entry): OnchainTransaction {
  return {
    role,
    by,
    feeSat,
    height,
    txid: txid(tx),
    hex: toHex(encodeTx(tx)),
    vsize: txVsize(tx),
    meaning: MEANINGS[role],
  }
}

const MEANINGS: Readonly<Record<Role, string>> = {
  funding: 'locks the capacity into an output that only both together can spend',
  'mutual-close': 'pays each side its balance, signed by both',
  commitment: 'the state of the channel as one side holds it, published without the other',
  'htlc-timeout': 'takes back a payment that the other side never took',
  'htlc-success': 'takes a payment with its preimage',
  anchor: 'pays for the commitment',
  claim: 'brings what was delayed or waiting into the wallet',
  penalty: 'takes the outputs of a revoked state: the price of cheating',
}

/** Each payment as the smallest usual transaction of its own, in blocks that hold nothing else. */
function onchainInstead(transactions: number): DemoReport['onchainInstead'] {
  const vbytes = transactions * ONCHAIN_PAYMENT_VBYTES
  return {
    transactions,
    vbytes,
    feesSat: feeForWeight(DEMO_FEERATE, 4 * vbytes),
    blocks: Math.ceil(vbytes / BLOCK_VBYTES),
  }
}

function sumOf(amounts: readonly Sat[]): Sat {
  return sat(amounts.reduce((sum, amount) => sum + amount, 0n))
}
