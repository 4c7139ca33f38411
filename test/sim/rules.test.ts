import { beforeAll, describe, expect, test } from 'vitest'
import { defined, fromHex, msat, pmapEntries, pmapSet, sat, type Txid } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { type ChannelDurable, channelIdOf } from '../../src/channel/index.ts'
import type { EngineState } from '../../src/engine/index.ts'
import { asked } from '../../src/sim/invariants/asked.ts'
import { bounds } from '../../src/sim/invariants/bounds.ts'
import { changedLinks, fundedOf } from '../../src/sim/invariants/changedLinks.ts'
import { coins } from '../../src/sim/invariants/coins.ts'
import { conservation } from '../../src/sim/invariants/conservation.ts'
import { deadlines } from '../../src/sim/invariants/deadlines.ts'
import { doubleSpends } from '../../src/sim/invariants/doubleSpends.ts'
import { dust } from '../../src/sim/invariants/dust.ts'
import { ends } from '../../src/sim/invariants/ends.ts'
import { revoked } from '../../src/sim/invariants/revoked.ts'
import { secrets } from '../../src/sim/invariants/secrets.ts'
import { streams } from '../../src/sim/invariants/streams.ts'
import type { Observer, Turn, WatchedNode } from '../../src/sim/observer.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'
import type { OwnTx } from '../../src/wallet/index.ts'

// Each rule sees a run in which all goes well, and has nothing to say; then the same run with one thing in it that is not true.

const RULES = { asked, bounds, coins, conservation, deadlines, doubleSpends, dust, ends, revoked, secrets, streams }
type Rule = (world: World) => Observer
/** A transaction of nobody. */
const OTHER = '11'.repeat(32) as Txid

const SEED = 'rules'
const plan: Plan = (() => {
  const faults = { pay: 60, mine: 6, send: 3, open: 1 }
  const made = planOf({ seed: SEED, mode: 'fast', nodes: 2, deeds: 80, faults, adversary: false }, randomOf(SEED))
  const { at } = defined(made.deeds.at(-1), 'a plan has deeds')
  const close = { id: 1_000, at: at + 60_000, deed: { type: 'close', who: 0, channel: 0, force: true } } as const
  return { ...made, closesAll: false, deeds: [...made.deeds, close], healAt: at + 61_000 }
})()

/** What the rule says where some of what it is told is a lie. */
function saidOf(rule: Rule, lies: (honest: Observer, world: World) => Partial<Observer> = () => ({})) {
  return runPlan(plan, world => {
    const honest = rule(world)
    return [{ ...honest, ...lies(honest, world) }]
  }).failure?.message
}

/** A turn whose links are changed in what is durable: in what comes after it, and not in what was before. */
function turnWith(turn: Turn, change: (durable: ChannelDurable) => ChannelDurable): Turn {
  return { ...turn, after: stateWith(turn.after, change) }
}

function stateWith(state: EngineState, change: (durable: ChannelDurable) => ChannelDurable): EngineState {
  let { links } = state
  for (const [key, link] of pmapEntries(links)) {
    const channel = fundedOf(link)
    if (channel === undefined) continue
    const next = { ...channel, durable: change(channel.durable) }
    links = pmapSet(links, key, { ...link, state: { ...link.state, channel: next } })
  }
  return { ...state, links }
}

const seenBy = (node: WatchedNode, state: EngineState): WatchedNode =>
  ({ name: node.name, plan: node.plan, isListening: node.isListening, state }) as WatchedNode

const atHeight = (state: EngineState, more: number): EngineState => ({
  ...state,
  blocks: state.blocks.map(block => ({ ...block, height: block.height + more })),
})

const holdsHtlcs = (turn: Turn, is: (htlc: ChannelDurable['htlcs'][number]) => boolean): boolean =>
  changedLinks(turn).some(
    ({ before, after }) => fundedOf(before) !== undefined && fundedOf(after)?.durable.htlcs.some(is),
  )

