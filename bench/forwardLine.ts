import { inspect } from 'node:util'
import {
  assert,
  type BlockHash,
  type ChannelId,
  concat,
  encode,
  fromHex,
  msat,
  type PaymentHash,
  sat,
  toHex,
  u64Number,
  utf8Encode,
} from '../src/base/index.ts'
import { scriptFromAddress } from '../src/bitcoin/index.ts'
import { sha256, verifyEcdsa } from '../src/crypto/index.ts'
import { shortChannelIdOf } from '../src/link/index.ts'
import { buildOnion, encodeFinalPayload, encodeIntermediatePayload, type OnionHop } from '../src/onion/index.ts'
import type { Store } from '../src/ports/index.ts'
import { createRegtestChain, type RegtestChain } from '../src/regtest/index.ts'
import type { ShortChannelId } from '../src/wire/index.ts'
import { LineNode } from './lineNode.ts'
import { randomOf } from './syntheticGraph.ts'

// Nodes in a row, and payments from one end to the other, in both directions at once: all but the two ends pass them on. The ends
// choose the way themselves, and know afterwards to the millisatoshi what everybody has to have.

const CAPACITY_SAT = 16_000_000n
const COINS_SAT = 20_000_000n
const FINAL_BLOCKS = 80
/** Whose HTLC could be taken after that many blocks is not passed on: blocks that come meanwhile count. */
const LEAST_MSAT = 1_000_000
const MOST_MSAT = 30_000_000
/** BOLT 2 and BOLT 4 name them; their first two bytes. */
const UPDATE_FULFILL_HTLC = 130
const UPDATE_FAIL_HTLC = 131
const ID_BYTES = 8
const CHANNEL_ID_BYTES = 32

export interface LineOptions {
  readonly names: readonly string[]
  readonly storeOf: (name: string) => Store | Promise<Store>
  readonly seed: number
}

export interface Run {
  readonly payments: number
  /** In each direction. */
  readonly inFlight: number
  /** One of so many is refused by the payee. */
  readonly refusedOneOf: number
  /** So many payments make a block. */
  readonly paymentsPerBlock: number
  readonly onDone?: (done: number) => Promise<void> | void
}

type Ways = 'there' | 'back'

export class ForwardLine {
  /** Whose signatures are judged by whatever library is there: keys may be made up. */
  readonly chain: RegtestChain = createRegtestChain({ verifySignature: verifyEcdsa })
  readonly #nodes: LineNode[] = []
  readonly #channels: ChannelId[] = []
  readonly #scids: ShortChannelId[] = []
  readonly #random: ReturnType<typeof randomOf>
  /** What each node has to have by now, in msat. */
  readonly #owed: bigint[] = []
  readonly #settling = new Map<PaymentHash, (paid: boolean) => void>()
  readonly #offered = new Map<string, PaymentHash>()
  #height = 0
  #fresh = 0
  fulfilled = 0
  refused = 0

  private constructor(seed: number) {
    this.#random = randomOf(seed)
  }

