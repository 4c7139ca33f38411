import { describe, expect, it } from 'vitest'
import { msat, sat } from '../../src/base/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  channelAt,
  findChannel,
  findNode,
  loadGossip,
  nodeAt,
  type OwnChannelFacts,
  remotePolicy,
} from '../../src/gossip/index.ts'
import { channelAnnouncementHolds, signatureHolds } from '../../src/gossip/messages.ts'
import { type AnnouncementSignatures, type ChannelUpdate, featureBits } from '../../src/wire/index.ts'
import {
  channelIdOf,
  fundingTxid,
  Gossiper,
  HEIGHT,
  NOW_S,
  outpointOf,
  type Party,
  party,
  scid,
  sentOf,
  update,
} from './fixture.ts'

// BOLT 7, announcement_signatures, and what a node says of its own channels and of itself.

const ALICE = party('alice')
const BOB = party('bob')
const CAROL = party('carol')
const ID = channelIdOf('channel')
const DEPTH_ONE = scid(HEIGHT)
const DEEP = scid(HEIGHT - 5)
const ALIAS_OF_ALICE = scid(1, 77)
const ALIAS_OF_BOB = scid(1, 88)
const SECRETS = new Map([ALICE, BOB].map(of => [of.name, sha256(of.secret)]))
const secretOf = ({ name }: Party) => SECRETS.get(name) ?? new Uint8Array(32)
const NO_QUERIES = featureBits()

function facts(of: Party, change: Partial<OwnChannelFacts> = {}): OwnChannelFacts {
  const other = of === ALICE ? BOB : ALICE
  return {
    channelId: ID,
    peer: other.id,
    isPublic: true,
    fundingTxid: fundingTxid(DEEP),
    capacitySat: sat(500_000),
    localFundingPubkey: publicKeyFromSecret(secretOf(of)),
    remoteFundingPubkey: publicKeyFromSecret(secretOf(other)),
    shortChannelId: DEEP,
    remoteAlias: of === ALICE ? ALIAS_OF_BOB : ALIAS_OF_ALICE,
    localAlias: of === ALICE ? ALIAS_OF_ALICE : ALIAS_OF_BOB,
    isReady: true,
    isUp: true,
    isClosing: false,
    isDisabled: false,
    policy: {
      cltvExpiryDelta: 80,
      htlcMinimumMsat: msat(1000n),
      htlcMaximumMsat: msat(400_000_000n),
      feeBaseMsat: msat(1000n),
      feeProportionalMillionths: 100,
    },
    ...change,
  }
}

function pair(): { readonly alice: Gossiper; readonly bob: Gossiper } {
  const [alice, bob] = [ALICE, BOB].map(of => {
    const gossiper = new Gossiper(of)
    gossiper.fundingSecrets.set(ID, secretOf(of))
    gossiper.meet(of === ALICE ? BOB : ALICE, NO_QUERIES)
    return gossiper
  })
  if (alice === undefined || bob === undefined) throw new Error('two')
  return { alice, bob }
}

/** Both hear what the other says about the channel until both are silent. */
function settle(
  alice: Gossiper,
  bob: Gossiper,
  ...first: readonly (readonly [Gossiper, ReturnType<Gossiper['do']>])[]
): void {
  const queue = first.flatMap(([from, effects]) => sentOf(effects).map(message => ({ from, message })))
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { from, message } = next
    const to = from === alice ? bob : alice
    if (message.type !== 'announcement_signatures' && message.type !== 'channel_update') continue
    queue.push(...sentOf(to.hear(from.party, message)).map(answer => ({ from: to, message: answer })))
  }
}

const open = (change: Partial<OwnChannelFacts> = {}) => {
  const { alice, bob } = pair()
  const said = [alice, bob].map(of => [of, of.do({ type: 'own_channel', facts: facts(of.party, change) })] as const)
  settle(alice, bob, ...said)
  return { alice, bob, said }
}

