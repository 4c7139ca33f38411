import { beforeAll, describe, expect, test } from 'vitest'
import { defined, emptyPMap, fromHex, msat, paymentHash, pmapEntries, pmapSet } from '../../src/base/index.ts'
import { type CloseCause, channelIdOf, type FundedChannel, type Htlc } from '../../src/channel/index.ts'
import type { EngineState } from '../../src/engine/index.ts'
import { fundedOf } from '../../src/sim/invariants/changedLinks.ts'
import { deadlines } from '../../src/sim/invariants/deadlines.ts'
import { money } from '../../src/sim/invariants/money.ts'
import { revoked } from '../../src/sim/invariants/revoked.ts'
import { isLocked } from '../../src/sim/locked.ts'
import type { SimNode } from '../../src/sim/node.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../../src/sim/observer.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'

// What the rules ask of a node on an older image of its disk, and of its channels, and what they do not: each excuse, and the same where it
// does not hold.

const SEED = 'old images'
const FORCED = 1_000
const plan: Plan = (() => {
  const faults = { pay: 60, mine: 4 }
  const made = planOf({ seed: SEED, mode: 'fast', nodes: 2, deeds: 12, faults, adversary: false }, randomOf(SEED))
  const { at } = defined(made.deeds.at(-1), 'a plan has deeds')
  const close = { id: FORCED, at: at + 60_000, deed: { type: 'close', who: 1, channel: 0, force: true } } as const
  return { ...made, closesAll: true, deeds: [...made.deeds, close], healAt: at + 61_000 }
})()

function look(observer: (world: World) => Partial<Observer>, of: Plan = plan) {
  return runPlan(of, world => [{ name: 'look', ...observer(world) }]).failure?.message
}

const both = ({ nodes: [alice, bob] }: World): readonly [SimNode, SimNode] => [
  defined(alice, 'there are two nodes'),
  defined(bob, 'there are two nodes'),
]

function channelOf({ state }: Pick<WatchedNode, 'state'>): FundedChannel {
  const [first] = [...pmapEntries(state.links)].map(([, link]) => fundedOf(link))
  return defined(first, 'it has a channel')
}

/** The state with its channel as `change` has it. */
function stateWith(state: EngineState, change: (channel: FundedChannel) => FundedChannel): EngineState {
  let { links } = state
  for (const [key, link] of pmapEntries(links)) {
    const channel = fundedOf(link)
    if (channel !== undefined)
      links = pmapSet(links, key, { ...link, state: { ...link.state, channel: change(channel) } })
  }
  return { ...state, links }
}

function oneCommitmentLater(state: EngineState): EngineState {
  return stateWith(state, channel => {
    const { localCommit } = channel.durable
    const next = { ...localCommit, number: localCommit.number + 1 }
    return { ...channel, durable: { ...channel.durable, localCommit: next } }
  })
}

type Closing = {
  readonly kind: CloseCause['kind']
  readonly mayPublishCommitment: boolean
  readonly heldUntil?: number
}

function closing(channel: FundedChannel, { kind, mayPublishCommitment, heldUntil }: Closing): FundedChannel {
  const cause = { kind, reason: 'a test', mayPublishCommitment }
  const phase = { type: 'closing', cause, ...(heldUntil !== undefined && { heldUntil }) } as const
  return { ...channel, state: 'closing', durable: { ...channel.durable, phase } }
}

const BLIND: Closing = { kind: 'data_loss', mayPublishCommitment: false }
const ABLE: Closing = { kind: 'remote_error', mayPublishCommitment: true }

const htlcOf = (offeredBy: Htlc['offeredBy']): Htlc => ({
  offeredBy,
  id: 0,
  amountMsat: msat(1_000n),
  paymentHash: paymentHash(new Uint8Array(32)),
  cltvExpiry: 500,
  onionRoutingPacket: new Uint8Array(1366),
  added: 'irrevocable',
})

/** The node as others see it, in another state. */
const seenIn = (node: SimNode, state: EngineState): SimNode =>
  ({ name: node.name, id: node.id, plan: node.plan, isListening: node.isListening, state }) as SimNode

beforeAll(() => useCrypto('fast'))

