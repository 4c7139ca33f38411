import { createInterface } from 'node:readline'
import { ChannelId } from 'lightningdevkit'
import { hex, ok, u32Of, u64Of, unhex } from './bytes.ts'
import { LdkEvents } from './events.ts'
import { LdkNode } from './ldkNode.ts'
import { payMany } from './many.ts'
import { invoice, keysend, pay, payAlong, refuse } from './payments.ts'
import type { Asked, LdkChannel, LdkOptions, Told, VerbName, Verbs } from './protocol.ts'
import { dial, type Line, listen } from './sockets.ts'
import { loadLdk } from './wasm.ts'

// One node of LDK as a process: lines of JSON in, lines of JSON out (protocol.ts).

type Handlers = { readonly [V in VerbName]: (args: Verbs[V]['in']) => Verbs[V]['out'] | Promise<Verbs[V]['out']> }

const TICK_MS = 10_000

// What the library says for itself is not for the one who reads our lines.
console.log = console.error
const tell = (told: Told): void => {
  process.stdout.write(`${JSON.stringify(told)}\n`)
}

await loadLdk()
const options: LdkOptions = JSON.parse(process.argv[2] ?? '')
const node = await LdkNode.create(options, tell)
const events = new LdkEvents(node, tell)
let pumping = false
const line: Line = { peers: node.peers, moved: pump }
const { server, port } = await listen(line, options.port)
const handlers = verbs()
const ticking = setInterval(() => tick(), TICK_MS)
pump()
tell({ event: 'ready', nodeId: hex(node.manager.get_our_node_id()), port, height: node.height })

for await (const text of createInterface({ input: process.stdin })) void answer(JSON.parse(text))
end()

/** Lets LDK do all that it has to do, a round in each turn of the event loop, so that sockets are heard in between. */
function pump(): void {
  if (pumping) return
  pumping = true
  setImmediate(() => {
    pumping = false
    const moved = events.process()
    node.persist()
    node.peers.process_events()
    const movedAgain = events.process()
    node.persist()
    if (moved || movedAgain) pump()
  })
}

function tick(): void {
  node.manager.timer_tick_occurred()
  // Who does not answer for a while is hung up on: on a busy machine that would end a benchmark, in which nobody dials again.
  if (options.synced !== true) node.peers.timer_tick_occurred()
  node.monitors.rebroadcast_pending_claims()
  pump()
}

async function answer({ id, verb, args }: Asked): Promise<void> {
  try {
    const result = handlers[verb](args as never)
    pump()
    tell({ id, result: await result })
  } catch (error) {
    tell({ id, error: error instanceof Error ? error.message : String(error) })
  }
}

function verbs(): Handlers {
  const { manager, peers, wallet } = node
  const idOf = (channelId: string) => ChannelId.constructor_new(unhex(channelId))
  return {
    info: () => ({
      nodeId: hex(manager.get_our_node_id()),
      nodeSecret: hex(node.keys.get_node_secret_key()),
      port,
      height: node.height,
      features: hex(manager.init_features().le_flags().reverse()),
    }),
    connect: async ({ nodeId, host, port: to }) => {
      await dial(line, nodeId, host, to)
      return {}
    },
    disconnect: ({ nodeId }) => {
      peers.disconnect_by_node_id(unhex(nodeId))
      return {}
    },
    peers: () => peers.list_peers().map(peer => hex(peer.get_counterparty_node_id())),
    open: ({ nodeId, capacitySat, pushMsat }) => {
      ok(manager.create_channel(unhex(nodeId), BigInt(capacitySat), BigInt(pushMsat), 0n, null, null), 'a channel')
      return {}
    },
    channels: () => channels(),
    invoice: args => invoice(node, args),
    pay: args => pay(node, events, args),
    invoices: ({ count, amountMsat }) => Array.from({ length: count }, () => invoice(node, { amountMsat }).invoice),
    payMany: args => payMany({ node, events, moved: pump }, args),
    keysend: args => keysend(node, events, args),
    payAlong: args => payAlong(node, events, args),
    hold: ({ on }) => {
      events.holds = on
      return {}
    },
    claim: ({ paymentHash }) => {
      events.claim(paymentHash)
      return {}
    },
    refuse: args => {
      refuse(node, args)
      return {}
    },
    close: ({ channelId, nodeId }) => {
      ok(manager.close_channel(idOf(channelId), unhex(nodeId)), 'a close')
      return {}
    },
    forceClose: ({ channelId, nodeId }) => {
      ok(manager.force_close_broadcasting_latest_txn(idOf(channelId), unhex(nodeId), 'asked to'), 'a forced close')
      return {}
    },
    sync: async () => {
      await node.sync()
      await settled()
      await node.broadcaster.idle()
      return { height: node.height }
    },
    feerate: ({ perKw }) => {
      node.feeratePerKw = perKw
      return {}
    },
    tick: () => {
      tick()
      return {}
    },
    cpu: () => {
      const { user, system } = process.cpuUsage()
      return { process: user + system }
    },
    address: () => ({ address: wallet.address }),
    balance: () => ({
      coinsSat: `${wallet.balanceSat}`,
      coins: wallet.coins.length,
      claimable: node.monitors.get_claimable_balances([]).length,
    }),
    stop: () => {
      setImmediate(end)
      return {}
    },
  }
}

/** A round of the pump. */
async function settled(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    pump()
    await new Promise(resolve => setImmediate(resolve))
  }
}

function channels(): readonly LdkChannel[] {
  return node.manager.list_channels().map(channel => ({
    channelId: hex(channel.get_channel_id().get_a()),
    peer: hex(channel.get_counterparty().get_node_id()),
    // Where its types say boolean, it gives 0 or 1.
    usable: Boolean(channel.get_is_usable()),
    ready: Boolean(channel.get_is_channel_ready()),
    outbound: Boolean(channel.get_is_outbound()),
    scid: u64Of(channel.get_short_channel_id()),
    capacitySat: `${channel.get_channel_value_satoshis()}`,
    outboundMsat: `${channel.get_outbound_capacity_msat()}`,
    feeratePerKw: u32Of(channel.get_feerate_sat_per_1000_weight()),
    pendingIn: channel.get_pending_inbound_htlcs().length,
    pendingOut: channel.get_pending_outbound_htlcs().length,
    channelType: hex(channel.get_channel_type().le_flags().reverse()),
  }))
}

function end(): void {
  clearInterval(ticking)
  node.persistAll()
  node.peers.disconnect_all_peers()
  server.close()
  process.stdout.write('', () => process.exit(0))
}
