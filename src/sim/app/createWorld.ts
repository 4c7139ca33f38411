import { msat, sat } from '../../base/index.ts'
import { ensureBackends } from '../../node/index.ts'
import { type RegtestChain, restoreRegtestChain } from '../../regtest/index.ts'
import { baseChain } from '../baseChain.ts'
import { randomOf } from '../random.ts'
import { AppWorld } from './appWorld.ts'
import type { ChannelOption, NewWorldOptions, WorldOptions, WorldSnapshot } from './options.ts'

/** Milliseconds since 1970 at the beginning of every world. */
const EPOCH_MS = 1_800_000_000_000
const DEFAULT_COINS_SAT = 1_000_000
/** Beside the capacity: for the funding transaction. */
const FOR_FEES_SAT = 20_000
const CONFIRMATIONS = 6

/**
 * A world for the tests of an application: real nodes, each on a disk, in a network and on a chain of the world, which live by virtual
 * time and go wrong by a seed. Resolves when all nodes run and their channels are open.
 */
export async function createWorld<const N extends string>(options: WorldOptions<N>): Promise<AppWorld<N>> {
  await ensureBackends()
  const seed = String(options.seed ?? ('from' in options ? options.from.seed : 0))
  const now = 'from' in options ? options.from.now : EPOCH_MS
  // Who goes on under the same seed must not draw again what was drawn before: secrets would come twice.
  const common = { ...options, seed, now, random: randomOf(`${seed}/application from ${now}`) }
  if ('from' in options) {
    const { from } = options
    const world = new AppWorld<N>({ ...common, chain: chainOf(from), nodes: from.nodes })
    await world.begin()
    return world
  }
  const nodes = options.nodes.map(name => ({ name }))
  const world = new AppWorld<N>({ ...common, chain: baseChain('real'), nodes })
  await world.begin(() => furnish(world, options))
  return world
}

/** Coins for everyone, and channels. */
async function furnish<N extends string>(world: AppWorld<N>, options: NewWorldOptions<N>): Promise<void> {
  const { nodes, channels = [], coinsSat = DEFAULT_COINS_SAT } = options
  for (const name of nodes) {
    if (coinsSat > 0) await world.chain.fund(world.nodes[name], coinsSat)
  }
  for (const { from, capacitySat } of channels) await world.chain.fund(world.nodes[from], capacitySat + FOR_FEES_SAT)
  // Coins count when their block was seen.
  await world.clock.sleep(1_000)
  for (const channel of channels) await open(world, channel)
  await world.clock.sleep(1_000)
  world.chain.mine(CONFIRMATIONS)
}

async function open<N extends string>(
  { nodes }: AppWorld<N>,
  { from, to, capacitySat, pushSat = 0 }: ChannelOption<N>,
): Promise<void> {
  const { nodeId, address } = nodes[to]
  await nodes[from].openChannel({
    peer: { nodeId, address },
    capacitySat: sat(BigInt(capacitySat)),
    pushMsat: msat(BigInt(pushSat) * 1000n),
  })
}

const restored = new WeakMap<WorldSnapshot, RegtestChain>()

/** Read once for each snapshot: the worlds that go on from it have forks. */
function chainOf(snapshot: WorldSnapshot): RegtestChain {
  const known = restored.get(snapshot)
  if (known !== undefined) return known.fork()
  const chain = restoreRegtestChain(snapshot.chain)
  if (!chain.ok) throw new Error(`The chain of the snapshot cannot be read: ${chain.error.message}`)
  restored.set(snapshot, chain.value)
  return chain.value.fork()
}