test('a channel is locked where nobody can end it, and only there', () => {
  const seen: Record<string, boolean> = {}
  look(world => ({
    deed: ({ id }) => {
      if (id !== FORCED) return
      const [alice, bob] = both(world)
      const open = channelOf(alice)
      const [blind, able] = [closing(open, BLIND), closing(open, ABLE)]
      const { chain } = world
      const bobWith = (how: Closing) =>
        seenIn(
          bob,
          stateWith(bob.state, channel => closing(channel, how)),
        )
      const forgetful = seenIn(bob, { ...bob.state, links: emptyPMap() })
      const ask = (channel: FundedChannel, honest: readonly SimNode[], lost: readonly SimNode[]) =>
        isLocked(channel, bob.id, { chain, honest, lost: new Set(lost) })
      seen['blind, and the other side is hostile'] = ask(blind, [alice], [alice])
      seen['not blind, and the other side is hostile'] = ask(able, [alice], [alice])
      seen['blind, and the other side knows all'] = ask(blind, [alice, bob], [alice])
      seen['both are blind'] = [bobWith(BLIND)].every(other => ask(blind, [alice, other], [alice, other]))
      seen['the other side is on an image, and can publish'] = [bobWith(ABLE)].every(other =>
        ask(blind, [alice, other], [alice, other]),
      )
      seen['forgotten by the other side, and open'] = ask(open, [alice, forgetful], [forgetful])
      for (const offeredBy of ['local', 'remote'] as const) {
        const channel = { ...open, durable: { ...open.durable, htlcs: [htlcOf(offeredBy)] } }
        seen[`forgotten by the other side, with an HTLC that is ${offeredBy}`] = ask(
          channel,
          [alice, forgetful],
          [forgetful],
        )
      }
      seen['forgotten by the other side, and we are blind'] = ask(blind, [alice, forgetful], [alice, forgetful])
      seen['forgotten by the other side, and we can publish'] = ask(able, [alice, forgetful], [forgetful])
    },
    closed: () => {
      const [alice, bob] = both(world)
      const { chain } = world
      const blind = closing(channelOf(alice), BLIND)
      seen['its end is on the chain'] = isLocked(blind, bob.id, { chain, honest: [alice], lost: new Set([alice]) })
      return undefined
    },
  }))
  expect(seen).toEqual({
    'blind, and the other side is hostile': true,
    'not blind, and the other side is hostile': false,
    'blind, and the other side knows all': false,
    'both are blind': true,
    'the other side is on an image, and can publish': false,
    'forgotten by the other side, and open': true,
    // The deadline of ours ends the channel; theirs nobody can take back.
    'forgotten by the other side, with an HTLC that is local': false,
    'forgotten by the other side, with an HTLC that is remote': true,
    'forgotten by the other side, and we are blind': true,
    'forgotten by the other side, and we can publish': false,
    'its end is on the chain': false,
  })
})

describe('a commitment that was revoked before the image', () => {
  interface Case {
    readonly kind: CloseCause['kind']
    /** So many blocks ago the wait was over. */
    readonly waitedBlocks?: number
    readonly hasMet?: boolean
    readonly isPeerLost?: boolean
    /** Another process has begun since. */
    readonly isNew?: boolean
    /** How many secrets the peer says to lack, the one of what is published next among them. */
    readonly lacks?: number
  }

  /** All cases at the same moment of one run. */
  function saidOf(cases: readonly Case[]): readonly Complaint[] {
    let said: readonly Complaint[] = []
    look(world => ({
      published: (node, tx, role, outcome) => {
        if (role !== 'commitment' || said.length > 0) return undefined
        const [alice, bob] = both(world)
        const [own, peer] = node === alice ? [alice, bob] : [bob, alice]
        said = cases.map(each => {
          const before = own.state
          const rule = revoked(world)
          prepare(world, rule, [own, peer], each)
          const complaint = rule.published?.(own, tx, role, outcome)
          own.state = before
          world.lost.clear()
          return complaint
        })
        return undefined
      },
    }))
    return said
  }

  /** What has come before the publication, which is the next thing. */
  function prepare(world: World, rule: Observer, [own, peer]: readonly [SimNode, SimNode], each: Case): void {
    const { kind, waitedBlocks, hasMet = false, isPeerLost = false, isNew = false, lacks } = each
    const id = fromHex(channelIdOf(channelOf(own)))
    const later = oneCommitmentLater(own.state)
    rule.sent?.(seenIn(own, later), 1, Uint8Array.of(0, 133, ...id))
    world.lost.add(own)
    if (isPeerLost) world.lost.add(peer)
    if (hasMet) rule.received?.(own, 1, Uint8Array.of(0, 136, ...id))
    if (lacks !== undefined) {
      const next = channelOf(own).durable.localCommit.number + 1 - lacks
      rule.received?.(own, 1, Uint8Array.of(0, 136, ...id, ...new Uint8Array(15), next))
    }
    if (isNew) rule.started?.(own)
    const height = own.state.blocks.at(-1)?.height ?? 0
    const waits = waitedBlocks === undefined ? {} : { heldUntil: height - waitedBlocks }
    const how = { kind, mayPublishCommitment: true }
    const held = stateWith(own.state, channel => closing(channel, { ...how, ...waits }))
    rule.durable?.(own, { before: own.state, after: held, inputs: [], writes: [], effects: [] })
    own.state = stateWith(own.state, channel => closing(channel, how))
  }

  const COMPLAINT = /has published commitment \d+ of channel \w+, and has revoked all up to \d+/

  test('is not excused by an error or a deadline alone', () => {
    const said = saidOf([
      { kind: 'remote_error' },
      // An honest peer would have answered by then.
      { kind: 'remote_error', waitedBlocks: 0 },
      { kind: 'deadline' },
      { kind: 'deadline', waitedBlocks: -1 },
      { kind: 'remote_error', isPeerLost: true },
      { kind: 'remote_error', isPeerLost: true, hasMet: true, isNew: true },
      { kind: 'remote_error', lacks: 0 },
      { kind: 'remote_error', lacks: 1, isNew: true },
    ])
    expect(said).toHaveLength(8)
    for (const each of said) expect(each).toMatch(COMPLAINT)
  })

  test('is excused by the wish of the user, by a wait, and by the word of a peer that knows nothing', () => {
    const said = saidOf([
      { kind: 'local_force' },
      { kind: 'deadline', waitedBlocks: 0 },
      { kind: 'remote_error', isPeerLost: true, waitedBlocks: 0 },
      { kind: 'remote_error', isPeerLost: true, hasMet: true },
      // The secret was lost on its way to an honest peer.
      { kind: 'remote_error', lacks: 1 },
    ])
    expect(said).toEqual([undefined, undefined, undefined, undefined, undefined])
  })
})