describe('a public channel', () => {
  it('is announced when both have signed, and both ask for their fees in public', () => {
    const { alice, bob } = open()
    for (const of of [alice, bob]) {
      const row = findChannel(of.state.graph, DEEP)
      const channel = row === undefined ? undefined : channelAt(of.state.graph, row)
      expect(channel?.nodeIds).toEqual([ALICE.id, BOB.id].sort())
      const direction = of.party.id === channel?.nodeIds[0] ? 0 : 1
      expect(channel?.policies[direction]).toMatchObject({ feeBaseMsat: 1000n, isDisabled: false, cltvExpiryDelta: 80 })
    }
    // A third one believes it, since it is signed by all four keys, and hears of it with the next flush.
    alice.meet(CAROL, NO_QUERIES)
    const told = sentOf(alice.effects, CAROL)
    expect(told.map(({ type }) => type).filter(type => type !== 'gossip_timestamp_filter')).toEqual([
      'channel_announcement',
      'channel_update',
    ])
    const [announced, ours] = told.filter(({ type }) => type !== 'gossip_timestamp_filter')
    expect(announced?.type === 'channel_announcement' && channelAnnouncementHolds(announced)).toBe(true)
    expect(ours?.type === 'channel_update' && signatureHolds(ours, ALICE.id) && ours.messageFlags).toBe(1)
  })

  it('reaches peers that asked for nothing, since it is our own', () => {
    const { alice, bob } = pair()
    alice.meet(CAROL, NO_QUERIES)
    const said = [alice, bob].map(of => [of, of.do({ type: 'own_channel', facts: facts(of.party) })] as const)
    settle(alice, bob, ...said)
    const told = sentOf(alice.pass(60_000), CAROL).map(({ type }) => type)
    expect(told).toEqual(['channel_announcement', 'channel_update'])
  })

  it.each([
    ['it has five confirmations', { shortChannelId: scid(HEIGHT - 4) }],
    ['it is not ready', { isReady: false }],
    ['it is closing', { isClosing: true }],
    ['nobody wants it public', { isPublic: false }],
  ])('is not signed while %s', (_, change) => {
    const { alice, bob, said } = open(change)
    const types = said.flatMap(([, effects]) => sentOf(effects).map(({ type }) => type))
    expect(types).not.toContain('announcement_signatures')
    expect([alice.state.graph.channelCount, bob.state.graph.channelCount]).toEqual([0, 0])
  })

  it('is signed when the sixth confirmation comes, once in a connection and again in the next one', () => {
    const { alice } = open({ shortChannelId: DEPTH_ONE })
    alice.height = HEIGHT + 4
    expect(sentOf(alice.do({ type: 'block', height: HEIGHT + 4, spent: [] }))).toEqual([])
    alice.height = HEIGHT + 5
    const sent = (effects: ReturnType<Gossiper['do']>) =>
      sentOf(effects).filter(({ type }) => type === 'announcement_signatures').length
    expect(sent(alice.do({ type: 'block', height: HEIGHT + 5, spent: [] }))).toBe(1)
    expect(sent(alice.pass(1000))).toBe(0)
    alice.do({ type: 'peer_down', peer: BOB.id })
    expect(sent(alice.meet(BOB, NO_QUERIES))).toBe(1)
  })

  it('goes on after a restart: what was signed is stored, and the peer that lost it gets ours again', () => {
    const { alice, bob } = open()
    const loaded = loadGossip(
      [...alice.records].sort(([a], [b]) => (a < b ? -1 : 1)),
      [],
    )
    if (!loaded.ok) throw new Error(loaded.error.message)
    const again = new Gossiper(ALICE, {}, loaded.value)
    again.fundingSecrets.set(ID, secretOf(ALICE))
    again.meet(BOB, NO_QUERIES)
    const before = again.records.size
    expect(sentOf(again.do({ type: 'own_channel', facts: facts(ALICE) }))).toEqual([])
    expect(again.records.size).toBe(before)
    const fromBob = sentOf(bob.effects).find(message => message.type === 'announcement_signatures')
    expect(sentOf(again.hear(BOB, fromBob as AnnouncementSignatures)).map(({ type }) => type)).toEqual([
      'announcement_signatures',
    ])
    expect(sentOf(again.hear(BOB, fromBob as AnnouncementSignatures))).toEqual([])
  })

  it('that the peer signs wrongly ends the connection; one that is not ours gets a warning', () => {
    const { alice } = pair()
    alice.do({ type: 'own_channel', facts: facts(ALICE) })
    const good: AnnouncementSignatures = {
      type: 'announcement_signatures',
      channelId: ID,
      shortChannelId: DEEP,
      nodeSignature: new Uint8Array(64),
      bitcoinSignature: new Uint8Array(64),
    }
    alice.hear(BOB, good)
    expect(alice.refused).toBe('invalid_signature')
    for (const wrong of [
      { ...good, shortChannelId: scid(3) },
      { ...good, channelId: channelIdOf('other') },
    ]) {
      const effects = alice.hear(BOB, wrong)
      expect(effects).toContainEqual(
        expect.objectContaining({ type: 'complain', failure: expect.objectContaining({ severity: 'warn' }) }),
      )
    }
    alice.meet(CAROL, NO_QUERIES)
    alice.hear(CAROL, good)
    expect(alice.refused).toBe('not_ours')
    expect(alice.state.graph.channelCount).toBe(0)
  })

  it('is disabled when the peer is away for ten minutes, and enabled when it is back', () => {
    const { alice } = open()
    const latest = () => {
      const row = findChannel(alice.state.graph, DEEP)
      return row === undefined ? undefined : channelAt(alice.state.graph, row).policies[ALICE.id < BOB.id ? 0 : 1]
    }
    alice.do({ type: 'peer_down', peer: BOB.id })
    alice.pass(599_999)
    expect(latest()?.isDisabled).toBe(false)
    // Within a minute of it.
    alice.pass(60_000)
    expect(latest()?.isDisabled).toBe(true)
    const sent = sentOf(alice.meet(BOB, NO_QUERIES), BOB)
    expect(latest()?.isDisabled).toBe(false)
    expect(sent.filter(({ type }) => type === 'channel_update').length).toBeGreaterThan(0)
    // Closing is for good.
    alice.do({ type: 'own_channel', facts: facts(ALICE, { isClosing: true }) })
    expect(latest()?.isDisabled).toBe(true)
  })

  it('is said again after a week, and at once when we ask for something else, each time with a newer timestamp', () => {
    const { alice } = open()
    const timestamps = () =>
      sentOf(alice.effects.splice(0), BOB).flatMap(message =>
        message.type === 'channel_update' ? [message.timestamp] : [],
      )
    const [, first = 0] = timestamps()
    alice.do({ type: 'own_channel', facts: facts(ALICE) })
    alice.pass(1000)
    expect(timestamps()).toEqual([])
    alice.now -= 1000
    const policy = { ...facts(ALICE).policy, feeBaseMsat: msat(5n) }
    alice.do({ type: 'own_channel', facts: facts(ALICE, { policy }) })
    expect(timestamps()).toEqual([first + 1])
    alice.pass(604_800_000)
    alice.effects.splice(0)
    // Directly, and with the flush.
    alice.pass(60_000)
    expect(new Set(timestamps())).toEqual(new Set([NOW_S + 604_860]))
  })

  it('never asks for more than its capacity', () => {
    const { alice } = open({ capacitySat: sat(1000) })
    const said = sentOf(alice.effects).flatMap(message =>
      message.type === 'channel_update' ? [message.htlcMaximumMsat] : [],
    )
    expect(said.every(maximum => maximum === 1_000_000n)).toBe(true)
  })
})

