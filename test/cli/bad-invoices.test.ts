import { expect, onTestFinished, test } from 'vitest'
import { createClient, serveApi } from '../../src/api/index.ts'
import { BookendError, msat, paymentHash } from '../../src/base/index.ts'
import { type InvoiceFields, signInvoice } from '../../src/invoice/index.ts'
import type { BookendNode } from '../../src/node/index.ts'
import { BOBS_MSAT, CAPACITY_SAT, type OpenPair, openPair } from '../node/openPair.ts'
import { fakeShell, runWith } from './fakeShell.ts'

// Invoices that must not be paid, given to a node that could pay them: it says why, in the same words as a program, over HTTP and on
// the command line, and offers no HTLC.

const SECRET = 'the-secret-of-alice'
const PAYEE_SECRET = new Uint8Array(32).fill(0x42)
const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** One that the channel's other end could be paid by, but for what is changed. */
const invoiceWith = (change: Partial<InvoiceFields>, amount?: 'without an amount'): string =>
  signInvoice(
    {
      network: 'regtest',
      ...(amount === undefined && { amountMsat: msat(1_000_000n) }),
      timestamp: Math.floor(Date.now() / 1000),
      paymentHash: paymentHash(new Uint8Array(32).fill(7)),
      paymentSecret: new Uint8Array(32).fill(8),
      description: { type: 'text', text: 'tea' },
      expirySeconds: 3600,
      minFinalCltvExpiryDelta: 40,
      ...change,
    },
    PAYEE_SECRET,
  )

/** Everything that would be different if something had been sent. */
async function standing({ alice, bob, channelId }: OpenPair) {
  const look = async (node: BookendNode) => {
    const { localMsat, remoteMsat, htlcs } = await node.channel({ channelId })
    return { localMsat, remoteMsat, htlcs, payments: (await node.payments()).length }
  }
  return { alice: await look(alice), bob: await look(bob), lastEvent: (await alice.info()).lastEvent }
}

const refusal = (paying: Promise<unknown>): Promise<BookendError> =>
  paying.then(
    () => Promise.reject(new Error('it was paid')),
    error => (error instanceof BookendError ? error : Promise.reject(error)),
  )

test('an invoice with any one character changed is refused in words, and nothing is sent', async () => {
  const pair = await openPair()
  const { alice, bob } = pair
  const invoices = [
    (await bob.createInvoice({ amountMsat: msat(10_000_000n), description: 'a cup of tea' })).invoice,
    (await bob.createInvoice({})).invoice,
    (await bob.createInvoice({ amountMsat: msat(123n), description: '1l1l1l \u{1f375}', expirySeconds: 1 })).invoice,
  ]
  const before = await standing(pair)
  const codes = new Map<string, number>()
  for (const invoice of invoices) {
    for (let at = 0; at < invoice.length; at++) {
      const own = invoice.charAt(at)
      // Another of the alphabet, each time one that stands elsewhere in it; another case; and what no invoice has.
      const next = ALPHABET.charAt((ALPHABET.indexOf(own) + 1 + (at % 31)) % ALPHABET.length)
      for (const other of [next, own.toUpperCase(), 'b', '1', ' ', '\u00e9']) {
        if (other === own) continue
        const changed = invoice.slice(0, at) + other + invoice.slice(at + 1)
        const error = await refusal(alice.pay({ invoice: changed, amountMsat: msat(10_000_000n) }))
        expect(error.facts.reason, `${at} ${other}`).toBe('invalid_invoice')
        expect(error.message).toMatch(/^The (invoice|text|checksum|amount|signature) .*\.$/)
        codes.set(error.facts.detail ?? '', (codes.get(error.facts.detail ?? '') ?? 0) + 1)
      }
    }
  }
  expect([...codes.keys()].sort()).toEqual([
    'bad_character',
    'bad_checksum',
    'bad_multiplier',
    'mixed_case',
    'no_separator',
    'sub_millisatoshi',
    'unknown_prefix',
  ])
  expect(await standing(pair)).toEqual(before)
  // The same invoices as they are can be paid.
  expect(await alice.pay({ invoice: invoices[0] ?? '' })).toMatchObject({ status: 'succeeded' })
})

interface Refused {
  readonly why: string
  readonly invoice: string
  readonly amountMsat?: bigint
  readonly code: string
  readonly facts: Readonly<Record<string, string>>
  readonly message: RegExp
  readonly exitCode: number
}

const BEYOND = BOBS_MSAT + 1000n * CAPACITY_SAT

