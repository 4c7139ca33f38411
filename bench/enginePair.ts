import { type ChannelId, concat, feeratePerKw, msat, type NodeId, nodeId, sat, utf8Encode } from '../src/base/index.ts'
import { scriptFromAddress, txid } from '../src/bitcoin/index.ts'
import { DEFAULT_LIMITS } from '../src/channel/index.ts'
import { publicKeyFromSecret, sha256 } from '../src/crypto/index.ts'
import {
  DEFAULT_ENGINE_LIMITS,
  type EngineContext,
  type EngineEffect,
  type EngineInput,
  type EngineReply,
  type EngineState,
  type EngineWrite,
  engineStep,
  loadEngine,
} from '../src/engine/index.ts'
import { DEFAULT_GOSSIP_LIMITS } from '../src/gossip/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../src/payment/index.ts'
import { DEFAULT_PEER_LIMITS, localFeatures, supportedFeatures } from '../src/peer/index.ts'
import { createRegtestChain, REGTEST_GENESIS_HASH, type RegtestChain } from '../src/regtest/index.ts'
import { DEFAULT_WALLET_LIMITS, walletKeys } from '../src/wallet/index.ts'
import { cpuMicros } from './cpu.ts'

// Two engines in one process, without driver, store or connection: a turn is a loop over inputs, and messages are handed over as bytes.

/** One side. It counts the time that its steps take, and keeps what they would have written since `reset`. */
export class EngineSide {
  readonly id: NodeId
  readonly chain: RegtestChain
  readonly context: EngineContext
  state: EngineState
  inbox: EngineInput[] = []
  outbox: Uint8Array[] = []
  onReply: (request: number, reply: EngineReply) => void = () => undefined
  micros = 0
  /** One list for each turn. */
  commits: (readonly EngineWrite[])[] = []

  constructor(name: string, chain: RegtestChain) {
    this.chain = chain
    this.context = benchContext(name)
    this.id = this.context.nodeId
    const loaded = loadEngine({ records: new Map(), lastEvent: 0, context: this.context })
    if (!loaded.ok) throw new Error(loaded.error.message)
    this.state = loaded.value
    this.inbox.push({ type: 'started' })
  }

  reset(): void {
    this.micros = 0
    this.commits = []
  }

  /** All that waits, then the end of the turn. Effects come after the last step, as a driver does it. */
  turn(): void {
    const inputs = this.inbox
    this.inbox = []
    const effects: EngineEffect[] = []
    const writes: EngineWrite[] = []
    const start = cpuMicros()
    for (const input of inputs) this.#step(input, effects, writes)
    this.#step({ type: 'end_of_turn' }, effects, writes)
    this.micros += cpuMicros() - start
    if (writes.length > 0) this.commits.push(writes)
    for (const effect of effects) this.#perform(effect)
  }

  /** The blocks that have come since. */
  catchUp(): void {
    for (;;) {
      const seen = this.state.blocks.at(-1)
      const block = this.chain.blockAt(seen === undefined ? this.chain.height : seen.height + 1)
      if (block === undefined) return
      const { height, hash, transactions } = block
      this.inbox.push({ type: 'block_connected', height, hash, transactions })
      this.turn()
    }
  }

  #step(input: EngineInput, effects: EngineEffect[], writes: EngineWrite[]): void {
    const step = engineStep(this.state, input, this.context)
    this.state = step.next
    for (const effect of step.effects) effects.push(effect)
    for (const write of step.writes) writes.push(write)
  }

  #perform(effect: EngineEffect): void {
    switch (effect.type) {
      case 'send':
        this.outbox.push(effect.bytes)
        return
      case 'publish':
        if (this.chain.transaction(txid(effect.tx)) === undefined) this.chain.submit(effect.tx)
        return
      case 'test_funding':
        this.inbox.push({ type: 'funding_tested', link: effect.link, tx: effect.tx })
        return
      case 'reply':
        this.onReply(effect.request, effect.reply)
        return
      case 'close':
        throw new Error(effect.reason)
      default:
        return
    }
  }
}

