import { bech32, bech32m, createBase58check } from '@scure/base'
import { concat, encode, sat, type Txid, utf8Encode } from '../../../src/base/index.ts'
import {
  addressFromScript,
  type Block,
  blockCodec,
  classifyScript,
  compactSize,
  decodeTx,
  encodeTx,
  headerCodec,
  headerHash,
  type Network,
  p2pkhScript,
  p2trScript,
  p2wpkhScriptFromHash,
  p2wshScript,
  parseScript,
  script,
  scriptFromAddress,
  signatureFromDer,
  signatureToDer,
  type Tx,
  txid,
  txVsize,
  txWeight,
  witnessProgram,
  wtxid,
} from '../../../src/bitcoin/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { createRegtestChain, REGTEST_GENESIS } from '../../../src/regtest/index.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../src/regtest/snapshot.ts'
import { mutateBytes, mutateText } from '../mutate.ts'
import { claim, claimSame, judgeCodec, judgeRead, kindOf, type Target, utf8Text } from '../target.ts'

// Bitcoin's own formats, as blocks, peers and people bring them.

const NETWORKS: readonly Network[] = ['bitcoin', 'testnet', 'signet', 'regtest']
const HASH = sha256(Uint8Array.of(1))
const SIGNATURE = concat(
  HASH.map(byte => byte & 0x7f),
  new Uint8Array(31),
  Uint8Array.of(1),
)

const input = (scriptSig: number, witness: readonly number[]) => ({
  outpoint: { txid: 'ab'.repeat(32) as Txid, vout: 1 },
  scriptSig: new Uint8Array(scriptSig),
  sequence: 0xfffffffd,
  witness: witness.map(length => new Uint8Array(length).fill(1)),
})
const output = { amountSat: sat(5000), script: p2wpkhScriptFromHash(new Uint8Array(20)) }
const TXS: readonly Tx[] = [
  { version: 2, inputs: [input(0, [71, 33])], outputs: [output], locktime: 0 },
  { version: 1, inputs: [input(3, [])], outputs: [output, { ...output, script: p2wshScript(HASH) }], locktime: 500 },
  { version: -1, inputs: [input(0, []), input(0, [0])], outputs: [], locktime: 0xffffffff },
]

const tx: Target = {
  name: 'bitcoin.tx',
  runs: 5_000,
  seeds: () => TXS.map(encodeTx),
  judge(bytes) {
    const read = decodeTx(bytes)
    const said = judgeRead(read, { input: bytes, write: encodeTx, readAgain: decodeTx, rules: { canonical: true } })
    if (!read.ok) return said
    const { value } = read
    claim(txWeight(value) <= 4 * bytes.length && txVsize(value) * 4 >= txWeight(value), () => 'a weight fits its bytes')
    const isBare = value.inputs.every(({ witness }) => witness.length === 0)
    claim((txid(value) as string) === wtxid(value) || !isBare, () => 'without a witness both ids are one')
    return `ok ${Math.min(2, value.inputs.length)} ${Math.min(2, value.outputs.length)} ${isBare}`
  },
}

const scripts: Target = {
  name: 'bitcoin.script',
  runs: 5_000,
  seeds: () => [
    p2pkhScript(HASH.slice(0, 20)),
    p2wshScript(HASH),
    p2trScript(HASH),
    script(0x6a, HASH),
    script(0x51, new Uint8Array(300), new Uint8Array(70_000).subarray(0, 80)),
  ],
  judge(bytes) {
    const type = classifyScript(bytes)
    const program = witnessProgram(bytes)
    for (const network of NETWORKS) {
      const address = addressFromScript(bytes, network)
      if (address === undefined) continue
      claimSame(scriptFromAddress(address, network), { ok: true, value: bytes }, `the script of ${address}`)
    }
    const parsed = parseScript(bytes)
    if (!parsed.ok) return `${type} ${kindOf(parsed.error.message)}`
    const pushed = parsed.value.reduce((sum, { data }) => sum + 1 + (data?.length ?? 0), 0)
    claim(pushed <= bytes.length, () => 'the parts are no longer than the whole')
    return `${type} ${program?.version ?? '-'} ${Math.min(4, parsed.value.length)}`
  },
}

function judgeAddress(text: string, network: Network): string {
  const read = scriptFromAddress(text, network)
  if (!read.ok) {
    claim(read.error.message.length < 300, () => 'a failure is no longer than a sentence')
    return `${network} ${read.error.message.replace(/, got.*/s, '').replaceAll(/\d+/g, '#')}`
  }
  const again = addressFromScript(read.value, network)
  claim(again === text || again === text.toLowerCase(), () => `${text} comes back as ${again}`)
  return `${network} ${classifyScript(read.value)}`
}

const ADDRESS_LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l123456789ABCDEFGHJKLMNPQRSTUVWXYZ'

