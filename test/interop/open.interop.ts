import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CAPACITY_SAT, Party, PUSH_MSAT } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage } from './stage.ts'

// Connecting and opening (BOLT 1, BOLT 2, channel establishment), with anchors (BOLT 3).

/** option_static_remotekey and option_anchors, as required. */
const ANCHORS = '401000'
const KEPT_BY_OPENER_MSAT = CAPACITY_SAT * 1_000n - PUSH_MSAT

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create()
})
afterAll(() => stage.close())

describe.each(seeds)('seed %i', seed => {
  let party: Party
  beforeAll(async () => {
    party = await Party.create(stage, seed)
  })
  afterAll(() => party.close())

  test('we dial, and init is exchanged', async () => {
    await party.connect()
    expect(await stage.ldk.ask('peers')).toContain(party.node.nodeId)
    const [peer] = await party.node.peers()
    expect(peer).toMatchObject({ nodeId: stage.ldkId, connected: true, outgoing: true })
  })

  test('we open a channel with anchors', async () => {
    const channelId = await party.openFromUs()
    expect(await party.ours(channelId)).toMatchObject({ role: 'opener', localMsat: KEPT_BY_OPENER_MSAT })
    expect(await party.theirs(channelId)).toMatchObject({ outbound: false, channelType: ANCHORS, usable: true })
  })
})

describe.each(seeds)('LDK dials and opens, seed %i', seed => {
  let party: Party
  beforeAll(async () => {
    party = await Party.create(stage, seed)
  })
  afterAll(() => party.close())

  test('LDK dials, and init is exchanged', async () => {
    await party.beDialled()
    const [peer] = await party.node.peers()
    expect(peer).toMatchObject({ nodeId: stage.ldkId, connected: true, outgoing: false })
  })

  test('LDK opens a channel with anchors', async () => {
    const channelId = await party.openFromLdk()
    expect(await party.ours(channelId)).toMatchObject({ role: 'accepter', remoteMsat: KEPT_BY_OPENER_MSAT })
    expect(await party.theirs(channelId)).toMatchObject({ outbound: true, channelType: ANCHORS, usable: true })
  })
})
