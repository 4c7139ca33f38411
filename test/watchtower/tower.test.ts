import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BlockHash, feeratePerKw, type NodeId, nodeId, sat, toHex } from '../../src/base/index.ts'
import { p2wpkhScript, type Tx, txid } from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  blobKey,
  DEFAULT_TOWER_LIMITS,
  decodeTowerMessage,
  encodeTowerMessage,
  type FoundBlob,
  hintOf,
  type JusticeBlob,
  loadTower,
  MAX_BLOB_BYTES,
  sealBlob,
  TOWER_PREFIXES,
  type TowerContext,
  type TowerEffect,
  type TowerInput,
  type TowerLimits,
  type TowerMessage,
  tagPrefix,
  towerStep,
} from '../../src/watchtower/index.ts'
import { clientOfBlob, hintPrefix } from '../../src/watchtower/records.ts'

// The tower as a machine: what it keeps for whom, what it publishes when, and what it forgets. No chain and no socket: values in and out.

const idOf = (fill: number): NodeId => nodeId(publicKeyFromSecret(new Uint8Array(32).fill(fill)))
const CLIENT = idOf(1)
const TAG = new Uint8Array(16).fill(9)
const SCRIPT = p2wpkhScript(publicKeyFromSecret(new Uint8Array(32).fill(3)))
const NONCE = new Uint8Array(12).fill(4)

const transaction = (
  number: number,
  spends?: { readonly txid: ReturnType<typeof txid>; readonly vout: number },
): Tx => ({
  version: 2,
  inputs: [
    {
      outpoint: spends ?? { txid: toHex(sha256(Uint8Array.of(number))) as ReturnType<typeof txid>, vout: 0 },
      scriptSig: new Uint8Array(0),
      sequence: 0,
      witness: [],
    },
  ],
  outputs: [
    { amountSat: sat(100_000 + number), script: SCRIPT },
    { amountSat: sat(20_000), script: SCRIPT },
  ],
  locktime: 0,
})

const BREACH = transaction(1)
const rung = (feeSat: bigint, fill: number) => ({ feeSat: sat(feeSat), signature: new Uint8Array(72).fill(fill) })
const BLOB: JusticeBlob = {
  destinationScript: SCRIPT,
  outputs: [
    {
      vout: 0,
      amountSat: sat(100_001),
      sequence: 0xfffffffd,
      witness: [SCRIPT],
      rungs: [rung(200n, 1), rung(800n, 2), rung(3_200n, 3)],
    },
    { vout: 1, amountSat: sat(20_000), sequence: 0xfffffffd, witness: [SCRIPT], rungs: [rung(200n, 4)] },
  ],
}

class OneTower {
  records = new Map<string, Uint8Array>()
  state = this.#loaded()
  feerate = 253
  limits: Partial<TowerLimits> = {}
  allowed: ReadonlySet<NodeId> | undefined
  height = 100

  context(): TowerContext {
    return {
      limits: { ...DEFAULT_TOWER_LIMITS, ...this.limits },
      feeratePerKw: feeratePerKw(this.feerate),
      ...(this.allowed !== undefined && { allowed: this.allowed }),
    }
  }

