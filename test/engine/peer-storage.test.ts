import { describe, expect, it } from 'vitest'
import { defined } from '../../src/base/index.ts'
import { storageBlobKey, storageOfKey } from '../../src/engine/keys.ts'
import { BLOB_BYTES, openList, type StoredList } from '../../src/engine/storage/blob.ts'
import { decodeMessage } from '../../src/wire/index.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// Peer storage both ways (BOLT 1): what peers keep for a node, and what a node keeps for its peers.

const MINUTE = 60_000

function stageOf(storage: 'keeps' | 'has kept' | 'both' = 'both', limits = {}) {
  const stage = new Stage()
  const said: { readonly from: string; readonly type: string; readonly blob?: Uint8Array }[] = []
  stage.onSent = (from, bytes) => {
    const decoded = decodeMessage(bytes)
    if (!decoded.ok) throw new Error(decoded.error.message)
    const { type } = decoded.value
    said.push({ from: from.name, type, ...('blob' in decoded.value && { blob: decoded.value.blob }) })
  }
  const [alice, bob] = stage.sidesOf(['alice', 'bob'], { storage, limits: { engine: limits } })
  return { stage, alice, bob, said }
}

/** What a side keeps for another one. */
const heldBy = (side: Side, of: Side): Uint8Array | undefined => side.records.get(storageBlobKey(of.id))

function listOf(side: Side, blob: Uint8Array | undefined): StoredList {
  const opened = openList(defined(side.context().storageKey, 'it has lists kept'), defined(blob, 'a blob'))
  if (!opened.ok) throw new Error(opened.error.message)
  return opened.value
}

/** Whoever has dialled it dials it again. */
function comeBack(stage: Stage, side: Side): void {
  stage.restart(side)
  stage.settle()
  stage.wait(MINUTE)
}

const bytesOf = (fill: number) => new Uint8Array(BLOB_BYTES).fill(fill)

describe('what peers keep for us', () => {
  it('is the list of our channels, sealed, and new with each channel that comes or goes', () => {
    const { stage, alice, bob } = stageOf()
    const carol = stage.side('carol', {}, { storage: 'both' })
    stage.wait(0)
    expect([heldBy(bob, alice), heldBy(alice, bob)]).toEqual([undefined, undefined])
    const first = stage.ready(alice, bob)
    stage.wait(MINUTE)
    const blob = heldBy(bob, alice)
    expect(blob?.length).toBe(BLOB_BYTES)
    const [channel] = listOf(alice, blob).channels
    expect(channel).toMatchObject({ peer: bob.id, addresses: [{ host: 'bob', port: 9735 }] })
    const { params } = defined(alice.channels()[0], 'a channel').durable
    expect(channel?.channel.fundingOutpoint).toEqual(params.fundingOutpoint)
    expect(channel?.channel.remoteBasepoints).toEqual(params.remote.basepoints)
    expect(channel?.sinceHeight).toBe(alice.link(first).state.funding?.height)
    expect(listOf(bob, heldBy(alice, bob)).channels.map(({ peer }) => peer)).toEqual([alice.id])

    stage.connect(alice, carol)
    stage.ready(alice, carol)
    stage.wait(MINUTE)
    for (const peer of [bob, carol]) {
      expect(listOf(alice, heldBy(peer, alice)).channels.map(({ peer }) => peer)).toEqual([bob.id, carol.id])
    }
    stage.close(alice, first)
    stage.mine(8)
    stage.wait(MINUTE)
    expect(alice.channelStates(bob.id)).toEqual(['closed'])
    expect(listOf(alice, heldBy(carol, alice)).channels.map(({ peer }) => peer)).toEqual([carol.id])
  })

  it('is told once where much changes at once, and says the first point of a channel that has moved on', () => {
    const { stage, alice, bob, said } = stageOf()
    stage.ready(alice, bob)
    stage.wait(MINUTE)
    const before = listOf(alice, heldBy(bob, alice))
    for (let i = 0; i < 5; i++) {
      stage.keysend(alice, bob, 1_000n)
      stage.settle()
    }
    said.length = 0
    stage.cut(alice, bob)
    stage.connect(alice, bob)
    stage.wait(MINUTE)
    expect(said.filter(({ from, type }) => from === 'alice' && type === 'peer_storage').length).toBe(1)
    const after = listOf(alice, heldBy(bob, alice))
    expect(alice.channels()[0]?.durable.remoteCommit.number).toBeGreaterThan(0)
    expect(after.channels).toEqual(before.channels)
    expect(after.createdAt).toBeGreaterThan(before.createdAt)
  })

  it('goes to nobody who does not offer to keep it, and from nobody who does not want it kept', () => {
    for (const storage of ['keeps', 'has kept'] as const) {
      const { stage, alice, bob, said } = stageOf(storage)
      stage.ready(alice, bob)
      stage.wait(MINUTE)
      stage.cut(alice, bob)
      stage.connect(alice, bob)
      stage.wait(MINUTE)
      expect(said.filter(({ type }) => type.startsWith('peer_storage'))).toEqual([])
    }
  })

  it('tells that channels are unknown here, once they were lost, and not where all of them are known', () => {
    const { stage, alice, bob } = stageOf()
    const id = stage.ready(alice, bob)
    stage.wait(MINUTE)
    stage.restart(alice)
    stage.settle()
    expect(alice.isUp(bob.id)).toBe(true)
    expect(alice.eventsOf('channels_unknown')).toEqual([])
    stage.crash(alice)
    stage.settle()
    for (const key of [...alice.records.keys()]) if (key.includes(id)) alice.records.delete(key)
    alice.start()
    stage.connect(alice, bob)
    const { createdAt } = listOf(alice, heldBy(bob, alice))
    expect(alice.eventsOf('channels_unknown')).toEqual([
      { type: 'channels_unknown', peer: bob.id, count: 1, createdAt },
    ])
  })

  it('may be anything: what is not ours is no news', () => {
    const { stage, alice, bob } = stageOf()
    stage.ready(alice, bob)
    const before = alice.log.length
    for (const blob of [bytesOf(1), new Uint8Array(0), Uint8Array.of(1, 2, 3)]) {
      stage.forge(bob, alice, { type: 'peer_storage_retrieval', blob })
    }
    expect(alice.log.length).toBe(before)
    expect(alice.isUp(bob.id)).toBe(true)
  })
})

