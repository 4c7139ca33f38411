import {
  type BlockHash,
  type ChannelId,
  feeratePerKw,
  msat,
  type Sat,
  sat,
  type Txid,
  utf8Encode,
} from '../src/base/index.ts'
import { p2wpkhScript, type Tx } from '../src/bitcoin/index.ts'
import { DEFAULT_LIMITS, type PeerMessage } from '../src/channel/index.ts'
import { publicKeyFromSecret, sha256 } from '../src/crypto/index.ts'
import {
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type LinkWrite,
  linkStep,
  NEW_LINK,
} from '../src/link/index.ts'
import { cpuMicros } from './cpu.ts'

// Two links in one process, without driver, store or wire: a turn is a loop over inputs, and messages are handed over as values.

export type Name = 'alice' | 'bob'
export const CAPACITY_SAT = sat(16_000_000)
export const HEIGHT = 101

export type LinkEvent = Extract<LinkEffect, { type: 'event' }>['event']

/** One side. It counts the time that its steps take, and what they would have written. */
export class BenchSide {
  readonly name: Name
  readonly context: LinkContext
  /** Called with every record that a step writes; a benchmark of the store hangs in here. */
  onWrites: (writes: readonly LinkWrite[]) => void = () => undefined
  state: LinkState = NEW_LINK
  inbox: LinkInput[] = []
  outbox: PeerMessage[] = []
  published: Tx[] = []
  onEvent: (event: LinkEvent) => void = () => undefined
  micros = 0
  writes = 0
  bytes = 0

  constructor(name: Name, context: LinkContext = contextOf(name)) {
    this.name = name
    this.context = context
  }

  /** All that waits, then the end of the turn. Effects come after the last step, as a driver does it. */
  turn(): void {
    const inputs = this.inbox
    this.inbox = []
    const effects: LinkEffect[] = []
    const start = cpuMicros()
    for (const input of inputs) this.#step(input, effects)
    this.#step({ type: 'end_of_turn' }, effects)
    this.micros += cpuMicros() - start
    for (const effect of effects) this.#perform(effect)
  }

  #step(input: LinkInput, effects: LinkEffect[]): void {
    const step = linkStep(this.state, input, this.context)
    if (step.failure !== undefined) throw new Error(`${this.name}: ${JSON.stringify(step.failure)}`)
    this.state = step.next
    for (const effect of step.effects) effects.push(effect)
    this.writes += step.writes.length
    for (const write of step.writes) this.bytes += write.key.length + (write.type === 'put' ? write.value.length : 0)
    this.onWrites(step.writes)
  }

  #perform(effect: LinkEffect): void {
    switch (effect.type) {
      case 'send':
        this.outbox.push(effect.message)
        return
      case 'publish':
        this.published.push(effect.tx)
        return
      case 'fund_channel':
        this.inbox.push({ type: 'command', command: { type: 'funding_transaction', tx: fundingTx(effect.output) } })
        return
      case 'event':
        this.onEvent(effect.event)
        return
      case 'close_connection':
      case 'load_archive':
        throw new Error(`${this.name}: ${effect.type}`)
      default:
        return
    }
  }
}

export interface LinkPair {
  readonly alice: BenchSide
  readonly bob: BenchSide
}

/** A channel in state `normal`, half of the money on each side. `prepare` sees both sides before their first step. */
export function openPair(prepare: (side: BenchSide) => void = () => undefined): LinkPair {
  const pair = { alice: new BenchSide('alice'), bob: new BenchSide('bob') }
  for (const side of [pair.alice, pair.bob]) prepare(side)
  for (const side of [pair.alice, pair.bob]) side.inbox.push({ type: 'connected' })
  const temporaryChannelId = '7e'.repeat(32) as ChannelId
  const pushMsat = msat((CAPACITY_SAT * 1000n) / 2n)
  const request = { temporaryChannelId, fundingAmountSat: CAPACITY_SAT, pushMsat, announce: false }
  pair.alice.inbox.push({ type: 'open', request })
  settle(pair)
  const [funding] = pair.alice.published
  if (funding === undefined) throw new Error('no funding transaction')
  for (const side of [pair.alice, pair.bob]) {
    side.inbox.push({ type: 'block_connected', height: HEIGHT, transactions: [COINBASE, funding] })
  }
  settle(pair)
  for (const { name, state } of [pair.alice, pair.bob]) {
    if (state.channel?.state !== 'normal') throw new Error(`${name} is in ${state.channel?.state}`)
  }
  return pair
}

/** Turns and deliveries until both are silent. */
export function settle({ alice, bob }: LinkPair): void {
  while (alice.inbox.length + bob.inbox.length > 0) {
    for (const side of [alice, bob]) if (side.inbox.length > 0) side.turn()
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      for (const message of from.outbox) to.inbox.push({ type: 'message', message })
      from.outbox = []
    }
  }
}

function contextOf(name: Name): LinkContext {
  const seed = sha256(utf8Encode(`bench ${name}`))
  const feerate = feeratePerKw(1_000)
  return {
    chainHash: '0f'.repeat(32) as BlockHash,
    height: HEIGHT,
    seed,
    negotiated: {
      upfrontShutdownScript: false,
      shutdownAnySegwit: true,
      simpleClose: true,
      largeChannels: false,
      scidAlias: false,
      zeroConf: false,
      attributionData: false,
    },
    channelKeyIndex: 0,
    channelIdsInUse: [],
    limits: {
      ...DEFAULT_LIMITS,
      minimumDepth: 1,
      maxAcceptedHtlcs: 483,
      maxDustHtlcExposureMsat: msat(1_000_000_000n),
    },
    feerates: { commitment: feerate, mutualClose: feerate, claim: feerate },
    walletScript: p2wpkhScript(publicKeyFromSecret(sha256(seed))),
    feeCoins: [],
  }
}

const NO_SCRIPT = new Uint8Array(0)

const COINBASE: Tx = {
  version: 2,
  inputs: [
    {
      outpoint: { txid: '00'.repeat(32) as Txid, vout: 0xffffffff },
      scriptSig: Uint8Array.of(1, 2, 3),
      sequence: 0xffffffff,
      witness: [],
    },
  ],
  outputs: [{ amountSat: sat(5_000_000_000), script: Uint8Array.of(0x51) }],
  locktime: 0,
}

/** Nobody asks where the money is from. */
function fundingTx(output: { readonly amountSat: Sat; readonly script: Uint8Array }): Tx {
  const outpoint = { txid: 'aa'.repeat(32) as Txid, vout: 0 }
  return {
    version: 2,
    inputs: [{ outpoint, scriptSig: NO_SCRIPT, sequence: 0xfffffffd, witness: [Uint8Array.of(1)] }],
    outputs: [output],
    locktime: 0,
  }
}
