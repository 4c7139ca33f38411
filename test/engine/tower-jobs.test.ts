import { describe, expect, it } from 'vitest'
import { defined, feeratePerKw, nodeId, toHex } from '../../src/base/index.ts'
import { buildCommitmentTx } from '../../src/commitment/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { TOWER_JOBS, towerMessages } from '../../src/engine/index.ts'
import { deriveChannelSecrets } from '../../src/keys/index.ts'
import { channelView } from '../../src/link/view.ts'
import { hintOf } from '../../src/watchtower/index.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// Each commitment that the peer has revoked is told to the towers, and no other: by the txid that the peer has it under.

const TOWER = nodeId(publicKeyFromSecret(new Uint8Array(32).fill(8)))

/** What a side would publish now, by the hint that a tower would find it by. */
function hintOfOwn(side: Side): string {
  const { index, state } = defined(side.links[0], 'a link')
  const { channel } = state
  if (channel === undefined || !('durable' in channel)) throw new Error('the channel is funded')
  const secrets = deriveChannelSecrets(side.context().channelSeed, index)
  return toHex(hintOf(buildCommitmentTx(channelView(channel, secrets).localCommit.input).txid))
}

function jobsOf(side: Side): readonly (readonly [number, Uint8Array])[] {
  return [...side.records]
    .filter(([key]) => key.startsWith(TOWER_JOBS))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, bytes]) => [Number(key.slice(TOWER_JOBS.length)), bytes])
}

function hintsOf(side: Side, jobs = jobsOf(side)): readonly string[] {
  return jobs.flatMap(([sequence, bytes]) => {
    const nonce = () => new Uint8Array(12).fill(sequence)
    const made = towerMessages(side.state, side.context(), { sequence, bytes, nonce })
    if (!made.ok) throw new Error(made.error.message)
    return made.value.flatMap(message => (message.type === 'tower_put' ? [toHex(message.hint)] : []))
  })
}

describe('what towers are told', () => {
  it('is each commitment that the peer has revoked: with HTLCs both ways, fees that move, failures, and cuts between', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'], { towers: [TOWER] })
    stage.ready(alice, bob, { capacity: 1_000_000n, push: 400_000n })
    const seen: string[] = [hintOfOwn(bob)]
    stage.onSent = () => {
      const now = hintOfOwn(bob)
      if (!seen.includes(now)) seen.push(now)
    }
    for (let round = 0; round < 6; round++) {
      stage.keysend(alice, bob, BigInt(5_000 + round))
      stage.keysend(bob, alice, BigInt(3_000 + round))
      for (let i = 0; i < round; i++)
        for (const wire of [...stage.wires.keys()]) stage.deliver(wire, i % 2 === 0 ? bob : alice)
      if (round === 2) stage.cut(alice, bob)
      if (round === 2) stage.connect(alice, bob)
      stage.keysend(alice, bob, 100n)
      alice.feeratePerKw = feeratePerKw(1_000 + 300 * round)
      stage.mine(1)
      stage.settle()
    }
    const told = hintsOf(alice)
    expect(told.length).toBeGreaterThan(20)
    expect(new Set(told).size).toBe(told.length)
    // In order, each that was, but for the one that is valid now.
    expect(told).toEqual(seen.slice(0, -1))
    expect(seen.at(-1)).toBe(hintOfOwn(bob))
  })

  it('is gone when all towers have it, kept while one has not, and comes once over restarts', () => {
    const stage = new Stage()
    const other = nodeId(publicKeyFromSecret(new Uint8Array(32).fill(9)))
    const [alice, bob] = stage.sidesOf(['alice', 'bob'], { towers: [TOWER, other] })
    stage.ready(alice, bob, { push: 50_000n })
    for (let i = 0; i < 3; i++) stage.keysend(alice, bob, 1_000n)
    stage.settle()
    const numbers = () => jobsOf(alice).map(([sequence]) => sequence)
    const all = numbers()
    expect(all.length).toBeGreaterThan(1)
    const acked = (tower: typeof TOWER, sequence: number) => alice.turn({ type: 'tower_acked', tower, sequence })
    acked(TOWER, defined(all.at(-1), 'a job'))
    expect(numbers()).toEqual(all)
    acked(other, 1)
    expect(numbers()).toEqual(all.slice(1))
    // What cannot be changes nothing.
    acked(other, 1)
    acked(other, 1_000)
    acked(bob.id, 3)
    expect(numbers()).toEqual(all.slice(1))
    stage.restart(alice)
    stage.settle()
    expect(numbers()).toEqual(all.slice(1))
    acked(other, defined(all.at(-1), 'a job'))
    expect(numbers()).toEqual([])
    stage.wait(60_000)
    stage.keysend(alice, bob, 1_000n)
    stage.settle()
    expect(numbers()[0]).toBe(defined(all.at(-1), 'a job') + 1)
  })
})
