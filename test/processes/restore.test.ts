import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSeedFile } from '../../src/storage/index.ts'
import { cleanUp, newFolder, run } from '../cli/regtestProcess.ts'
import { killAllDaemons } from './daemon.ts'
import { payBothWays } from './payments.ts'
import { randomFrom } from './random.ts'
import { allEvents, buildTown, channelOf, fund, introduce, openChannel, until } from './town.ts'

// A disk that is gone: the words and one peer bring back what was in the channel, by the commands that a person types.

afterAll(async () => {
  await killAllDaemons()
  cleanUp()
})

const CAPACITY_SAT = 10_000_000n
const PUSH_MSAT = 2_000_000_000n
const PAYMENTS = 20
const MOST_FEES_SAT = 20_000n

test('a daemon that has lost its disk is restored from its words and what its peer keeps', async () => {
  const random = randomFrom(2)
  const town = await buildTown(random)
  const { alice, bob, mine } = town
  await fund(town, alice, 1)
  await introduce(town)
  const { channelId } = await openChannel(town, { capacitySat: CAPACITY_SAT, pushMsat: PUSH_MSAT })
  await payBothWays({ daemons: [alice, bob], inFlight: 2, random, goesOn: made => made < PAYMENTS / 2 })
  const before = await channelOf(alice, channelId)
  const onchainSat = BigInt((await alice.client.balance()).onchainConfirmedSat)

  const seed = await readSeedFile(join(alice.dataDir, 'seed'), { type: 'unencrypted' })
  if (!seed.ok) throw new Error(seed.error.message)
  const words = join(newFolder(), 'words')
  writeFileSync(words, seed.value)
  await alice.lose()
  const peer = `${bob.nodeId}@${bob.listen.host}:${bob.listen.port}`
  const typed = ['restore', '--data-dir', alice.dataDir, '--peer', peer, '--phrase-file', words, '--unencrypted-seed']
  // Her coins came in blocks before the channel.
  const restored = await run(...typed, '--birth-height', '0')
  expect({ code: restored.code, errors: restored.errors }).toEqual({ code: 0, errors: '' })
  expect(restored.out).toContain(`${bob.nodeId} has kept a list of `)
  expect(restored.out).toContain('1 channel will be closed by the peer, with the newest balance')

  await alice.start()
  await until('the peer has closed the channel', async () => {
    await mine(1)
    return (await channelOf(alice, channelId))?.state === 'closed'
  })
  const { onchainConfirmedSat } = await alice.client.balance()
  const gained = BigInt(onchainConfirmedSat) - onchainSat
  const dueSat = BigInt(before?.localMsat ?? '0') / 1000n
  expect(dueSat).toBeGreaterThan(1_000_000n)
  expect(gained).toBeLessThanOrEqual(dueSat)
  expect(gained).toBeGreaterThan(dueSat - MOST_FEES_SAT)
  const kinds = (await allEvents(bob)).flatMap(event => (event.type === 'channel_onchain' ? [event.kind] : []))
  expect(kinds).not.toContain('revoked_commitment')
  for (const daemon of [alice, bob]) expect(daemon.accident).toBeUndefined()
}, 600_000)