/** What a node of this name is made of: its keys come from the name. */
export function benchContext(name: string): EngineContext {
  const seed = (what: string) => sha256(utf8Encode(`bench ${name} ${what}`))
  const features = localFeatures()
  const feerate = feeratePerKw(1_000)
  return {
    now: 1_800_000_000_000,
    entropy: 0.5,
    network: 'regtest',
    chainHash: REGTEST_GENESIS_HASH,
    nodeId: nodeId(publicKeyFromSecret(seed('node'))),
    nodeSecret: seed('node'),
    channelSeed: seed('channels'),
    walletKeys: walletKeys(concat(seed('wallet'), seed('wallet again')), 'regtest'),
    features,
    supported: supportedFeatures(features),
    limits: {
      engine: DEFAULT_ENGINE_LIMITS,
      channel: {
        ...DEFAULT_LIMITS,
        minimumDepth: 1,
        maxAcceptedHtlcs: 483,
        maxDustHtlcExposureMsat: msat(1_000_000_000n),
      },
      gossip: DEFAULT_GOSSIP_LIMITS,
      peer: DEFAULT_PEER_LIMITS,
      payment: DEFAULT_PAYMENT_LIMITS,
      wallet: DEFAULT_WALLET_LIMITS,
    },
    feerates: { funding: feerate, commitment: feerate, mutualClose: feerate, claim: feerate },
  }
}

export interface EnginePair {
  readonly payer: EngineSide
  readonly payee: EngineSide
}

const COINS_SAT = 20_000_000n
const CAPACITY_SAT = sat(16_000_000)

/** A channel that can be used, funded by the payer. */
export function openEngines(): EnginePair {
  const chain = createRegtestChain()
  const pair = { payer: new EngineSide('payer', chain), payee: new EngineSide('payee', chain) }
  const { payer, payee } = pair
  mine(pair)
  payer.onReply = (_request, reply) => {
    if (reply.type === 'failed' || reply.type === 'refused') throw new Error(JSON.stringify(reply.failure))
    if (reply.type !== 'address') return
    const script = scriptFromAddress(reply.address, 'regtest')
    if (script.ok) chain.fund(script.value, sat(COINS_SAT))
  }
  payer.inbox.push({ type: 'new_address', request: 1 })
  mine(pair)
  payer.inbox.push({ type: 'connect_peer', request: 2, nodeId: payee.id, addresses: [{ host: 'payee', port: 9735 }] })
  settle(pair)
  payer.inbox.push({ type: 'connected', connection: 1, nodeId: payee.id, outgoing: true })
  payee.inbox.push({ type: 'connected', connection: 1, nodeId: payer.id, outgoing: false })
  settle(pair)
  payer.inbox.push({
    type: 'open_channel',
    request: 3,
    nodeId: payee.id,
    capacitySat: CAPACITY_SAT,
    pushMsat: msat(0n),
    temporaryChannelId: '7e'.repeat(32) as ChannelId, // 32 bytes in hex
  })
  for (let i = 0; i < 3; i++) mine(pair)
  return pair
}

function mine(pair: EnginePair): void {
  settle(pair)
  pair.payer.chain.mine(1)
  for (const side of [pair.payer, pair.payee]) side.catchUp()
  settle(pair)
}

/** Turns and deliveries until both are silent. What one side sent in a turn comes to the other in one turn. */
export function settle({ payer, payee }: EnginePair): void {
  for (;;) {
    deliver(payer, payee)
    deliver(payee, payer)
    const waiting = [payer, payee].filter(({ inbox }) => inbox.length > 0)
    if (waiting.length === 0) return
    for (const side of waiting) side.turn()
  }
}

function deliver(from: EngineSide, to: EngineSide): void {
  for (const bytes of from.outbox) to.inbox.push({ type: 'received', connection: 1, nodeId: from.id, bytes })
  from.outbox = []
}