  give(input: TowerInput): readonly TowerEffect[] {
    const { next, writes, effects } = towerStep(this.state, input, this.context())
    this.state = next
    for (const write of writes) {
      if (write.type === 'put') this.records.set(write.key, write.value)
      else this.records.delete(write.key)
    }
    // What is in memory is what a start would read, but for the last blocks.
    expect({ ...this.#loaded(), recent: [] }).toEqual({ ...next, recent: [] })
    return effects
  }

  restart(): void {
    this.state = this.#loaded()
  }

  put(blob: Uint8Array, more: Partial<Extract<TowerMessage, { type: 'tower_put' }>> = {}, client = CLIENT) {
    const put = {
      type: 'tower_put' as const,
      sequence: 1,
      tag: TAG,
      hint: hintOf(txid(BREACH)),
      part: 0,
      isLast: true,
      blob,
      ...more,
    }
    const known = this.records.get(blobKey({ client, ...put }))
    return this.give({
      type: 'put',
      connection: 7,
      client,
      put,
      ...(known !== undefined && { replaces: known.length }),
    })
  }

  block(...transactions: readonly Tx[]): readonly TowerEffect[] {
    this.height += 1
    const found = new Map(
      transactions.map(tx => {
        const prefix = hintPrefix(hintOf(txid(tx)))
        const kept = [...this.records].filter(([key]) => key.startsWith(prefix))
        return [txid(tx), kept.map(([key, blob]): FoundBlob => ({ client: clientOfBlob(key), blob }))]
      }),
    )
    const hash = toHex(sha256(Uint8Array.of(this.height & 255, this.height >> 8))) as BlockHash
    return this.give({ type: 'block_connected', height: this.height, hash, transactions, found })
  }

  undo(): readonly TowerEffect[] {
    this.height -= 1
    return this.give({ type: 'block_disconnected' })
  }

  #loaded() {
    const loaded = loadTower(
      new Map([...this.records].filter(([key]) => TOWER_PREFIXES.some(prefix => key.startsWith(prefix)))),
    )
    if (!loaded.ok) throw new Error(loaded.error.message)
    return loaded.value
  }
}

const published = (effects: readonly TowerEffect[]) =>
  effects.flatMap(effect => (effect.type === 'publish' ? [effect.tx] : []))
/** What each published transaction pays. */
const fees = (effects: readonly TowerEffect[]) =>
  published(effects).map(({ inputs, outputs }) => {
    const held = BLOB.outputs.find(({ vout }) => vout === inputs[0]?.outpoint.vout)?.amountSat ?? 0n
    return held - (outputs[0]?.amountSat ?? 0n)
  })
const answers = (effects: readonly TowerEffect[]) =>
  effects.flatMap(effect => (effect.type === 'send' ? [effect.message.type] : []))
const SEALED = sealBlob(txid(BREACH), BLOB, NONCE)

describe('a tower that is given something', () => {
  it('keeps it before it says so, and once, however often it comes', () => {
    const tower = new OneTower()
    expect(answers(tower.put(SEALED))).toEqual(['tower_ack'])
    expect(answers(tower.put(SEALED))).toEqual(['tower_ack'])
    expect(tower.state.clients.get(CLIENT)).toEqual({ blobs: 1, bytes: SEALED.length })
    expect(answers(tower.put(SEALED, { sequence: 2, isLast: false }))).toEqual([])
    expect(answers(tower.put(SEALED, { sequence: 2, part: 1 }))).toEqual(['tower_ack'])
    expect(tower.state.clients.get(CLIENT)).toEqual({ blobs: 3, bytes: 3 * SEALED.length })
  })

  it('says no to what is too much, to one client too many, and to those it is not for', () => {
    const tower = new OneTower()
    tower.limits = { maxClients: 1, maxBytesPerClient: SEALED.length + 10 }
    expect(answers(tower.put(new Uint8Array(MAX_BLOB_BYTES + 1)))).toEqual(['tower_refuse'])
    expect(answers(tower.put(SEALED))).toEqual(['tower_ack'])
    expect(answers(tower.put(SEALED, { sequence: 2 }))).toEqual(['tower_refuse'])
    // In place of what is there it has room.
    expect(answers(tower.put(SEALED))).toEqual(['tower_ack'])
    expect(answers(tower.put(SEALED, {}, idOf(2)))).toEqual(['tower_refuse'])
    tower.allowed = new Set([idOf(2)])
    expect(answers(tower.put(SEALED))).toEqual(['tower_refuse'])
    expect([...tower.state.clients.keys()]).toEqual([CLIENT])
  })

  it('forgets a channel whole, and nothing of another one', () => {
    const tower = new OneTower()
    tower.put(SEALED)
    tower.put(SEALED, { sequence: 2, tag: new Uint8Array(16).fill(8) })
    const stored = new Map(
      [...tower.records].filter(([key]) => key.startsWith(tagPrefix(CLIENT, TAG))).map(([key]) => [key, SEALED.length]),
    )
    const effects = tower.give({
      type: 'forget',
      connection: 7,
      client: CLIENT,
      forget: { type: 'tower_forget', sequence: 3, tag: TAG },
      stored,
    })
    expect(answers(effects)).toEqual(['tower_ack'])
    expect(tower.state.clients.get(CLIENT)).toEqual({ blobs: 1, bytes: SEALED.length })
    expect([...tower.records.keys()].filter(key => key.startsWith('blob/')).length).toBe(1)
  })
})

describe('a tower that sees a cheat', () => {
  it('takes each output at once, again with each block, and dearer where that waits, up to the top', () => {
    const tower = new OneTower()
    tower.put(SEALED)
    expect(published(tower.block(transaction(2)))).toEqual([])
    expect(fees(tower.block(BREACH))).toEqual([200n, 200n])
    expect(fees(tower.block())).toEqual([200n, 200n])
    expect(fees(tower.block())).toEqual([200n, 200n])
    expect(fees(tower.block())).toEqual([800n, 200n])
    for (let i = 0; i < 2; i++) expect(fees(tower.block())).toEqual([800n, 200n])
    for (let i = 0; i < 5; i++) expect(fees(tower.block())).toEqual([3_200n, 200n])
  })

  it('follows the market up, and never down', () => {
    const tower = new OneTower()
    tower.put(SEALED)
    tower.feerate = 1_200
    expect(fees(tower.block(BREACH))).toEqual([800n, 200n])
    tower.feerate = 100_000
    expect(fees(tower.block())).toEqual([3_200n, 200n])
    tower.feerate = 253
    expect(fees(tower.block())).toEqual([3_200n, 200n])
  })

  it('goes on after a restart, and once a block has the spend it is done, until that is undone', () => {
    const tower = new OneTower()
    tower.put(SEALED)
    const [first] = published(tower.block(BREACH))
    tower.restart()
    expect(fees(tower.give({ type: 'started' }))).toEqual([200n, 200n])
    if (first === undefined) throw new Error('it was published')
    expect(fees(tower.block(first))).toEqual([200n])
    expect(published(tower.undo()).length).toBe(0)
    expect(fees(tower.block())).toEqual([200n, 200n])
    tower.block(first)
    // Final: nothing of it is kept.
    for (let i = 0; i < DEFAULT_TOWER_LIMITS.finalDepth; i++) tower.block()
    expect([...tower.state.cases.values()].map(({ output }) => output.vout)).toEqual([1])
  })

  it('tells where the cheat was faster with an output, and takes the others', () => {
    const tower = new OneTower()
    tower.put(SEALED)
    const stolen = transaction(5, { txid: txid(BREACH), vout: 1 })
    const effects = tower.block(BREACH, stolen)
    expect(fees(effects)).toEqual([200n])
    const told = effects.flatMap(effect => (effect.type === 'tell' ? [effect.message] : []))
    expect(told.some(message => message.includes('has to look after it'))).toBe(true)
  })

  it('that was faster than the client: what comes within a few blocks is looked up among those', () => {
    const tower = new OneTower()
    tower.block(BREACH)
    tower.block()
    expect(fees(tower.put(SEALED))).toEqual([200n, 200n])
    const late = new OneTower()
    late.block(BREACH)
    for (let i = 0; i < DEFAULT_TOWER_LIMITS.recentBlocks; i++) late.block()
    expect(published(late.put(SEALED))).toEqual([])
  })

  it('is not misled by blobs that do not fit: another transaction, another amount, garbage', () => {
    const tower = new OneTower()
    const other = sealBlob(txid(transaction(3)), BLOB, NONCE)
    const wrong: JusticeBlob = {
      ...BLOB,
      outputs: BLOB.outputs.map(output => ({ ...output, amountSat: sat(output.amountSat + 1n) })),
    }
    tower.put(other)
    tower.put(new Uint8Array(100), { sequence: 2 })
    tower.put(new Uint8Array(0), { sequence: 3 })
    tower.put(sealBlob(txid(BREACH), wrong, NONCE), { sequence: 4 })
    expect(published(tower.block(BREACH))).toEqual([])
    expect(tower.state.cases.size).toBe(0)
  })

  it('gives up a case whose commitment is in no block any more', () => {
    const tower = new OneTower()
    tower.limits = { caseBlocks: 20 }
    tower.put(SEALED)
    tower.block(BREACH)
    for (let i = 0; i < 19; i++) expect(tower.block().length).toBeGreaterThan(0)
    expect(published(tower.block())).toEqual([])
    expect(tower.state.cases.size).toBe(0)
  })
})

describe('what a node and a tower say', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const messages: fc.Arbitrary<TowerMessage> = fc.oneof(
    fc.record({ type: fc.constant('tower_hello' as const), version: fc.nat(255), chainHash: bytes(32) }),
    fc.record({
      type: fc.constant('tower_put' as const),
      sequence: fc.nat(),
      tag: bytes(16),
      hint: bytes(16),
      part: fc.nat(65_535),
      isLast: fc.boolean(),
      blob: fc.uint8Array({ maxLength: 300 }),
    }),
    fc.record({ type: fc.constant('tower_forget' as const), sequence: fc.nat(), tag: bytes(16) }),
    fc.record({ type: fc.constant('tower_ack' as const), sequence: fc.nat() }),
    fc.record({ type: fc.constant('tower_refuse' as const), sequence: fc.nat(), reason: fc.string() }),
  )

  it('comes through as it was, and nothing that is cut or longer is taken for it', () => {
    fc.assert(
      fc.property(messages, message => {
        const encoded = encodeTowerMessage(message)
        expect(decodeTowerMessage(encoded)).toEqual({ ok: true, value: message })
        expect(decodeTowerMessage(encoded.subarray(0, -1)).ok).toBe(false)
        expect(decodeTowerMessage(new Uint8Array([...encoded, 0])).ok).toBe(false)
      }),
    )
  })

  it('is any bytes: the answer is a message, nothing, or why not', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom(47_101, 47_103, 47_105, 47_107, 47_109, 1),
        (rest, type) => {
          const decoded = decodeTowerMessage(new Uint8Array([type >> 8, type & 255, ...rest]))
          if (decoded.ok && decoded.value !== undefined)
            expect(encodeTowerMessage(decoded.value).slice(2)).toEqual(rest)
        },
      ),
    )
  })
})
