import { bech32 } from '@scure/base'
import { concat, msat, paymentHash, utf8Encode } from '../../../src/base/index.ts'
import { publicKeyFromSecret, sha256, signEcdsaRecoverable } from '../../../src/crypto/index.ts'
import { invoiceDigest } from '../../../src/invoice/digest.ts'
import { withSignature } from '../../../src/invoice/encode.ts'
import { decodeInvoice, type InvoiceFields, signInvoice } from '../../../src/invoice/index.ts'
import { integerToFixedWords } from '../../../src/invoice/words.ts'
import { shortChannelId } from '../../../src/wire/index.ts'
import vectors from '../../invoice/bolt11-invoices.vectors.json' with { type: 'json' }
import type { Random } from '../../processes/random.ts'
import { mutateBytes, mutateText } from '../mutate.ts'
import { Broken, claim, claimSame, kindOf, type Target, utf8Text } from '../target.ts'

// BOLT 11: texts as they come, and what stands behind a checksum and a signature that fit.

const SECRET = sha256(Uint8Array.of(11))
const NODE = publicKeyFromSecret(SECRET)
const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l1lnbctrs0123456789munp'
const LONGEST = 7089
const FIELD_TYPES = [1, 3, 5, 6, 9, 13, 16, 19, 23, 24, 27, 2, 31]
const LENGTHS = [0, 1, 2, 33, 39, 51, 52, 53, 54, 82]

const FIELDS: InvoiceFields = {
  network: 'regtest',
  amountMsat: msat(1_234_500),
  timestamp: 1_700_000_000,
  paymentHash: paymentHash(SECRET),
  paymentSecret: SECRET,
  description: { type: 'text', text: 'd' },
}
const GOOD: readonly InvoiceFields[] = [
  FIELDS,
  {
    ...FIELDS,
    network: 'bitcoin',
    description: { type: 'hash', hash: SECRET },
    expirySeconds: 60,
    minFinalCltvExpiryDelta: 40,
  },
  {
    ...FIELDS,
    fallbackScripts: [
      concat(Uint8Array.of(0, 20), new Uint8Array(20)),
      concat(Uint8Array.of(0x51, 32), new Uint8Array(32)),
    ],
    paymentMetadata: Uint8Array.of(1, 2),
    otherFields: [{ type: 2, words: Uint8Array.of(1) }],
  },
  {
    ...FIELDS,
    routeHints: [
      [
        {
          nodeId: Buffer.from(NODE).toString('hex') as never,
          shortChannelId: shortChannelId({ blockHeight: 1, txIndex: 2, outputIndex: 3 }),
          feeBaseMsat: msat(1),
          feeProportionalMillionths: 2,
          cltvExpiryDelta: 3,
        },
      ],
    ],
  },
]

function judgeText(text: string): string {
  const read = decodeInvoice(text)
  if (!read.ok) {
    const { code, expected, got, section } = read.error
    claim(
      expected.length > 3 && got.length > 0 && got.length < 120 && section !== '',
      () => `a failure says what was wrong: ${got}`,
    )
    return `${code} ${kindOf(expected)}`
  }
  const { payee: _, namedPayee, ...fields } = read.value
  // A name that is not ours cannot be signed for.
  const again = decodeInvoice(signInvoice(fields, SECRET))
  claim(again.ok, () => `what was written is refused: ${again.ok ? '' : again.error.code}`)
  if (!again.ok) throw new Broken('see above')
  const { payee: _payee, namedPayee: _named, ...written } = again.value
  claimSame(written, fields, 'read again')
  return `ok ${namedPayee === undefined} ${read.value.otherFields.length > 0} ${read.value.description.type}`
}

const texts: Target = {
  name: 'invoice.text',
  runs: 300,
  seeds: () => [
    ...vectors.cases.map(({ invoice }) => utf8Encode(invoice)),
    ...GOOD.map(fields => utf8Encode(signInvoice(fields, SECRET))),
  ],
  mutate: (input, random) => mutateText(input, random, ALPHABET),
  judge: input => judgeText(utf8Text(input)),
}

/** The length of the readable part, the readable part, and the words up to the signature, one to a byte. */
const signed: Target = {
  name: 'invoice.fields',
  runs: 400,
  seeds: () =>
    [
      ...GOOD.map(fields => signInvoice(fields, SECRET)),
      ...vectors.cases.filter(({ valid }) => valid).map(({ invoice }) => invoice),
    ].map(inputOf),
  mutate(input, random, others) {
    const start = 1 + (input[0] ?? 0)
    const [head, words] = [input.subarray(0, start), input.subarray(start)]
    const way = random.next()
    if (way < 0.1) {
      const prefix = mutateText(head.subarray(1), random, ALPHABET).subarray(0, 90)
      return concat(Uint8Array.of(prefix.length), prefix, words)
    }
    if (way < 0.4) return concat(head, words, someField(random))
    if (way < 0.6) return concat(head, withoutField(words, random))
    return concat(
      head,
      mutateBytes(
        words,
        random,
        others.map(other => other.subarray(1 + (other[0] ?? 0))),
      ).map(word => word & 31),
    )
  },
  judge(input) {
    const start = 1 + (input[0] ?? 0)
    const prefix = utf8Text(input.subarray(1, start)).toLowerCase()
    const words = input.subarray(start).map(word => word & 31)
    // The text has to be one that bech32 can write.
    if (prefix === '' || /[^\x21-\x7e]/.test(prefix) || prefix.length + words.length + 111 > LONGEST) return 'no text'
    const digest = invoiceDigest(prefix, words)
    return judgeText(withSignature({ prefix, words, digest }, signEcdsaRecoverable(digest, SECRET)))
  },
}

function inputOf(text: string): Uint8Array {
  const { prefix, words } = bech32.decode(text.toLowerCase() as `${string}1${string}`, false)
  return concat(Uint8Array.of(prefix.length), utf8Encode(prefix), Uint8Array.from(words.slice(0, -104)))
}

function someField(random: Random): Uint8Array {
  const length = random.of(LENGTHS)
  const words = Uint8Array.from({ length }, () => random.between(0, random.of([0, 31])))
  return concat(Uint8Array.of(random.of(FIELD_TYPES)), integerToFixedWords(length, 2), words)
}

/** One of the fields less, wherever it stands. */
function withoutField(words: Uint8Array, random: Random): Uint8Array {
  const starts: number[] = []
  for (let at = 7; at + 3 <= words.length; at += 3 + 32 * (words[at + 1] ?? 0) + (words[at + 2] ?? 0)) starts.push(at)
  if (starts.length === 0) return words
  const at = random.between(0, starts.length - 1)
  return concat(words.subarray(0, starts[at]), words.subarray(starts[at + 1] ?? words.length))
}

export const INVOICE: readonly Target[] = [texts, signed]