describe('a private channel', () => {
  const updates = (effects: ReturnType<Gossiper['do']>) =>
    sentOf(effects).flatMap((message): ChannelUpdate[] => (message.type === 'channel_update' ? [message] : []))

  it('tells the peer alone, by the alias that the peer gave, not to be forwarded', () => {
    const { alice, bob, said } = open({ isPublic: false })
    const [ours] = updates(said[0]?.[1] ?? [])
    expect(ours).toMatchObject({ shortChannelId: ALIAS_OF_BOB, messageFlags: 3, feeBaseMsat: 1000n })
    alice.meet(CAROL, NO_QUERIES)
    expect(sentOf([...alice.pass(60_000), ...alice.pass(60_000)], CAROL)).toEqual([])
    // The peer knows what we ask for, and does not tell anybody either.
    expect(remotePolicy(bob.state, ID)).toEqual(ours)
    expect([bob.state.graph.channelCount, bob.state.news.size]).toEqual([0, 0])
    expect(remotePolicy(bob.state, channelIdOf('other'))).toBeUndefined()
  })

  it('without an alias goes by its real id, and says nothing before it is ready or has a name', () => {
    const { alice } = pair()
    const { remoteAlias: _, shortChannelId: __, ...nameless } = facts(ALICE, { isPublic: false })
    expect(updates(alice.do({ type: 'own_channel', facts: nameless }))).toEqual([])
    expect(
      updates(alice.do({ type: 'own_channel', facts: { ...nameless, shortChannelId: DEEP, isReady: false } })),
    ).toEqual([])
    expect(updates(alice.do({ type: 'own_channel', facts: { ...nameless, shortChannelId: DEEP } }))).toMatchObject([
      { shortChannelId: DEEP },
    ])
  })

  it('is told of again in each connection', () => {
    const { alice } = open({ isPublic: false })
    alice.do({ type: 'peer_down', peer: BOB.id })
    expect(updates(alice.meet(BOB, NO_QUERIES))).toHaveLength(1)
  })

  it('believes only the peer, only what is newer, and nothing from the future', () => {
    const { alice } = open({ isPublic: false })
    const say = (from: Party, change: Partial<ChannelUpdate> = {}) =>
      alice.hear(
        BOB,
        update(from, ALICE, ALIAS_OF_ALICE, { channelFlags: BOB.id < ALICE.id ? 0 : 1, messageFlags: 3, ...change }),
      )
    const fee = () => remotePolicy(alice.state, ID)?.feeBaseMsat
    expect(fee()).toBe(1000n)
    say(BOB, { timestamp: NOW_S, feeBaseMsat: msat(2n) })
    expect(fee()).toBe(1000n)
    say(CAROL, { timestamp: NOW_S + 5 })
    expect([alice.refused, fee()]).toEqual(['invalid_signature', 1000n])
    say(BOB, { timestamp: NOW_S + 100_000 })
    expect([alice.refused, fee()]).toEqual(['timestamp', 1000n])
    say(BOB, { timestamp: NOW_S + 5, feeBaseMsat: msat(2n) })
    expect(fee()).toBe(2n)
    const again = loadGossip(
      [...alice.records].sort(([a], [b]) => (a < b ? -1 : 1)),
      [],
    )
    if (!again.ok) throw new Error(again.error.message)
    const restarted = new Gossiper(ALICE, {}, again.value)
    restarted.do({ type: 'own_channel', facts: facts(ALICE, { isPublic: false }) })
    expect(remotePolicy(restarted.state, ID)?.feeBaseMsat).toBe(2n)
  })

  it('is forgotten when the floors above say so', () => {
    const { alice } = open({ isPublic: false })
    alice.do({ type: 'own_channel_gone', channelId: ID })
    expect([alice.state.own.size, alice.records.size]).toEqual([0, 0])
    alice.do({ type: 'own_channel_gone', channelId: ID })
    expect(alice.last?.writes).toEqual([])
  })
})

