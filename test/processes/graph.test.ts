import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { cleanUp } from '../cli/regtestProcess.ts'
import { Daemon, killAllDaemons } from './daemon.ts'
import { randomFrom } from './random.ts'
import { buildTown, fund, introduce, isUsable, until } from './town.ts'

// The network over real processes: what two daemons announce, a third one believes when its chain has said so.

/** `unsavedMs` of the engine, and time for the write. */
const SAVED_AFTER_MS = 3_000

afterAll(async () => {
  await killAllDaemons()
  cleanUp()
})

test('a public channel is in the graph of both its ends after six blocks, and of a third who asks, also after it was killed', async () => {
  const random = randomFrom(7)
  const town = await buildTown(random)
  const { alice, bob, chain, mine } = town
  await fund(town, alice, 1)
  await introduce(town)
  const { channelId } = await alice.client.openChannel({
    peer: { nodeId: bob.nodeId },
    capacitySat: '1000000',
    announce: true,
  })
  await mine(3)
  for (const daemon of [alice, bob]) await until('the channel is usable', () => isUsable(daemon, channelId))
  expect((await alice.client.graphSummary()).channels).toBe(0)
  await mine(3)
  const knowsBoth = async (daemon: Daemon) => {
    const { channels } = await daemon.client.graph()
    return (
      channels.length === 1 && channels[0]?.policies.every(policy => policy !== undefined && policy !== null) === true
    )
  }
  for (const daemon of [alice, bob]) await until('both ask for their fees in public', () => knowsBoth(daemon))

  const url = `http://bookend:bookend@127.0.0.1:${chain.port}`
  const carol = await Daemon.create({ name: 'carol', chain: url, random })
  await carol.client.connect({ nodeId: bob.nodeId, address: bob.listen })
  await until('carol knows the channel', () => knowsBoth(carol))
  expect(await carol.client.graphSummary()).toMatchObject({ nodes: 2, channels: 1, capacitySat: '1000000' })
  const { channels } = await carol.client.graph()
  expect(channels[0]?.nodeIds).toEqual([alice.nodeId, bob.nodeId].sort())

  // What others say waits a second for a commit. A life later it is there before anybody says it again.
  await pause(SAVED_AFTER_MS)
  await carol.kill()
  for (const daemon of [alice, bob]) expect(await daemon.stop()).toBe(0)
  await carol.start()
  expect((await carol.client.graph()).channels).toEqual(channels)
}, 600_000)
