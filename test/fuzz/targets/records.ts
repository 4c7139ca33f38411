import {
  bytesEqual,
  type Codec,
  concat,
  jsonDecode,
  jsonEncode,
  nodeId,
  sat,
  u64Number,
  utf8Encode,
} from '../../../src/base/index.ts'
import { changedRecords, htlcsOfRevoked, loadDurable } from '../../../src/channel/codec/records.ts'
import * as channelV1 from '../../../src/channel/codec/v1.ts'
import { publicKeyFromSecret, sha256 } from '../../../src/crypto/index.ts'
import { LOADED_PREFIXES, loadEngine, restoredRecords } from '../../../src/engine/index.ts'
import { keysFromPhrase, parseSeedPhrase, seedPhraseFromEntropy } from '../../../src/keys/index.ts'
import { confirmedFunding, earlierScripts } from '../../../src/link/codec.ts'
import { openBackup, sealBackup } from '../../../src/node/backup.ts'
import { changedRecords as changedOnchain } from '../../../src/onchain/codec/records.ts'
import * as onchainV1 from '../../../src/onchain/codec/v1.ts'
import { emptyOnchainState, loadOnchainState } from '../../../src/onchain/index.ts'
import { loadPayments } from '../../../src/payment/index.ts'
import { memoryStore } from '../../../src/storage/index.ts'
import { openSeed, sealSeed } from '../../../src/storage/sealedSeed.ts'
import * as walletV1 from '../../../src/wallet/codec/v1.ts'
import { inPhase, PHASES } from '../../channel/phases.ts'
import { Stage } from '../../engine/stage.ts'
import { mutateJson } from '../json.ts'
import { mutateText } from '../mutate.ts'
import { mutatePatches, patchedStore, untouched } from '../store.ts'
import { Broken, claim, claimSame, judgeCodec, kindOf, type Target, utf8Text } from '../target.ts'

// What we read of ourselves: records, backups, seeds. Nobody is an enemy here, but disks and older versions are.

type Records = ReadonlyMap<string, Uint8Array>

/** Made when they are first asked for: a stage takes a while. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

const CODECS: Readonly<Record<string, Codec<never>>> = {
  ...codecsOf('channel', channelV1),
  ...codecsOf('onchain', onchainV1),
  ...codecsOf('wallet', walletV1),
  ...codecsOf('link', { confirmedFunding, earlierScripts, nextLink: u64Number }),
}
const CODEC_NAMES = Object.keys(CODECS).sort()

function codecsOf(room: string, exported: Readonly<Record<string, unknown>>): Record<string, Codec<never>> {
  const found = Object.entries(exported).filter(
    ([, each]) => typeof each === 'object' && each !== null && 'read' in each,
  )
  // What has a `read` there is a codec.
  return Object.fromEntries(found.map(([name, codec]) => [`${room}/${name}`, codec as Codec<never>]))
}

const channelStores = once((): readonly Records[] =>
  PHASES.flatMap(phase => (['alice', 'bob'] as const).map(name => inPhase(name, phase)[name].records)),
)

/** Records as they lie in a store, each with the number of the codec that reads it. */
const record: Target = {
  name: 'records.each',
  runs: 4_000,
  seeds() {
    const byKind = new Map<string, Uint8Array>()
    for (const store of [...channelStores(), ...engineStores()]) {
      for (const [key, value] of store) {
        const name = codecNameOf(key)
        if (name !== undefined)
          byKind.set(`${name} ${value.length}`, concat(Uint8Array.of(CODEC_NAMES.indexOf(name)), value))
      }
    }
    return [...byKind.values()]
  },
  judge(input) {
    const name = CODEC_NAMES[(input[0] ?? 0) % CODEC_NAMES.length] ?? ''
    const codec = CODECS[name]
    if (codec === undefined) throw new Error('each name has a codec')
    // A run of ids may be cut in two ways, and a run of one update stands for many: what is read is never written longer.
    const folds = name === 'channel/head' || name === 'channel/remoteCommit'
    return `${name} ${judgeCodec(codec, input.subarray(1), { canonical: !folds })}`
  },
}