describe('our node', () => {
  const node = {
    alias: 'Älice of the long, long, long name',
    rgbColor: Uint8Array.of(1, 2, 3),
    addresses: [],
    features: featureBits(17),
  }
  const said = (of: Gossiper) => {
    const row = findNode(of.state.graph, of.party.id)
    return row === undefined ? undefined : nodeAt(of.state.graph, row)
  }

  it('is announced once a channel is, with whole characters in its alias, and again only with something new or after a week', () => {
    const { alice, bob } = pair()
    alice.do({ type: 'own_node', node })
    expect(alice.records.size).toBe(0)
    settle(alice, bob, ...[alice, bob].map(of => [of, of.do({ type: 'own_channel', facts: facts(of.party) })] as const))
    expect(said(alice)).toMatchObject({ timestamp: NOW_S, offersMpp: true })
    const told = sentOf(alice.pass(60_000), BOB).flatMap(message =>
      message.type === 'node_announcement' ? [message] : [],
    )
    expect(told).toHaveLength(1)
    const [first] = told
    expect(first !== undefined && signatureHolds(first, ALICE.id)).toBe(true)
    expect(new TextDecoder().decode(first?.alias).replaceAll('\0', '')).toBe('Älice of the long, long, long n')
    alice.do({ type: 'own_node', node })
    expect(said(alice)?.timestamp).toBe(NOW_S)
    alice.do({ type: 'own_node', node: { ...node, alias: 'alice' } })
    expect(said(alice)?.timestamp).toBe(NOW_S + 60)
    const loaded = loadGossip(
      [...alice.records].sort(([a], [b]) => (a < b ? -1 : 1)),
      [],
    )
    expect(loaded.ok && loaded.value.nodeSaid).toBe(alice.state.nodeSaid)
    alice.pass(604_800_000)
    expect(said(alice)?.timestamp).toBe(NOW_S + 60 + 604_800)
  })

  it('is gone with its last channel', () => {
    const { alice } = open()
    alice.do({ type: 'own_node', node })
    expect(said(alice)).toBeDefined()
    const output = {
      txid: fundingTxid(DEEP),
      amountSat: sat(500_000),
      scriptPubkey: new Uint8Array(0),
      spentHeight: 1001,
    }
    alice.outputs.set(DEEP, output)
    alice.do({ type: 'block', height: 1001, spent: [outpointOf(DEEP)] })
    alice.do({ type: 'block', height: 1073, spent: [] })
    expect(said(alice)).toBeUndefined()
  })
})

describe('records', () => {
  const sorted = (of: Gossiper) => [...of.records].sort(([a], [b]) => (a < b ? -1 : 1))

  it('that are damaged are named', () => {
    const { alice } = open()
    for (const [key] of sorted(alice)) {
      const damaged = sorted(alice).map(([name, value]) => [name, name === key ? value.slice(0, 20) : value] as const)
      const loaded = loadGossip(damaged, [])
      expect([key, !loaded.ok && loaded.error.message.startsWith(key)]).toEqual([key, true])
    }
    expect(loadGossip([['gossip/what', new Uint8Array(0)]], []).ok).toBe(false)
    const [channel, updateRecord] = [
      sorted(alice)[0]?.[1],
      alice.records.get([...alice.records.keys()].find(key => key.includes('update')) ?? ''),
    ]
    if (channel === undefined || updateRecord === undefined) throw new Error('both are there')
    // One kind in the place of another.
    expect(loadGossip([['gossip/update/00/0', channel.slice(40)]], []).ok).toBe(false)
    expect(loadGossip([['gossip/channel/00', new Uint8Array([...channel.slice(0, 40), ...updateRecord])]], []).ok).toBe(
      false,
    )
  })
})
