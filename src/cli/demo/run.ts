import { assert, type ChannelId, msat, toHex, utf8Encode } from '../../base/index.ts'
import { activeBackends, sha256 } from '../../crypto/index.ts'
import { installBestBackends } from '../../node/index.ts'
import { CAPACITY_SAT, DEMO_FEERATE } from './constants.ts'
import { buildReport } from './ledger.ts'
import type { PaymentRun } from './payments.ts'
import type { DemoReport, Progress, Scenario } from './report.ts'
import { cheat } from './scenarios/cheat.ts'
import { cooperative } from './scenarios/cooperative.ts'
import { vanish } from './scenarios/vanish.ts'
import { World } from './world.ts'

/** What is to be played. */
export interface DemoPlan {
  readonly scenario: Scenario
  readonly payments: number
}

/** What happens between the opening and the last block of a scenario. */
export type Act = (world: World, payments: number, progress: Progress) => Promise<PaymentRun>

const ACTS: Readonly<Record<Scenario, Act>> = { cooperative, vanish, cheat }

/** The whole life of a channel between Alice and Bob, on a chain of its own. Everything but the speed is the same in every run. */
export async function runDemo(options: DemoPlan, progress: Progress): Promise<DemoReport> {
  await installBestBackends()
  const world = await openedWorld(progress)
  const payments = await ACTS[options.scenario](world, options.payments, progress)
  return buildReport({ scenario: options.scenario, world, payments, crypto: activeBackends().secp256k1 })
}

/** The stage with a channel of Alice's on it, open and unused. */
export async function openedWorld(progress: Pick<Progress, 'phase'>): Promise<World> {
  progress.phase('Alice and Bob get a chain, wallets and a wire')
  const world = new World()
  progress.phase('Alice opens a channel to Bob')
  await world.connect()
  const request = {
    temporaryChannelId: toHex(sha256(utf8Encode('bookend demo channel'))) as ChannelId,
    fundingAmountSat: CAPACITY_SAT,
    pushMsat: msat(0n),
    announce: false,
    feeratePerKw: DEMO_FEERATE,
  }
  const { failure } = await world.alice.driver.submit({ type: 'open', request })
  assert(failure === undefined, 'Alice may open her channel')
  await world.settle()
  world.tell('alice', 'locks 1,000,000 sat into an output that only both can spend together')
  await world.mineUntil(() => isOpen(world), 10)
  world.tell('chain', 'the funding transaction is confirmed and the channel is open')
  return world
}

function isOpen({ alice, bob }: World): boolean {
  return [alice, bob].every(party => party.driver.state.channel?.state === 'normal')
}