describe('what we keep for peers', () => {
  it('is the first word after init, before channels are reestablished, also after a restart', () => {
    const { stage, alice, bob, said } = stageOf()
    stage.ready(alice, bob)
    stage.forge(alice, bob, { type: 'peer_storage', blob: bytesOf(7) })
    said.length = 0
    comeBack(stage, bob)
    const fromBob = said.filter(({ from }) => from === 'bob')
    expect(fromBob.slice(0, 3).map(({ type }) => type)).toEqual([
      'init',
      'peer_storage_retrieval',
      'channel_reestablish',
    ])
    expect(fromBob[1]?.blob).toEqual(bytesOf(7))
  })

  it('is the newest, written once a minute at most', () => {
    const { stage, alice, bob, said } = stageOf('keeps')
    stage.ready(alice, bob)
    const give = (fill: number) => stage.forge(alice, bob, { type: 'peer_storage', blob: bytesOf(fill) })
    give(1)
    expect(heldBy(bob, alice)).toEqual(bytesOf(1))
    give(2)
    give(3)
    expect(bob.lastCommit).toEqual([])
    expect(heldBy(bob, alice)).toEqual(bytesOf(1))
    // What waits is what comes back.
    stage.cut(alice, bob)
    said.length = 0
    stage.connect(alice, bob)
    expect(said.find(({ type }) => type === 'peer_storage_retrieval')?.blob).toEqual(bytesOf(3))
    stage.wait(MINUTE - 1)
    expect(heldBy(bob, alice)).toEqual(bytesOf(1))
    stage.wait(1)
    expect(heldBy(bob, alice)).toEqual(bytesOf(3))
    // A crash loses what waited, and nothing else.
    give(4)
    said.length = 0
    comeBack(stage, bob)
    expect(said.find(({ type }) => type === 'peer_storage_retrieval')?.blob).toEqual(bytesOf(3))
  })

  it('is nothing for strangers, and nothing where we do not offer it', () => {
    const { stage, alice, bob } = stageOf('keeps')
    stage.forge(alice, bob, { type: 'peer_storage', blob: bytesOf(1) })
    const lone = stageOf('has kept')
    lone.stage.ready(lone.alice, lone.bob)
    lone.stage.forge(lone.alice, lone.bob, { type: 'peer_storage', blob: bytesOf(1) })
    for (const side of [bob, lone.bob]) {
      expect([...side.records.keys()].filter(key => key.startsWith('storage-'))).toEqual([])
    }
    // With a channel whose funding waits it is kept already.
    stage.open(alice, bob)
    stage.forge(alice, bob, { type: 'peer_storage', blob: bytesOf(1) })
    expect(heldBy(bob, alice)).toEqual(bytesOf(1))
  })

  it('is forgotten so many blocks after the last channel, unless there is a new one', () => {
    const { stage, alice, bob } = stageOf('keeps', { storageKeptBlocks: 20 })
    const first = stage.ready(alice, bob)
    stage.forge(alice, bob, { type: 'peer_storage', blob: bytesOf(1) })
    stage.close(alice, first)
    stage.mine(8)
    expect(bob.channelStates()).toEqual(['closed'])
    stage.mine(10)
    const second = stage.ready(alice, bob)
    stage.mine(30)
    expect(heldBy(bob, alice)).toEqual(bytesOf(1))
    stage.close(alice, second)
    stage.mine(8)
    comeBack(stage, bob)
    stage.mine(10)
    expect(heldBy(bob, alice)).toEqual(bytesOf(1))
    stage.mine(12)
    expect([heldBy(bob, alice), bob.records.get(storageOfKey(alice.id))]).toEqual([undefined, undefined])
  })
})