const address: Target = {
  name: 'bitcoin.address',
  runs: 3_000,
  seeds: () =>
    NETWORKS.flatMap((network, at) =>
      scripts.seeds().flatMap(bytes => {
        const text = addressFromScript(bytes, network)
        return text === undefined ? [] : [concat(Uint8Array.of(at), utf8Encode(text))]
      }),
    ),
  mutate: (bytes, random) => concat(bytes.subarray(0, 1), mutateText(bytes.subarray(1), random, ADDRESS_LETTERS)),
  judge: bytes => judgeAddress(utf8Text(bytes.subarray(1)), NETWORKS[(bytes[0] ?? 0) % 4] ?? 'regtest'),
}

const base58 = createBase58check(sha256)
const HRPS = ['bc', 'tb', 'bcrt', 'ln']

/** What stands behind a checksum that fits: which one and whose, and the words or bytes. */
const checkedAddress: Target = {
  name: 'bitcoin.checkedAddress',
  runs: 3_000,
  seeds: () => [
    Uint8Array.of(0, 0, 0, ...bech32.toWords(HASH.slice(0, 20))),
    Uint8Array.of(3, 1, 1, ...bech32.toWords(HASH)),
    Uint8Array.of(3, 1, 16, ...bech32.toWords(HASH.slice(0, 2))),
    Uint8Array.of(1, 2, 0x6f, ...HASH.slice(0, 20)),
    Uint8Array.of(0, 2, 0x05, ...HASH.slice(0, 20)),
  ],
  mutate: (bytes, random, others) => mutateBytes(bytes, random, others).subarray(0, 90),
  judge(bytes) {
    const [whose = 0, which = 0] = bytes
    const rest = bytes.subarray(2)
    const words = [...rest].map(word => word & 31)
    const hrp = HRPS[whose % 4] ?? 'bc'
    const text = which % 3 === 2 ? base58.encode(rest) : (which % 3 === 1 ? bech32m : bech32).encode(hrp, words, 200)
    const [said] = NETWORKS.map(network => judgeAddress(text, network))
    return `${which % 3} ${said}`
  },
}

const BLOCK: Block = {
  header: { version: 1, previous: '00'.repeat(32) as never, merkleRoot: HASH, time: 1, bits: 0x207fffff, nonce: 2 },
  transactions: TXS,
}

const block: Target = {
  name: 'bitcoin.block',
  runs: 3_000,
  seeds: () => [
    encode(blockCodec, BLOCK),
    encode(blockCodec, { ...BLOCK, transactions: [] }),
    encode(blockCodec, REGTEST_GENESIS),
  ],
  judge(bytes) {
    if (bytes.length >= 80) claim(headerHash(decodedHeader(bytes)).length === 64, () => 'each header has a hash')
    return judgeCodec(blockCodec, bytes, { canonical: true })
  },
}

function decodedHeader(bytes: Uint8Array): Block['header'] {
  const said = judgeCodec(headerCodec, bytes.subarray(0, 80), { canonical: true })
  claim(said === 'ok', () => '80 bytes are a header')
  return BLOCK.header
}

const sizes: Target = {
  name: 'bitcoin.compactSize',
  runs: 3_000,
  seeds: () => [0, 252, 253, 65_535, 65_536, 2 ** 32, 2 ** 53 - 1].map(size => encode(compactSize, size)),
  judge: bytes => judgeCodec(compactSize, bytes, { canonical: true }),
}

const der: Target = {
  name: 'bitcoin.der',
  runs: 5_000,
  seeds: () => [
    signatureToDer(SIGNATURE),
    signatureToDer(new Uint8Array(64).fill(0xff)),
    signatureToDer(new Uint8Array(64)),
  ],
  judge: bytes =>
    judgeRead(signatureFromDer(bytes), {
      input: bytes,
      write: signatureToDer,
      readAgain: signatureFromDer,
      rules: { canonical: true },
    }),
}

const SNAPSHOT_START = 17

/** The contents of a stored chain, under a mark and a checksum that fit. */
const snapshot: Target = {
  name: 'regtest.snapshot',
  runs: 400,
  seeds() {
    const chain = createRegtestChain()
    chain.mine(2)
    chain.fund(output.script, sat(100_000))
    return [chain.save().slice(SNAPSHOT_START, -32)]
  },
  judge(bytes) {
    const body = concat(utf8Encode('bookend-regtest\n'), Uint8Array.of(1), bytes)
    const whole = concat(body, sha256(body))
    const read = decodeSnapshot(whole)
    if (!read.ok) return `${read.error.code} ${kindOf(read.error.message)}`
    claimSame(decodeSnapshot(encodeSnapshot(read.value)), read, 'read again')
    return `ok ${Math.min(4, read.value.blocks.length)}`
  },
}

export const BITCOIN: readonly Target[] = [tx, scripts, address, checkedAddress, block, sizes, der, snapshot]