test('the secret of a commitment that is published: only who has forgotten it, and cannot read of it in a block, may give it away', () => {
  const said: Complaint[] = []
  look(world => ({
    published: (node, tx, role, outcome) => {
      if (role !== 'commitment' || said.length > 0) return undefined
      const [, bob] = both(world)
      const who = node === bob ? 1 : 0
      const id = fromHex(channelIdOf(channelOf(node)))
      const later = oneCommitmentLater(node.state)
      const saidAfter = (image: number | undefined, height: number | undefined): Complaint => {
        const chain = { transaction: () => ({ tx, height }) }
        const seen = { chain, nodeAt: (index: number) => both(world)[index], honest: world.honest, lost: new Set() }
        const rule = revoked(seen as unknown as World)
        rule.published?.(node, tx, role, outcome)
        if (image !== undefined)
          rule.deed?.({ id: 1, at: 0, deed: { type: 'old_image', who: image, age: 1, downMs: 50 } })
        return rule.sent?.(seenIn(node as SimNode, later), 1, Uint8Array.of(0, 133, ...id))
      }
      said.push(
        saidAfter(undefined, undefined),
        saidAfter(1 - who, undefined),
        saidAfter(who, 7),
        saidAfter(who, undefined),
      )
      return undefined
    },
  }))
  const complaint = expect.stringMatching(/has revoked commitment \d+ of channel \w+ after it published commitment/)
  expect(said).toEqual([complaint, complaint, complaint, undefined])
})

test('an HTLC that was overdue when the node had read what came while it was away: then, and not while it reads', () => {
  const said: Complaint[] = []
  look(world => {
    const rule = deadlines(world)
    return {
      durable: (node, turn) => {
        const htlc = [...pmapEntries(turn.after.links)].flatMap(([, link]) => fundedOf(link)?.durable.htlcs ?? [])[0]
        if (said.length > 0 || htlc?.offeredBy !== 'local' || htlc.added === 'proposed') return undefined
        const blocks = turn.after.blocks.map(block => ({ ...block, height: block.height + 60 }))
        const after = { ...turn.after, blocks }
        const seen = (isListening: boolean) => ({ ...seenIn(node as SimNode, after), isListening }) as SimNode
        const of = (type: 'started' | 'block_connected'): Turn =>
          ({ ...turn, before: after, after, inputs: [{ type }] }) as unknown as Turn
        said.push(rule.durable?.(seen(false), of('block_connected')))
        said.push(rule.durable?.(seen(true), of('started')))
        said.push(rule.durable?.(seen(true), of('block_connected')))
        return undefined
      },
    }
  })
  expect(said[0]).toBeUndefined()
  for (const each of said.slice(1))
    expect(each).toMatch(/keeps HTLC \d+, which it has offered.*only the chain can settle it/)
  expect(said).toHaveLength(3)
})

describe('the money at the end', () => {
  const saidWith = (prepare: (world: World) => void, atEnd: (world: World) => void = () => undefined) =>
    look(world => {
      const rule = money(world)
      prepare(world)
      return {
        closed: () => {
          atEnd(world)
          return rule.closed?.()
        },
      }
    })

  test('is all there', () => {
    expect(saidWith(() => undefined)).toBeUndefined()
  })

  test('is missed to the satoshi, however much a channel may have cost', () => {
    const said = saidWith(
      () => undefined,
      world => {
        const [alice] = both(world)
        const coinsSat = alice.plan.coinsSat.map((coin, index) => (index === 0 ? coin + 1 : coin))
        Object.assign(alice, { plan: { ...alice.plan, coinsSat } })
      },
    )
    expect(said).toMatch(/^all are missing \d+ msat together, the chain has taken \d+ sat as fees, and \d+ sat are/)
  })

  test('that an honest peer owes to a node on an older image comes to it', () => {
    const [unswept, swept] = [(role: string) => role !== 'claim', () => true].map(publishes =>
      saidWith(
        world => {
          both(world)[0].publishes = publishes
        },
        world => world.lost.add(both(world)[0]),
      ),
    )
    expect(unswept).toMatch(/^alice, on an older image, has 0 msat of channel \w+, of which an honest peer owes it \d+/)
    expect(swept).toBeUndefined()
  })
})