const REFUSED: readonly Refused[] = [
  {
    why: 'it has expired',
    invoice: invoiceWith({ timestamp: Math.floor(Date.now() / 1000) - 7200 }),
    code: 'bad_request',
    facts: { reason: 'invoice_expired' },
    message: /expired/,
    exitCode: 2,
  },
  ...(['bitcoin', 'testnet', 'signet'] as const).map(network => ({
    why: `it is for ${network}`,
    invoice: invoiceWith({ network }),
    code: 'wrong_network',
    facts: { reason: 'wrong_network' },
    message: new RegExp(`^The invoice is for ${network}, and this node is on regtest\\.$`),
    exitCode: 11,
  })),
  {
    why: 'it requires a feature that nobody knows',
    // The example of BOLT 11 with an unknown feature bit 100.
    invoice:
      'lnbc25m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5vdhkven9v5sxyetpdeessp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q4psqqqqqqqqqqqqqqqqsgqtqyx5vggfcsll4wu246hz02kp85x4katwsk9639we5n5yngc3yhqkm35jnjw4len8vrnqnf5ejh0mzj9n3vz2px97evektfm2l6wqccp3y7372',
    code: 'bad_request',
    facts: { reason: 'invalid_invoice', detail: 'unknown_required_feature' },
    message: /^The invoice requires a feature that is not known here: bit 100 /,
    exitCode: 2,
  },
  {
    why: 'less is to be paid than it asks for',
    invoice: invoiceWith({}),
    amountMsat: 999_999n,
    code: 'bad_request',
    facts: { reason: 'amount' },
    message: /^The invoice asks for at least 1000000 msat, and 999999 msat were to be paid\.$/,
    exitCode: 2,
  },
  {
    why: 'more is to be paid than twice what it asks for',
    invoice: invoiceWith({}),
    amountMsat: 2_000_001n,
    code: 'bad_request',
    facts: { reason: 'amount' },
    message: /at most twice as much, and 2000001 msat were to be paid\.$/,
    exitCode: 2,
  },
  {
    why: 'nobody says how much',
    invoice: invoiceWith({}, 'without an amount'),
    code: 'bad_request',
    facts: { reason: 'amount' },
    message: /say how much to pay\.$/,
    exitCode: 2,
  },
]

/** The three ways to ask for the same. */
async function asked(pair: OpenPair, { invoice, amountMsat }: Pick<Refused, 'invoice' | 'amountMsat'>) {
  const api = await serveApi({
    node: pair.alice,
    listen: { host: '127.0.0.1', port: 0 },
    adminSecret: SECRET,
    onStop: () => {},
    version: '1.2.3',
    log: () => {},
  })
  onTestFinished(() => api.close())
  const amount = amountMsat === undefined ? {} : { amountMsat: `${amountMsat}` }
  const client = createClient({ url: api.url, token: SECRET })
  const words = ['pay', invoice, ...(amountMsat === undefined ? [] : ['--amount-msat', `${amountMsat}`])]
  const env = { BOOKEND_API: api.url, BOOKEND_TOKEN: SECRET }
  const withAmount = amountMsat === undefined ? {} : { amountMsat: msat(amountMsat) }
  return {
    node: await refusal(pair.alice.pay({ invoice, ...withAmount })),
    http: await refusal(client.pay({ invoice, ...amount })),
    stream: await refusal(client.pay({ invoice, ...amount, onProgress: () => {} })),
    people: await runWith(fakeShell({ env }), words),
    program: await runWith(fakeShell({ env, json: true }), [...words, '--json']),
  }
}

test.each(REFUSED)('an invoice is refused in one way everywhere where $why', async refused => {
  const pair = await openPair()
  const before = await standing(pair)
  const { node, http, stream, people, program } = await asked(pair, refused)
  const { code, message, advice, facts } = node
  expect({ code, facts }).toEqual({ code: refused.code, facts: refused.facts })
  expect(message).toMatch(refused.message)
  for (const told of [http, stream]) expect(told).toMatchObject({ code, message, advice, facts })
  expect(people).toEqual({ code: refused.exitCode, out: '', errors: `error: ${message}\n${advice}\n` })
  expect(program).toEqual({
    code: refused.exitCode,
    out: '',
    errors: `${JSON.stringify({ error: { code, message, advice, facts } })}\n`,
  })
  expect(await standing(pair)).toEqual(before)
})

test('an amount that no channel has is refused before anything is sent', async () => {
  const pair = await openPair()
  const before = await standing(pair)
  const { invoice } = await pair.bob.createInvoice({ amountMsat: msat(BEYOND) })
  const { node, http, people } = await asked(pair, { invoice })
  expect(node).toMatchObject({ code: 'insufficient_funds', facts: { reason: 'insufficient_balance' } })
  expect(http).toMatchObject({ code: 'insufficient_funds', message: node.message })
  expect(people).toMatchObject({ code: 6, out: '', errors: `error: ${node.message}\n${node.advice}\n` })
  expect(await standing(pair)).toEqual(before)
})

test('an invoice of our own is not paid', async () => {
  const pair = await openPair()
  const { invoice } = await pair.alice.createInvoice({ amountMsat: msat(1000n) })
  expect(await refusal(pair.alice.pay({ invoice }))).toMatchObject({
    code: 'bad_request',
    facts: { reason: 'self_payment' },
  })
})