  static async open({ names, storeOf, seed }: LineOptions): Promise<ForwardLine> {
    const line = new ForwardLine(seed)
    line.chain.mine(1)
    for (const name of names) line.#nodes.push(new LineNode(name, { chain: line.chain, store: await storeOf(name) }))
    await line.#catchUp()
    await Promise.all(line.#nodes.map(node => node.driver.submit({ type: 'started' })))
    for (const node of line.#nodes.slice(0, -1)) await line.#fund(node)
    for (const [at, to] of line.#nodes.slice(1).entries()) await line.#join(at, line.#at(at), to)
    await line.#mine(6)
    for (const [at, channelId] of line.#channels.entries()) {
      const link = line.#at(at).links.find(({ state }) => channelIdIn(state) === channelId)
      const scid = link && shortChannelIdOf(link.state)
      assert(scid !== undefined, 'a channel that is confirmed has an id')
      line.#scids.push(scid)
    }
    line.#height = line.chain.height
    line.#owed.push(...line.balances())
    for (const [at, ways] of [
      [0, 'there'],
      [names.length - 1, 'back'],
    ] as const) {
      line.#at(at).onMessage = bytes => line.#heard(ways, bytes)
    }
    return line
  }

  /** What each node has in all of its channels, an HTLC counted for its payer until it is gone for good. */
  balances(): readonly bigint[] {
    return this.#nodes.map(node => node.channels().reduce((sum, { settled }) => sum + settled.localMsat, 0n))
  }

  /** What is not as it should be, in words; nothing if all is. To be asked when all is quiet. */
  async complaints(): Promise<readonly string[]> {
    const complaints: string[] = []
    for (const [at, balance] of this.balances().entries()) {
      if (balance !== this.#owed[at]) complaints.push(`node ${at} has ${balance} msat, and not ${this.#owed[at]}`)
    }
    for (const [at, node] of this.#nodes.entries()) {
      const { payments } = node.driver.state
      const { forwards, parts, inFlight } = payments
      for (const [name, { size }] of Object.entries({ forwards, parts, inFlight })) {
        if (size > 0) complaints.push(`node ${at} has ${size} ${name} left`)
      }
      for (const { params, htlcs, settled } of node.channels()) {
        if (htlcs.length > 0) complaints.push(`node ${at} has ${htlcs.length} HTLCs in a channel`)
        const sum = settled.localMsat + settled.remoteMsat
        if (sum !== params.fundingAmountSat * 1000n) complaints.push(`a channel of node ${at} holds ${sum} msat in all`)
      }
      const stored = await node.store.load('forward/')
      if (stored.size > 0) complaints.push(`the store of node ${at} holds ${stored.size} records of HTLCs passed on`)
    }
    return complaints
  }

  /** All of them, some of them refused, until nothing is on its way. */
  async run({ payments, inFlight, refusedOneOf, paymentsPerBlock, onDone }: Run): Promise<void> {
    let begun = 0
    let done = 0
    // What goes there comes back: however many there are, no channel runs dry.
    const lane = async (first: Ways): Promise<void> => {
      let [ways, amount] = [first, this.#amount()]
      while (begun < payments) {
        begun += 1
        await this.#pay(ways, amount, begun % refusedOneOf !== 0)
        if (ways !== first) amount = this.#amount()
        ways = ways === 'there' ? 'back' : 'there'
        done += 1
        if (done % paymentsPerBlock === 0) this.#block()
        await onDone?.(done)
      }
    }
    const lanes = Array.from({ length: inFlight }, () => [lane('there'), lane('back')]).flat()
    await Promise.all(lanes)
    await this.#quiet()
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) await node.stop()
  }

  #at(index: number): LineNode {
    const node = this.#nodes[index]
    assert(node !== undefined, 'a node of the line')
    return node
  }

  #amount(): bigint {
    return BigInt(LEAST_MSAT + this.#random.below(MOST_MSAT - LEAST_MSAT))
  }

  async #pay(ways: Ways, amount: bigint, isTaken: boolean): Promise<void> {
    const [preimage, paymentSecret, sessionKey] = [this.#bytes(), this.#bytes(), this.#bytes()]
    const paymentHash = toHex(sha256(preimage)) as PaymentHash // 32 bytes in hex
    const order = ways === 'there' ? this.#nodes : this.#nodes.toReversed()
    const scids = ways === 'there' ? this.#scids : this.#scids.toReversed()
    const [payer, payee] = [order[0], order.at(-1)]
    assert(payer !== undefined && payee !== undefined, 'a line has two ends')
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#settling.set(paymentHash, resolve)
    const reply = await payee.ask(request => ({
      type: 'payment',
      input: {
        type: 'create_invoice',
        request,
        description: 'line',
        expirySeconds: 3600,
        preimage,
        paymentSecret,
        amountMsat: msat(amount),
      },
    }))
    assert(reply.type === 'invoice', () => inspect(reply))
    // What reaches each of those behind the payer, the payee last.
    const reaching = [{ amount, cltv: this.#height + FINAL_BLOCKS }]
    for (const _ of scids.slice(1)) {
      const [next] = reaching
      assert(next !== undefined, 'the payee is reached')
      const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = payer.context().limits.payment
      const fee = (feeBaseMsat as bigint) + (next.amount * BigInt(feeProportionalMillionths)) / 1_000_000n
      reaching.unshift({ amount: next.amount + fee, cltv: next.cltv + cltvExpiryDelta })
    }
    const hops = order.slice(1).map((node, at): OnionHop => {
      const [here, next, scid] = [reaching[at], reaching[at + 1], scids[at + 1]]
      assert(here !== undefined, 'each hop is reached')
      const payload =
        next === undefined || scid === undefined
          ? encodeFinalPayload({
              type: 'plain',
              amtToForward: msat(amount),
              totalMsat: msat(amount),
              outgoingCltvValue: here.cltv,
              paymentSecret: isTaken ? paymentSecret : sessionKey,
              unknown: [],
            })
          : encodeIntermediatePayload({
              type: 'plain',
              amtToForward: msat(next.amount),
              outgoingCltvValue: next.cltv,
              shortChannelId: scid,
              unknown: [],
            })
      return { nodeId: node.id, payload }
    })
    const onion = buildOnion({ sessionKey, associatedData: fromHex(paymentHash), hops })
    const [first] = reaching
    assert(onion.ok && first !== undefined, 'the onion is built')
    const [link] = payer.links
    assert(link !== undefined, 'the payer has a channel')
    await payer.driver.submit({
      type: 'offer',
      link: link.index,
      amountMsat: first.amount,
      paymentHash,
      cltvExpiry: first.cltv,
      onionRoutingPacket: onion.value.packet,
      onAdded: id => this.#offered.set(`${ways}/${id}`, paymentHash),
    })
    const wasTaken = await promise
    assert(wasTaken === isTaken, `a payment was ${wasTaken ? 'taken' : 'refused'}`)
    if (!wasTaken) return
    // Each has what reaches it and has passed on the rest.
    const received = [0n, ...reaching.map(each => each.amount)]
    const passedOn = [...reaching.map(each => each.amount), 0n]
    for (const at of order.keys()) {
      const index = ways === 'there' ? at : order.length - 1 - at
      this.#owed[index] = (this.#owed[index] ?? 0n) + (received[at] ?? 0n) - (passedOn[at] ?? 0n)
    }
  }

  /** What the neighbour of an end says to it. */
  #heard(ways: Ways, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const type = view.getUint16(0)
    if (type !== UPDATE_FULFILL_HTLC && type !== UPDATE_FAIL_HTLC) return
    const id = Number(view.getBigUint64(2 + CHANNEL_ID_BYTES))
    const key = `${ways}/${id}`
    const paymentHash = this.#offered.get(key)
    assert(paymentHash !== undefined, 'an HTLC that was offered')
    this.#offered.delete(key)
    const isTaken = type === UPDATE_FULFILL_HTLC
    const start = 2 + CHANNEL_ID_BYTES + ID_BYTES
    if (isTaken) assert(toHex(sha256(bytes.slice(start, start + 32))) === paymentHash, 'the preimage is right')
    if (isTaken) this.fulfilled += 1
    else this.refused += 1
    this.#settling.get(paymentHash)?.(isTaken)
    this.#settling.delete(paymentHash)
  }

  /** A block without anything of interest, which no chain has to keep. */
  #block(): void {
    this.#height += 1
    const height = this.#height
    // 32 bytes in hex.
    const hash = toHex(sha256(encode(u64Number, height))) as BlockHash
    for (const node of this.#nodes) {
      void node.driver.submit({ type: 'block_connected', height, hash, transactions: [] })
    }
  }

  async #fund(node: LineNode): Promise<void> {
    const reply = await node.ask(request => ({ type: 'new_address', request }))
    assert(reply.type === 'address', () => inspect(reply))
    const script = scriptFromAddress(reply.address, 'regtest')
    assert(script.ok, 'an address of ours')
    const funded = this.chain.fund(script.value, sat(COINS_SAT))
    assert(funded.ok, () => inspect(funded))
    await this.#mine(1)
  }

  async #join(at: number, from: LineNode, to: LineNode): Promise<void> {
    const connection = at + 1
    from.peers.set(connection, to)
    to.peers.set(connection, from)
    await from.driver.submit({
      type: 'connect_peer',
      request: 0,
      nodeId: to.id,
      addresses: [{ host: 'next', port: 9735 }],
    })
    await Promise.all([
      from.driver.submit({ type: 'connected', connection, nodeId: to.id, outgoing: true }),
      to.driver.submit({ type: 'connected', connection, nodeId: from.id, outgoing: false }),
    ])
    await this.#quiet()
    const reply = await from.ask(request => ({
      type: 'open_channel',
      request,
      nodeId: to.id,
      capacitySat: sat(CAPACITY_SAT),
      pushMsat: msat(CAPACITY_SAT * 500n),
      // 32 bytes in hex.
      temporaryChannelId: toHex(this.#bytes()) as ChannelId,
    }))
    assert(reply.type === 'opened', () => inspect(reply))
    this.#channels.push(reply.channelId)
    await this.#mine(1)
  }

  async #mine(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.chain.mine(1)
      await this.#catchUp()
    }
    await this.#quiet()
  }

  async #catchUp(): Promise<void> {
    for (const { driver } of this.#nodes) {
      for (;;) {
        const seen = driver.state.blocks.at(-1)
        const block = this.chain.blockAt(seen === undefined ? this.chain.height : seen.height + 1)
        if (block === undefined) break
        const { height, hash, transactions } = block
        await driver.submit({ type: 'block_connected', height, hash, transactions })
      }
    }
  }

  /** Nobody has anything to do. */
  async #quiet(): Promise<void> {
    for (let calm = 0; calm < 3; calm++) {
      await new Promise(resolve => setImmediate(resolve))
      for (const { driver } of this.#nodes) {
        if (driver.busy) calm = 0
        await driver.idle()
      }
    }
  }

  #bytes(): Uint8Array {
    this.#fresh += 1
    return sha256(concat(utf8Encode('line'), encode(u64Number, this.#fresh)))
  }
}

function channelIdIn({ channel }: LineNode['links'][number]['state']): ChannelId | undefined {
  return channel !== undefined && 'durable' in channel ? channel.durable.params.channelId : undefined
}