describe('the rules of the world', () => {
  beforeAll(() => useCrypto('fast'))

  test.each(Object.keys(RULES) as (keyof typeof RULES)[])('%s has nothing to say where all goes well', name => {
    expect(saidOf(RULES[name])).toBeUndefined()
  })

  test('a commitment that is published after its secret has left', () => {
    const said = saidOf(revoked, honest => ({
      published: (node, tx, role, outcome) => {
        if (role !== 'commitment') return undefined
        const later = stateWith(node.state, durable => ({
          ...durable,
          localCommit: { ...durable.localCommit, number: durable.localCommit.number + 1 },
        }))
        for (const [, link] of pmapEntries(node.state.links)) {
          const channel = fundedOf(link)
          if (channel === undefined) continue
          honest.sent?.(seenBy(node, later), 1, Uint8Array.of(0, 133, ...fromHex(channelIdOf(channel))))
        }
        return honest.published?.(node, tx, role, outcome)
      },
    }))
    expect(said).toMatch(/has published commitment \d+ of channel \w+, and has revoked all up to \d+/)
    const cause = saidOf(revoked, honest => ({
      published: (node, tx, role, outcome) => {
        if (role !== 'commitment') return undefined
        honest.published?.(node, tx, role, outcome)
        const later = stateWith(node.state, durable => ({
          ...durable,
          localCommit: { ...durable.localCommit, number: durable.localCommit.number + 1 },
        }))
        for (const [, link] of pmapEntries(node.state.links)) {
          const channel = fundedOf(link)
          const bytes = channel && Uint8Array.of(0, 133, ...fromHex(channelIdOf(channel)))
          const complaint = bytes && honest.sent?.(seenBy(node, later), 1, bytes)
          if (complaint !== undefined) return complaint
        }
        return undefined
      },
    }))
    expect(cause).toMatch(/has revoked commitment \d+ of channel \w+ after it published commitment \d+/)
  })

  test('a channel that holds more than its funding output, once it is ready, and one whose parts are not the whole', () => {
    const channels = (extraSat: bigint, extraMsat: bigint, isReady: boolean) =>
      saidOf(conservation, honest => ({
        durable: (node, turn) =>
          honest.durable?.(
            node,
            turnWith(turn, durable => ({
              ...durable,
              ready: { ...durable.ready, local: isReady && durable.ready.local },
              params: { ...durable.params, fundingAmountSat: sat(durable.params.fundingAmountSat + extraSat) },
              settled: { ...durable.settled, localMsat: msat(durable.settled.localMsat + extraMsat) },
            })),
          ),
      }))
    expect(channels(1n, 1_000n, true)).toMatch(
      /has called channel \w+ of \d+ sat ready, and its funding output holds \d+ sat/,
    )
    expect(channels(1n, 1_000n, false)).toBeUndefined()
    expect(channels(0n, 1n, true)).toMatch(/holds \d+ msat, and its parts are \d+ msat/)
  })

  test('a coin that the wallet does not count, counts wrongly, or cannot spend', () => {
    const wallets = (change: (wallet: EngineState['wallet']) => EngineState['wallet']) =>
      saidOf(coins, (honest, world) => ({
        rest: () => {
          const [node] = world.nodes
          if (node !== undefined) node.state = { ...node.state, wallet: change(node.state.wallet) }
          return honest.rest?.()
        },
      }))
    const unspent = ({ coins: all }: EngineState['wallet']) =>
      defined(
        [...all].find(([, { spent }]) => spent === undefined),
        'a wallet has coins',
      )
    expect(
      wallets(wallet => ({
        ...wallet,
        coins: new Map([...wallet.coins].filter(([key]) => key !== unspent(wallet)[0])),
      })),
    ).toMatch(/does not count its coin/)
    expect(
      wallets(wallet => {
        const [key, coin] = unspent(wallet)
        return { ...wallet, coins: new Map(wallet.coins).set(key, { ...coin, amountSat: 1n as typeof coin.amountSat }) }
      }),
    ).toMatch(/counts 1 sat in the coin/)
    expect(
      wallets(wallet => {
        const [key, { outpoint }] = unspent(wallet)
        return { ...wallet, locks: new Map([[key, { outpoint, reason: 'channel' as const }]]) }
      }),
    ).toMatch(/is locked at rest \(channel\)/)
    const waiting = (more: Partial<OwnTx>) =>
      wallets(wallet => {
        const [script = ''] = wallet.watched.keys()
        const input = { outpoint: { txid: OTHER, vout: 0 }, scriptSig: new Uint8Array(), sequence: 0, witness: [] }
        const outputs = [{ amountSat: sat(1_000n), script: fromHex(script) }]
        const tx = { version: 2, inputs: [input], outputs, locktime: 0 }
        const own: OwnTx = { txid: txid(tx), tx, standing: 'published', purpose: 'other', ...more }
        return { ...wallet, transactions: new Map(wallet.transactions).set(own.txid, own) }
      })
    expect(waiting({})).toMatch(/waits at rest for \w+, which is nowhere/)
    expect(waiting({ conflict: { txid: OTHER, height: 1 } })).toBeUndefined()
  })

  test('a message that is heard without having been said, changed, twice, out of order, or with one missing before it', () => {
    const hearing = (change: (heard: readonly Uint8Array[], bytes: Uint8Array) => readonly Uint8Array[]) =>
      saidOf(streams, honest => {
        const heard: Uint8Array[] = []
        return {
          received: (node, connection, bytes) => {
            heard.push(bytes)
            for (const each of change(heard, bytes)) {
              const complaint = honest.received?.(node, connection, each)
              if (complaint !== undefined) return complaint
            }
            return undefined
          },
        }
      })
    expect(hearing((_, bytes) => [bytes.with(2, (bytes[2] ?? 0) ^ 1)])).toMatch(/as message 1 of connection \d+, where/)
    expect(hearing((_, bytes) => [bytes, bytes])).toMatch(/as message 2 of connection \d+, where/)
    expect(hearing((_, bytes) => [bytes.subarray(1)])).toMatch(/as message 1 of connection \d+, where/)
    expect(hearing(({ length }, bytes) => (length === 5 ? [] : [bytes]))).toMatch(/as message \d+ of connection/)
    const unsaid = saidOf(streams, () => ({ sent: () => undefined }))
    expect(unsaid).toMatch(/as message 1 of connection \d+, where nothing more was said/)
    const unconnected = saidOf(streams, () => ({ connected: () => undefined }))
    expect(unconnected).toMatch(/has heard something over connection \d+, which it does not have/)
    const ended = saidOf(streams, honest => ({
      received: (node, connection, bytes) => {
        honest.ended?.(node, connection)
        return honest.received?.(node, connection, bytes)
      },
    }))
    expect(ended).toMatch(/has heard something over connection \d+, which it does not have/)
  })

  test('two transactions in one turn that spend one coin', () => {
    const said = saidOf(doubleSpends, honest => ({
      durable: (node, turn) => {
        const publish = turn.effects.find(effect => effect.type === 'publish' && effect.role === 'funding')
        if (publish?.type !== 'publish') return undefined
        const other = { ...publish, tx: { ...publish.tx, locktime: publish.tx.locktime + 1 } }
        return honest.durable?.(node, { ...turn, effects: [publish, other] })
      },
    }))
    expect(said).toMatch(/in one turn, which both spend/)
  })

  test('an HTLC that is overdue, and one that is taken too late', () => {
    const overdue = saidOf(deadlines, honest => ({
      durable: (node, turn) => {
        if (!holdsHtlcs(turn, ({ offeredBy, added }) => offeredBy === 'local' && added !== 'proposed')) return undefined
        const after = atHeight(turn.after, 46)
        const block = {
          type: 'block_connected',
          height: 0,
          hash: '',
          transactions: [],
        } as unknown as Turn['inputs'][number]
        return honest.durable?.(seenBy(node, after), { ...turn, before: after, after, inputs: [block] })
      },
    }))
    expect(overdue).toMatch(/only the chain can settle it/)
    const late = saidOf(deadlines, honest => ({
      durable: (node, turn) => honest.durable?.(node, { ...turn, after: atHeight(turn.after, 26) }),
    }))
    expect(late).toMatch(/too late to be sure of it/)
  })

  test('an HTLC that is trimmed against BOLT 3, and dust beyond the limit', () => {
    const signed = saidOf(dust, honest => ({
      durable: (node, turn) =>
        honest.durable?.(
          node,
          turnWith(turn, durable => ({
            ...durable,
            localCommit: { ...durable.localCommit, htlcSignatures: durable.localCommit.htlcSignatures.slice(1) },
          })),
        ),
    }))
    expect(signed).toMatch(/of its HTLCs are large enough for one/)
    const exposed = saidOf(dust, honest => ({
      durable: (node, turn) => {
        if (!holdsHtlcs(turn, ({ offeredBy }) => offeredBy === 'local')) return undefined
        const many = turnWith(turn, durable => {
          const offered = durable.htlcs.find(({ offeredBy }) => offeredBy === 'local')
          if (offered === undefined) return durable
          const small = { ...offered, amountMsat: 353_999n as typeof offered.amountMsat, added: 'proposed' } as const
          const htlcs = Array.from({ length: 15 }, (_, index) => ({ ...small, id: 1_000 + index }))
          return { ...durable, htlcs: [...durable.htlcs, ...htlcs] }
        })
        return honest.durable?.(node, many)
      },
    }))
    expect(exposed).toMatch(/msat of dust are on a commitment, and 5000000 msat are the limit/)
  })

  test('a secret of another point, and a signature that is not valid', () => {
    const secret = saidOf(secrets, honest => ({
      durable: (node, turn) => {
        const point = new Uint8Array(33).fill(2)
        const before = stateWith(turn.before, durable => ({
          ...durable,
          remoteCommit: { ...durable.remoteCommit, point },
        }))
        return honest.durable?.(node, { ...turn, before })
      },
    }))
    expect(secret).toMatch(/does not fit the point that was promised/)
    const signature = saidOf(secrets, honest => ({
      durable: (node, turn) => {
        honest.deed?.({ id: 0, at: 0, deed: { type: 'mutate', who: 0 } })
        const wrong = turnWith(turn, durable => ({
          ...durable,
          localCommit: {
            ...durable.localCommit,
            htlcSignatures: durable.localCommit.htlcSignatures.map(() => new Uint8Array(64).fill(1)),
          },
        }))
        return honest.durable?.(node, wrong)
      },
    }))
    expect(signature).toMatch(/is not valid: nobody could claim it/)
  })

  test('a channel that is over for one side alone', () => {
    const said = saidOf(ends, (honest, world) => ({
      rest: () => {
        const [node] = world.nodes
        if (node === undefined) return undefined
        let { links } = node.state
        for (const [key, link] of pmapEntries(links)) {
          const channel = fundedOf(link)
          if (channel === undefined) continue
          links = pmapSet(links, key, { ...link, state: { ...link.state, channel: { ...channel, state: 'closed' } } })
        }
        node.state = { ...node.state, links }
        return honest.rest?.()
      },
    }))
    expect(said).toMatch(/is normal for \w+ at rest, and closed for \w+/)
  })

  test('more blocks, and more openings, than there may be', () => {
    const blocks = saidOf(bounds, honest => ({
      durable: (node, turn) => {
        const [first] = turn.after.blocks
        const many = first === undefined ? [] : Array.from({ length: 146 }, () => first)
        return honest.durable?.(node, { ...turn, after: { ...turn.after, blocks: many } })
      },
    }))
    expect(blocks).toMatch(/holds 146 blocks, and 145 are the limit/)
    const openings = saidOf(bounds, honest => ({
      durable: (node, turn) => {
        const opened = changedLinks(turn).find(({ before }) => before === undefined)?.after
        if (opened === undefined) return undefined
        let { links } = turn.after
        for (let index = 100; index < 104; index++) links = pmapSet(links, String(index), { ...opened, index })
        return honest.durable?.(node, { ...turn, after: { ...turn.after, links } })
      },
    }))
    expect(openings).toMatch(/has 5 channels with one peer that have no funding yet, and 4 are the limit/)
  })

  test('a key that pays twice, a budget that is overspent, and an amount that nobody named', () => {
    type Asked = World['workload']['asked'][number]
    const asking = (change: (paid: readonly Asked[], world: World) => readonly Asked[]) =>
      saidOf(asked, (honest, world) => ({
        rest: () => {
          const paid = world.workload.asked.filter(
            ({ reply, payer }) =>
              reply?.type === 'payment' && reply.payment.status === 'succeeded' && payer === world.nodes[0],
          )
          world.workload.asked.push(...change(paid, world))
          return honest.rest?.()
        },
      }))
    expect(asking(paid => paid.slice(0, 2).map(each => ({ ...each, idempotencyKey: 'again' })))).toMatch(
      /has paid twice for the idempotency key again/,
    )
    expect(
      asking((paid, { workload }) => {
        workload.budgets.set('small', 0n)
        return paid.slice(0, 1).map(each => ({ ...each, token: 'small' }))
      }),
    ).toMatch(/has a budget of 0 msat, and \d+ msat were paid with it/)
    expect(asking(paid => paid.slice(0, 1).map(each => ({ ...each, amountMsat: each.amountMsat + 1n })))).toMatch(
      /wanted to pay \d+ msat, and it was a payment of \d+ msat/,
    )
  })
})