const FOLDERS: readonly (readonly [RegExp, string])[] = [
  [/(?:^|state\/)htlc\//, 'channel/htlc'],
  [/(?:^|state\/)onion\//, 'channel/onion'],
  [/(?:^|state\/)offer\//, 'channel/offer'],
  [/(?:^|state\/)secret\//, 'channel/secret'],
  [/(?:^|state\/)archive\//, 'channel/archivedHtlc'],
  [/(?:^|state\/)local-commit$/, 'channel/localCommit'],
  [/(?:^|state\/)remote-commit$/, 'channel/remoteCommit'],
  [/(?:^|state\/)(?:params|phase|head|shutdown)$/, 'channel/$'],
  [/^wallet\/coin\//, 'wallet/coin'],
  [/^wallet\/tx\//, 'wallet/ownTx'],
  [/^wallet\/(?:indexes|height)$/, 'wallet/$'],
  [/onchain\/tx\//, 'onchain/confirmedTx'],
  [/onchain\/claim\//, 'onchain/claim'],
  [/onchain\/revoked$/, 'onchain/revokedHtlcs'],
  [/funding\/funding$/, 'link/confirmedFunding'],
]

function codecNameOf(key: string): string | undefined {
  const found = FOLDERS.find(([folder]) => folder.test(key))
  return found?.[1].replace('$', key.slice(key.lastIndexOf('/') + 1))
}

/** A channel's records together. */
const channel: Target = {
  name: 'records.channel',
  runs: 1_000,
  seeds: () => untouched(channelStores()),
  mutate: (input, random) => mutatePatches(input, random, channelStores()),
  judge(input) {
    const records = patchedStore(input, channelStores())
    if (records === undefined) return 'no store'
    const read = loadDurable(records)
    if (!read.ok) return kindOf(read.error.message).slice(0, 60)
    const { value: durable } = read
    const negotiated = {
      upfrontShutdownScript: false,
      shutdownAnySegwit: false,
      simpleClose: false,
      largeChannels: false,
      scidAlias: false,
      zeroConf: false,
      attributionData: false,
    }
    const next = { state: durable.phase.type, durable, session: { connection: 'disconnected', negotiated } } as const
    const written = new Map(
      changedRecords(undefined, next).flatMap(write => (write.type === 'put' ? [[write.key, write.value]] : [])),
    )
    claimSame(loadDurable(written), read, 'read again')
    const archived = htlcsOfRevoked(durable, records, Math.max(0, durable.remoteCommit.number - 1))
    return `ok ${durable.phase.type} ${archived.ok}`
  },
}

/** Whole nodes: with a channel that is used, one that opens, one that ended, tokens, invoices, payments. */
const stages = once(() => {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  stage.token(alice, 'shop', 1_000_000n)
  const id = stage.ready(alice, bob, { push: 50_000n })
  stage.invoice(alice, 1_000n)
  stage.keysend(alice, bob, 2_000n)
  stage.settle()
  stage.askToOpen(alice, bob, { capacity: 50_000n, token: 'shop' })
  const open = new Map(alice.records)
  stage.settle()
  stage.cut(alice, bob)
  stage.pay(alice, stage.invoice(bob, 3_000n))
  const waiting = new Map(alice.records)
  stage.close(alice, id, true)
  stage.mine(2)
  const closing = new Map(alice.records)
  return { side: alice, stores: [open, waiting, closing] }
})

function engineStores(): readonly Records[] {
  return stages().stores
}

const node: Target = {
  name: 'records.node',
  runs: 300,
  seeds: () => untouched(engineStores()),
  mutate: (input, random) => mutatePatches(input, random, engineStores()),
  judge(input) {
    const records = patchedStore(input, engineStores())
    if (records === undefined) return 'no store'
    const kept = new Map([...records].filter(([key]) => LOADED_PREFIXES.some(prefix => key.startsWith(prefix))))
    const loaded = loadEngine({ records: kept, lastEvent: 7, context: contextWithoutAddresses() })
    const restored = restoredRecords(kept, { now: 1_800_000_000_000, reason: 'an older copy' })
    if (!loaded.ok) return kindOf(loaded.error.message).slice(0, 60)
    claim(loaded.value.nextEvent === 8, () => 'the events go on')
    return `ok ${restored.ok}`
  },
}

/** To derive addresses is most of what loading costs. */
function contextWithoutAddresses() {
  const { walletKeys, limits } = stages().side.context()
  return { walletKeys, limits: { ...limits, wallet: { ...limits.wallet, addressGap: -1_000_000 } } }
}

const onchain: Target = {
  name: 'records.onchain',
  runs: 1_500,
  seeds: () => untouched(onchainStores()),
  mutate: (input, random) => mutatePatches(input, random, onchainStores()),
  judge(input) {
    const records = patchedStore(input, onchainStores())
    if (records === undefined) return 'no store'
    const read = loadOnchainState(records)
    if (!read.ok) return kindOf(read.error.message).slice(0, 60)
    const written = changedOnchain(emptyOnchainState, read.value)
    const again = loadOnchainState(
      new Map(written.flatMap(write => (write.type === 'put' ? [[write.key, write.value]] : []))),
    )
    claimSame(again, read, 'read again')
    return `ok ${records.size}`
  },
}

const onchainStores = once((): readonly Records[] =>
  engineStores().map(store => {
    const ofOnchain = [...store].filter(([key]) => key.includes('/onchain/'))
    return new Map(ofOnchain.map(([key, value]) => [key.slice(key.indexOf('/onchain/') + '/onchain/'.length), value]))
  }),
)

const payments: Target = {
  name: 'records.payments',
  runs: 1_500,
  seeds: () => untouched(paymentStores()),
  mutate: (input, random) => mutatePatches(input, random, paymentStores()),
  judge(input) {
    const records = patchedStore(input, paymentStores())
    if (records === undefined) return 'no store'
    const read = loadPayments(records)
    return read.ok ? `ok ${records.size}` : kindOf(read.error.message).slice(0, 60)
  },
}

const paymentStores = once((): readonly Records[] =>
  engineStores().map(
    store => new Map([...store].filter(([key]) => /^(?:invoice|in-flight|token|payments)\//.test(key))),
  ),
)

const json: Target = {
  name: 'records.json',
  runs: 4_000,
  seeds: () => [{ feeSat: 1n, name: 'é\n"', list: [1, null, { amountMsat: 5n }] }, 7, 'text', []].map(jsonEncode),
  mutate: mutateJson,
  judge(input) {
    const read = jsonDecode<unknown>(input)
    if (!read.ok) {
      claim(read.error.message.length > 10, () => 'a failure says what was wrong')
      return 'invalid'
    }
    const written = jsonEncode(read.value)
    claim(
      written.every(byte => byte >= 0x20 && byte < 0x7f),
      () => 'the record is ASCII',
    )
    // What the language itself would write. JSON has no word for a zero below zero.
    const plain = JSON.stringify(read.value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))
    claim(
      JSON.stringify(JSON.parse(utf8Text(written))) === JSON.stringify(JSON.parse(plain)),
      () => `written as ${utf8Text(written)}`,
    )
    claim(bytesEqual(jsonEncode(readBack(written)), written), () => 'what is read again is written the same')
    return `ok ${typeof read.value} ${Math.min(3, Object.keys(read.value ?? {}).length)}`
  },
}

function readBack(bytes: Uint8Array): unknown {
  const read = jsonDecode<unknown>(bytes)
  if (!read.ok) throw new Broken(`what was written cannot be read: ${read.error.message}`)
  return read.value
}

/** What is under the hash of a seed file. */
const seed: Target = {
  name: 'records.seed',
  runs: 800,
  seeds: () => SEEDS,
  async judge(input) {
    const body = concat(utf8Encode('bookend seed\n'), input)
    const bytes = concat(body, sha256(body))
    const [, tag, logN = 0, r = 0, p = 0] = input
    const memory = 128 * 2 ** logN * r
    const opened = await openSeed(bytes, { type: 'unencrypted' })
    claim(!opened.ok || opened.value.length === 32, () => 'a seed has 32 bytes')
    // What scrypt would take seconds for is not asked for here.
    const isDear = tag === 1 && memory * p > 2 ** 17 && memory <= 2 ** 30 && p <= 16
    const locked = isDear ? undefined : await openSeed(bytes, { type: 'passphrase', passphrase: 'x' })
    claim(locked?.ok !== true || tag === 1, () => 'a passphrase opens nothing but what is locked')
    return `${opened.ok ? 'ok' : opened.error.code} ${locked === undefined ? 'dear' : locked.ok ? 'ok' : locked.error.code}`
  },
}

const SEEDS: readonly Uint8Array[] = (
  await Promise.all([
    sealSeed(new Uint8Array(32).fill(1), { type: 'unencrypted' }),
    sealSeed(new Uint8Array(32).fill(1), { type: 'passphrase', passphrase: 'x' }, { logN: 2, r: 1, p: 1 }),
  ])
).map(bytes => bytes.slice(13, -32))

const phrase: Target = {
  name: 'records.phrase',
  runs: 500,
  seeds: () => [0, 1, 255].map(byte => utf8Encode(seedPhraseFromEntropy(new Uint8Array(32).fill(byte)))),
  mutate: (input, random) => mutateText(input, random, 'abandon  art zoo'),
  judge(input) {
    const read = parseSeedPhrase(utf8Text(input))
    if (!read.ok) {
      const { got } = read.error
      claim(got.length < 200, () => 'no words of a seed are in a failure')
      return read.error.code
    }
    claimSame(parseSeedPhrase(read.value), read, 'read again')
    return 'ok'
  },
}

const PHRASE = seedPhraseFromEntropy(new Uint8Array(32).fill(3))

/** A backup file as it is: it is sealed, so that whatever is changed shows. */
const backup: Target = {
  name: 'records.backup',
  runs: 40,
  seeds: () => BACKUPS,
  judge(input) {
    const opened = openBackup(input, PHRASE)
    if (opened.ok) {
      claim(
        BACKUPS.some(good => good.length === input.length && good.every((byte, at) => input[at] === byte)),
        () => 'a changed backup is taken',
      )
      return 'ok'
    }
    claim(opened.error.code === 'bad_request', () => 'a failure has a code')
    const { facts } = opened.error
    if (typeof facts !== 'object') throw new Broken('a failure has facts')
    return String(facts.reason)
  },
}

const BACKUPS: readonly Uint8Array[] = [await sealed()]

async function sealed(): Promise<Uint8Array> {
  const store = memoryStore()
  await store.commit([{ type: 'put', key: 'peer/02', value: jsonEncode({ feeSat: sat(1) }) }])
  const { backupKey, nodeSecret } = keysFromPhrase(PHRASE)
  const about = { nodeId: nodeId(publicKeyFromSecret(nodeSecret)), network: 'regtest', createdAt: 1 } as const
  return sealBackup({ store, key: backupKey, nonce: new Uint8Array(12), ...about })
}

export const RECORDS: readonly Target[] = [record, channel, node, onchain, payments, json, seed, phrase, backup]
