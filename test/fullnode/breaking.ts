import { type OutPoint, sat, type Txid } from '../../src/base/index.ts'
import type { Tx, TxIn } from '../../src/bitcoin/index.ts'
import type { Random } from '../../src/sim/random.ts'

// Ways to break a transaction that is good, each in one place.

export interface Broken {
  readonly how: string
  readonly tx: Tx
}

type Breaking = (tx: Tx, random: Random) => Tx | undefined

const at = (tx: Tx, random: Random): number => random.between(0, tx.inputs.length - 1)

function withInput(tx: Tx, index: number, change: (input: TxIn) => Partial<TxIn>): Tx {
  return { ...tx, inputs: tx.inputs.map((input, i) => (i === index ? { ...input, ...change(input) } : input)) }
}

function withItem(
  tx: Tx,
  random: Random,
  pick: (witness: readonly Uint8Array[]) => number,
  change: (item: Uint8Array) => Uint8Array,
): Tx | undefined {
  const index = at(tx, random)
  const witness = tx.inputs[index]?.witness ?? []
  const which = pick(witness)
  const item = witness[which]
  if (item === undefined || item.length === 0) return undefined
  return withInput(tx, index, () => ({ witness: witness.map((each, i) => (i === which ? change(each) : each)) }))
}

const flipped =
  (random: Random) =>
  (item: Uint8Array): Uint8Array => {
    const copy = item.slice()
    const place = random.between(0, copy.length - 1)
    copy[place] = (copy[place] ?? 0) ^ (1 << random.between(0, 7))
    return copy
  }
const ANY_TXID = 'ab'.repeat(32) as Txid

const isSignature = (item: Uint8Array): boolean => item.length >= 70 && item.length <= 73 && item[0] === 0x30

/** By name: what is tried of a transaction. Those that change nothing of it give nothing. */
export const BREAKINGS: Readonly<Record<string, Breaking>> = {
  'a bit of a signature': (tx, random) =>
    withItem(tx, random, witness => witness.findIndex(isSignature), flipped(random)),
  'a bit of the last witness item': (tx, random) =>
    withItem(tx, random, witness => witness.length - 1, flipped(random)),
  'a bit of the first witness item': (tx, random) => withItem(tx, random, () => 0, flipped(random)),
  'another sighash type': (tx, random) =>
    withItem(
      tx,
      random,
      witness => witness.findIndex(isSignature),
      item => {
        const copy = item.slice()
        copy[copy.length - 1] = random.pick([0, 2, 3, 0x81, 0x82, 0x83, 4, 0xff].filter(each => each !== item.at(-1)))
        return copy
      },
    ),
  'the signature of a high S': (tx, random) =>
    withItem(tx, random, witness => witness.findIndex(isSignature), withHighS),
  'a witness item less': (tx, random) => {
    const index = at(tx, random)
    return withInput(tx, index, ({ witness }) => ({ witness: witness.slice(1) }))
  },
  'a witness item more': (tx, random) => {
    const index = at(tx, random)
    return withInput(tx, index, ({ witness }) => ({ witness: [Uint8Array.of(1), ...witness] }))
  },
  'no witness': (tx, random) => withInput(tx, at(tx, random), () => ({ witness: [] })),
  'witness items swapped': (tx, random) => {
    const index = at(tx, random)
    const [one, two, ...rest] = tx.inputs[index]?.witness ?? []
    if (one === undefined || two === undefined || (one.length === 0 && two.length === 0)) return undefined
    return withInput(tx, index, () => ({ witness: [two, one, ...rest] }))
  },
  'a script in the input': (tx, random) => withInput(tx, at(tx, random), () => ({ scriptSig: Uint8Array.of(0x51) })),
  'a satoshi more': tx => {
    const [first, ...rest] = tx.outputs
    return first === undefined
      ? undefined
      : { ...tx, outputs: [{ ...first, amountSat: sat(first.amountSat + 1n) }, ...rest] }
  },
  'more than goes in': tx => {
    const [first, ...rest] = tx.outputs
    return first === undefined
      ? undefined
      : { ...tx, outputs: [{ ...first, amountSat: sat(first.amountSat + 2_000_000_000n) }, ...rest] }
  },
  'an output less': tx => ({ ...tx, outputs: tx.outputs.slice(1) }),
  'an output twice': tx => ({ ...tx, outputs: [...tx.outputs, ...tx.outputs.slice(0, 1)] }),
  dust: tx => {
    const [first, ...rest] = tx.outputs
    return first === undefined ? undefined : { ...tx, outputs: [{ ...first, amountSat: sat(100) }, ...rest] }
  },
  'an output script that nobody knows': tx => {
    const [first, ...rest] = tx.outputs
    return first === undefined
      ? undefined
      : { ...tx, outputs: [{ ...first, script: Uint8Array.of(0x61, 0x61, 0x51) }, ...rest] }
  },
  'an input twice': tx => ({ ...tx, inputs: [...tx.inputs, ...tx.inputs.slice(0, 1)] }),
  'an input that is nowhere': (tx, random) =>
    withInput(tx, at(tx, random), ({ outpoint }) => ({ outpoint: { ...outpoint, txid: ANY_TXID } satisfies OutPoint })),
  'another output of its parent': (tx, random) =>
    withInput(tx, at(tx, random), ({ outpoint }) => ({ outpoint: { ...outpoint, vout: outpoint.vout + 1 } })),
  'a locktime in the future': tx => ({ ...tx, locktime: 499_999_999 }),
  'another locktime': (tx, random) => ({
    ...tx,
    locktime: Math.max(0, tx.locktime - random.between(1, 5)) + (tx.locktime === 0 ? 1 : 0),
  }),
  'another sequence': (tx, random) =>
    withInput(tx, at(tx, random), ({ sequence }) => ({
      sequence: random.pick([0, 1, 2, 0xfffffffe, 0xffffffff, sequence + 1].filter(each => each !== sequence)),
    })),
  'another version': tx => ({ ...tx, version: tx.version === 2 ? 1 : 2 }),
  'a version that is not standard': tx => ({ ...tx, version: 9 }),
  'inputs in another order': tx => (tx.inputs.length < 2 ? undefined : { ...tx, inputs: tx.inputs.toReversed() }),
  nothing: tx => ({ ...tx }),
}

export function breakingsOf(tx: Tx, random: Random, count: number): readonly Broken[] {
  const names = Object.keys(BREAKINGS)
  return Array.from({ length: count }, () => random.pick(names)).flatMap(how => {
    const broken = BREAKINGS[how]?.(tx, random)
    return broken === undefined ? [] : [{ how, tx: broken }]
  })
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The other S that fits: nodes relay none that is above half of the order (BIP 146). */
function withHighS(signature: Uint8Array): Uint8Array {
  const hashType = signature.at(-1) ?? 1
  const rLength = signature[3] ?? 0
  const r = signature.slice(4, 4 + rLength)
  const sAt = 6 + rLength
  const s = signature.slice(sAt, sAt + (signature[5 + rLength] ?? 0))
  const value = s.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  let other = ORDER - value
  const bytes: number[] = []
  while (other > 0n) {
    bytes.unshift(Number(other & 0xffn))
    other >>= 8n
  }
  if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0)
  const body = [2, r.length, ...r, 2, bytes.length, ...bytes]
  return Uint8Array.from([0x30, body.length, ...body, hashType])
}
