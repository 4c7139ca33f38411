import { beforeAll, describe, expect, test } from 'vitest'
import { defined, emptyPMap, fromHex, jsonDecode, pmapEntries, pmapGet, pmapSet } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import { EVENTS, type NodeEvent } from '../../src/engine/index.ts'
import { fundedOf } from '../../src/sim/invariants/changedLinks.ts'
import { doubleSpends } from '../../src/sim/invariants/doubleSpends.ts'
import { payments } from '../../src/sim/invariants/payments.ts'
import { publications } from '../../src/sim/invariants/publications.ts'
import { rest } from '../../src/sim/invariants/rest.ts'
import { signerSafety } from '../../src/sim/invariants/signerSafety.ts'
import type { SimNode } from '../../src/sim/node.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../../src/sim/observer.ts'
import { planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'
import type { OwnTx } from '../../src/wallet/index.ts'

// Each rule looks at the end of a run in which all has gone well, and has nothing to say; then at the same end with one thing in it that is
// not true.

const SEED = 'at rest'
const plan = {
  ...planOf(
    { seed: SEED, mode: 'fast', nodes: 2, deeds: 12, faults: { pay: 60, mine: 6 }, adversary: false },
    randomOf(SEED),
  ),
  closesAll: false,
}

/** A run, and what is looked at in it: nobody complains unless `look` does. */
function look(observer: (world: World) => Partial<Observer>): void {
  const { failure } = runPlan(plan, world => [{ name: 'look', ...observer(world) }])
  expect(failure).toBeUndefined()
}

/** What is said while something is otherwise than it is. */
function saidWhile(node: SimNode, change: Partial<SimNode>, ask: () => Complaint): Complaint {
  const before = Object.fromEntries(Object.keys(change).map(key => [key, node[key as keyof SimNode]]))
  Object.assign(node, change)
  const said = ask()
  Object.assign(node, before)
  return said
}

const like = (node: WatchedNode, more: Partial<WatchedNode>): WatchedNode => ({
  name: node.name,
  id: node.id,
  plan: node.plan,
  disk: node.disk,
  isListening: node.isListening,
  state: node.state,
  loaded: () => node.loaded(),
  ...more,
})

beforeAll(() => useCrypto('fast'))

describe('payments', () => {
  const typeOf = (value: Uint8Array): NodeEvent['type'] => {
    const stored = jsonDecode<{ readonly event: NodeEvent }>(value)
    if (!stored.ok) throw new Error(stored.error.message)
    return stored.value.event.type
  }

  test('one that is in no log of the other side, that ends twice, or that goes on', () => {
    const said: Complaint[] = []
    look(world => {
      const rule = payments(world)
      return {
        rest: () => {
          const ask = () => rule.rest?.()
          said.push(ask())
          const [alice, bob] = world.nodes
          if (alice === undefined || bob === undefined) return undefined
          /** With what the log of a node would be. */
          const logging = (node: SimNode, change: (log: Map<string, Uint8Array>) => void) => {
            const { load } = node.disk
            node.disk.load = prefix => {
              const log = new Map(load.call(node.disk, prefix))
              if (prefix === EVENTS) change(log)
              return log
            }
            said.push(ask())
            node.disk.load = load
          }
          const without = (type: NodeEvent['type']) => (log: Map<string, Uint8Array>) => {
            for (const [key, value] of log) if (typeOf(value) === type) log.delete(key)
          }
          for (const node of [alice, bob]) {
            logging(node, without('payment_received'))
            logging(node, without('payment_sent'))
            for (const type of ['payment_sent', 'payment_received'] as const)
              logging(node, log => {
                const one = [...log.values()].find(value => typeOf(value) === type)
                if (one !== undefined) log.set(`${EVENTS}again`, one)
              })
          }
          const payment = { number: 7, paymentHash: 'ab'.repeat(32) }
          const flying = { payment, parts: [{ link: 1, id: 2 }] } as never
          const inFlight = pmapSet(alice.state.payments.inFlight, 'x', flying)
          const state = { ...alice.state, payments: { ...alice.state.payments, inFlight } }
          said.push(saidWhile(alice, { state }, ask))
          expect(rule.replied?.(alice, 1, { type: 'done' })).toBeUndefined()
          said.push(rule.replied?.(alice, 1, { type: 'done' }))
          return undefined
        },
      }
    })
    expect(said[0]).toBeUndefined()
    const all = said.join('\n')
    expect(all).toMatch(/alice has paid \d+ msat to bob, who was not paid/)
    expect(all).toMatch(/bob was paid \d+ msat by alice, who has not paid/)
    expect(all).toMatch(/has ended payment \w+ twice: payment_sent as number \d+, and payment_sent/)
    expect(all).toMatch(/bob has ended payment \w+ twice: 2 times received, where 1 may have paid it/)
    expect(all).toMatch(/alice still has payments in flight when all has come to rest: number 7/)
    expect(all).toMatch(/alice has answered request 1 twice/)
  })
})

describe('rest', () => {
  test('a node that is down, a channel that ends for ever, an HTLC that is left, and records that tell something else', () => {
    const said: Complaint[] = []
    look(world => {
      const rule = rest(world)
      return {
        rest: () => {
          const ask = () => rule.rest?.()
          said.push(ask())
          const [alice] = world.nodes
          if (alice === undefined) return undefined
          said.push(saidWhile(alice, { alive: false }, ask))
          const [entry] = [...pmapEntries(alice.state.links)]
          const [key, link] = defined(entry, 'alice has a channel')
          const channel = defined(fundedOf(link), 'it is funded')
          const withChannel = (change: object) => {
            const links = pmapSet(alice.state.links, key, {
              ...link,
              state: { ...link.state, channel: { ...channel, ...change } },
            })
            said.push(saidWhile(alice, { state: { ...alice.state, links } }, ask))
          }
          withChannel({ state: 'negotiating' })
          const htlc = { offeredBy: 'local', id: 1, added: 'irrevocable' }
          withChannel({ durable: { ...channel.durable, htlcs: [htlc] } })
          const state = { ...alice.state, nextLink: alice.state.nextLink + 1 }
          said.push(saidWhile(alice, { state }, ask))
          const turn: Turn = { before: alice.state, after: state, inputs: [], writes: [], effects: [] }
          rule.durable?.(alice, turn)
          said.push(rule.started?.(alice))
          rule.durable?.(alice, { ...turn, after: alice.state })
          expect(rule.started?.(alice)).toBeUndefined()
          return undefined
        },
      }
    })
    expect(said).toEqual([
      undefined,
      'alice does not run although the faults have stopped',
      'channel negotiating of alice is still negotiating when all has come to rest',
      'channel normal of alice has HTLCs left when all has come to rest',
      'the records of alice tell other nextLink than it holds',
      'the records of alice tell other nextLink than it holds',
    ])
  })
})

describe('signer safety', () => {
  const COMMITMENT_SIGNED = 132
  const REVOKE_AND_ACK = 133
  const changed = (bytes: Uint8Array, at: number) => bytes.with(at, (bytes[at] ?? 0) ^ 1)

  test('two commitments of one number, two secrets of one, and what the records know nothing of', () => {
    const said = new Set<string>()
    look(world => {
      const rule = signerSafety(world)
      const note = (complaint: Complaint) => {
        if (complaint !== undefined) said.add(complaint.replace(/\d+|channel [0-9a-f]{8}/g, '#'))
      }
      return {
        sent: (node, connection, bytes) => {
          expect(rule.sent?.(node, connection, bytes)).toBeUndefined()
          const type = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
          if (type !== COMMITMENT_SIGNED && type !== REVOKE_AND_ACK) return undefined
          // Behind the type and the channel's id: the first byte of the signature, and of the secret.
          note(rule.sent?.(node, connection, changed(bytes, 34)))
          note(rule.sent?.(node, connection, changed(bytes, 2)))
          note(rule.sent?.(node, connection, bytes.subarray(0, 20)))
          rule.sent?.(node, connection, bytes)
          return undefined
        },
        rest: () => {
          const [alice] = world.nodes
          const link = alice && pmapGet(alice.state.links, '0')
          const channel = fundedOf(link)
          if (alice === undefined || channel === undefined) return undefined
          const id = fromHex(channel.durable.params.channelId)
          // Nothing waits for a revocation at rest.
          note(rule.sent?.(alice, 1, Uint8Array.of(0, COMMITMENT_SIGNED, ...id, ...new Uint8Array(66))))
          const revocation = Uint8Array.of(0, REVOKE_AND_ACK, ...id, ...new Uint8Array(32), ...fromHex(alice.id))
          const fresh = signerSafety(world)
          const forgetful = like(alice, { loaded: () => ({ ...alice.state, links: emptyPMap() }) })
          for (let i = 0; i < 200; i++) note(fresh.sent?.(forgetful, 1, revocation))
          return undefined
        },
      }
    })
    expect([...said].sort()).toEqual([
      'alice has revealed two secrets for commitment #',
      'alice has revoked commitment # before the next one was durable',
      'alice has revoked in a channel that it does not have',
      'alice has sent a commitment_signed that its records know nothing of',
      'alice has sent a message that cannot be read',
      'alice has signed for a channel that it does not have',
      'alice has signed two different commitments # of the peer in #',
      'bob has revealed two secrets for commitment #',
      'bob has revoked in a channel that it does not have',
      'bob has sent a message that cannot be read',
      'bob has signed for a channel that it does not have',
      'bob has signed two different commitments # of the peer in #',
    ])
  })
})

describe('publications', () => {
  test('what the chain refuses, and what it refuses for good reasons', () => {
    look(world => {
      const rule = publications(world)
      return {
        rest: () => {
          const [alice] = world.nodes
          const tx = defined(world.chain.blockAt(world.chain.height)?.transactions[0], 'a block has a coinbase')
          if (alice === undefined) return undefined
          const says = (outcome: string, node: WatchedNode = alice) => rule.published?.(node, tx, 'claim', outcome)
          expect(says('accepted')).toBeUndefined()
          expect(says('txn-mempool-conflict')).toBeUndefined()
          expect(says('mandatory-script-verify-flag-failed')).toBe(
            'the chain refuses the claim transaction of alice: mandatory-script-verify-flag-failed',
          )
          expect(says('dust')).toMatch(/^the chain refuses the claim transaction of alice: dust$/)
          expect(says('non-final')).toMatch(/: non-final$/)
          // On a branch that is gone.
          const last = defined(alice.state.blocks.at(-1), 'it has seen blocks')
          const elsewhere = { ...last, hash: '00'.repeat(32) as typeof last.hash }
          const state = { ...alice.state, blocks: [elsewhere] }
          expect(says('non-final', like(alice, { state }))).toBeUndefined()
          return undefined
        },
      }
    })
  })
})

describe('double spends', () => {
  test('over turns: a claim takes a coin of a payment that waits, or of the claim of another channel', () => {
    look(world => {
      const rule = doubleSpends(world)
      return {
        rest: () => {
          const [alice] = world.nodes
          const coinbase = defined(world.chain.blockAt(1)?.transactions[0], 'a block has a coinbase')
          const [entry] = alice === undefined ? [] : [...pmapEntries(alice.state.links)]
          if (alice === undefined || entry === undefined) return undefined
          const [key, link] = entry
          const onchain = defined(link.state.onchain, 'a funded channel is watched')
          const spend = { ...coinbase, inputs: coinbase.inputs.map(input => ({ ...input, sequence: 5 })) }
          const again = { ...spend, locktime: 1 }
          const before = alice.state
          /** A turn after which one channel claims with `claimed`, and the wallet waits for what is given. */
          const says = (claimed: readonly Tx[], waiting: Partial<OwnTx> & { readonly tx: Tx }, isCoin = false) => {
            const claims = claimed.map(tx => ({
              txid: txid(tx),
              tx,
              role: 'htlc-timeout' as const,
              feeCoins: isCoin ? tx.inputs.map(({ outpoint }) => ({ outpoint, script: new Uint8Array(0) })) : [],
            }))
            const own: OwnTx = { txid: txid(waiting.tx), standing: 'published', purpose: 'send', ...waiting }
            const transactions = new Map(before.wallet.transactions).set(own.txid, own)
            const links = pmapSet(before.links, key, {
              ...link,
              state: { ...link.state, onchain: { ...onchain, claims } },
            })
            const after = { ...before, links, wallet: { ...before.wallet, transactions } }
            return rule.durable?.(alice, { before, after, inputs: [], writes: [], effects: [] })
          }
          expect(says([spend], { tx: again })).toMatch(
            /^alice spends \S+ in \w+ \(the wallet's send\) and in \w+ \(a claim of/,
          )
          expect(says([spend, again], { tx: spend, purpose: 'other' })).toMatch(
            /\(a claim of channel \d+\) and in \w+ \(a/,
          )
          expect(says([spend], { tx: spend })).toBeUndefined()
          expect(says([spend], { tx: again, conflict: { txid: txid(spend), height: 1 } })).toBeUndefined()
          expect(says([spend], { tx: again, confirmedHeight: 1 })).toBeUndefined()
          // The wallet has given that claim up, and its coins are free.
          expect(says([spend], { tx: again }, true)).toBeUndefined()
          return undefined
        },
      }
    })
  })
})
