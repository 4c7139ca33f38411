import { createHash } from 'node:crypto'
import { stripVTControlCharacters } from 'node:util'
import { encode } from 'uqr'
import { describe, expect, it } from 'vitest'
import { BookendError } from '../../src/base/index.ts'
import {
  CHANNEL_ID,
  HELD_INVOICE,
  INVOICE,
  PAYMENT_HASH,
  PEER_ID,
  POLICY,
  PROGRESS,
  SENT_HASH,
} from '../api/fakeNode.ts'
import { atFakeNode, fakeShell, run as runAlone, runWith } from './fakeShell.ts'

// The commands for invoices, for paying, and for what is asked for passing payments on.

const lines = (...text: readonly string[]): string => `${text.join('\n')}\n`
const printed = (out: string) => ({ code: 0, errors: '', out })
const jsonOf = ({ out }: { readonly out: string }): unknown => JSON.parse(out)
const PREIMAGE = 'ab'.repeat(32)

describe('hold invoices', () => {
  it('invoice --hold', async () => {
    const { run, calls } = await atFakeNode()
    const { code, out } = await run('invoice', '--hold', PAYMENT_HASH.toUpperCase(), '--final-cltv', '200')
    expect([code, out.split('\n')[0]]).toEqual([0, 'lnbcrt1example'])
    expect(calls).toEqual([
      { verb: 'createInvoice', request: { paymentHash: PAYMENT_HASH, minFinalCltvExpiryDelta: 200 } },
    ])
  })

  it('invoice --hold makes a preimage where no hash is named', async () => {
    const { run, calls } = await atFakeNode()
    const made = jsonOf(await run('invoice', '--json', '--hold')) as { readonly preimage: string }
    const hash = createHash('sha256').update(Buffer.from(made.preimage, 'hex')).digest('hex')
    expect(calls).toEqual([{ verb: 'createInvoice', request: { paymentHash: hash } }])
    expect((await run('invoice', '--hold')).out).toMatch(/^preimage {6}[0-9a-f]{64}$/m)
  })

  it('settle', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('settle', PREIMAGE.toUpperCase())).toEqual(
      printed(lines('Received 1.500 sat.', `payment hash  ${PAYMENT_HASH}`)),
    )
    expect(calls).toEqual([{ verb: 'settleInvoice', request: { preimage: PREIMAGE } }])
    expect(jsonOf(await run('settle', PREIMAGE, '--json'))).toMatchObject({ number: 7, direction: 'received' })
  })

  it('cancel', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('cancel', PAYMENT_HASH)).toEqual(printed(lines('The invoice is cancelled.')))
    expect(calls).toEqual([{ verb: 'cancelInvoice', request: { paymentHash: PAYMENT_HASH } }])
    expect(jsonOf(await run('cancel', PAYMENT_HASH, '--json'))).toEqual({ paymentHash: PAYMENT_HASH, cancelled: true })
  })

  it('invoices', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('invoices', '--held', '--limit', '5', '--after', PAYMENT_HASH)).toEqual(
      printed(
        lines(
          'hash          expires                     amount  status  description',
          '0a0a0a0a0a0a  +055840-11-08 23:13:20Z  1.500 sat  held    a cup of tea',
        ),
      ),
    )
    expect(calls).toEqual([{ verb: 'invoices', request: { limit: 5, after: PAYMENT_HASH, held: true } }])
    expect(jsonOf(await run('invoices', '--json'))).toMatchObject([{ status: 'held', hold: true }])
    expect(await run('invoices', PAYMENT_HASH)).toEqual(
      printed(
        lines(
          'lnbcrt1example',
          'status        held',
          'preimage      not ours: what is paid for it waits for `settle` or `cancel`',
          'waits         1.500 sat in 1 HTLC',
          'until         block 250',
          'amount        1.500 sat',
          'description   a cup of tea',
          `payment hash  ${PAYMENT_HASH}`,
          'expires       +055840-11-08 23:13:20Z',
        ),
      ),
    )
    expect(jsonOf(await run('invoices', PAYMENT_HASH, '--json'))).toMatchObject({ htlcs: HELD_INVOICE.htlcs })
  })
})

describe('decode', () => {
  it('says every field, without a node', async () => {
    expect(await runAlone(['decode', `lightning:${INVOICE.toUpperCase()}`])).toEqual(
      printed(
        lines(
          'network       bitcoin (real money)',
          'amount        250,000 sat',
          'description   1 cup coffee',
          'payee         03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad',
          'payment hash  0001020304050607080900010203040506070809000102030405060708090102',
          `secret        ${'11'.repeat(32)}`,
          'made          2017-06-01 10:57:38Z',
          'expires       2017-06-01 10:58:38Z, expired',
          'last hop      at least 18 blocks until its HTLC expires',
          'requires      var_onion_optin (bit 8)',
          'requires      payment_secret (bit 14)',
        ),
      ),
    )
    expect(jsonOf(await runAlone(['decode', INVOICE, '--json']))).toMatchObject({
      network: 'bitcoin',
      amountMsat: '250000000',
      description: '1 cup coffee',
      createdAt: 1_496_314_658_000,
      expiresAt: 1_496_314_718_000,
      routeHints: [],
      features: [
        { bit: 8, name: 'var_onion_optin', required: true },
        { bit: 14, name: 'payment_secret', required: true },
      ],
    })
  })

  it('shows private ways, addresses on chain and the hash of a description', async () => {
    // The example of BOLT 11 "on mainnet, with fallback address 1RustyRX2oai4EYYDpQGWvEL62BBGqN9T and extra routing info".
    const withHints =
      'lnbc20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqsfpp3qjmp7lwpagxun9pygexvgpjdc4jdj85fr9yq20q82gphp2nflc7jtzrcazrra7wwgzxqc8u7754cdlpfrmccae92qgzqvzq2ps8pqqqqqqpqqqqq9qqqvpeuqafqxu92d8lr6fvg0r5gv0heeeqgcrqlnm6jhphu9y00rrhy4grqszsvpcgpy9qqqqqqgqqqqq7qqzq9qrsgqdfjcdk6w3ak5pca9hwfwfh63zrrz06wwfya0ydlzpgzxkn5xagsqz7x9j4jwe7yj7vaf2k9lqsdk45kts2fd0fkr28am0u4w95tt2nsq76cqw0'
    const { code, out } = await runAlone(['decode', withHints])
    expect(code).toBe(0)
    expect(out).toContain('only its hash is given: 3925b6f67e2c340036ed12093dd44e0368df1b6ea26c53dbe4811f58fd5db8c1')
    expect(out).toContain('on chain      1RustyRX2oai4EYYDpQGWvEL62BBGqN9T')
    expect(out).toContain(
      lines(
        'reached via   029e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255',
        '              by 66051x263430x1800, 0.001 sat + 20 ppm, 3 blocks, then',
        '              039e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255',
        '              by 197637x395016x2314, 0.002 sat + 30 ppm, 4 blocks',
      ),
    )
  })

  it('says what is wrong with a text that is no invoice', async () => {
    const flipped = INVOICE.replace('lnbc2500u', 'lnbc2501u')
    expect(await runAlone(['decode', flipped])).toEqual({
      code: 2,
      out: '',
      errors: lines(
        'error: The checksum of the invoice does not fit: a character was changed, lost or added (BIP 173, Bech32).',
        'Copy the whole invoice again, or ask for another one.',
      ),
    })
    expect(JSON.parse((await runAlone(['decode', flipped, '--json'])).errors).error).toMatchObject({
      code: 'bad_request',
      facts: { reason: 'invalid_invoice', detail: 'bad_checksum' },
    })
  })
})

describe('paying', () => {
  it('pay within a budget', async () => {
    const { run, calls } = await atFakeNode()
    const words = ['pay', 'lnbcrt1', '--amount-msat', '5', '--max-fee', '0', '--max-parts', '4', '--timeout', '30']
    expect(await run(...words)).toMatchObject({ code: 0, errors: '' })
    expect(calls).toMatchObject([
      { request: { invoice: 'lnbcrt1', amountMsat: 5n, maxFeeMsat: 0n, maxParts: 4, timeoutMs: 30_000 } },
    ])
  })

  it('keysend', async () => {
    const { run, calls } = await atFakeNode()
    const words = ['keysend', PEER_ID, '1500', '--timeout', '30', '--idempotency-key', 'k']
    expect(jsonOf(await run(...words, '--json'))).toMatchObject({
      status: 'succeeded',
      paymentHash: SENT_HASH,
      amountMsat: '1500',
      idempotencyKey: 'k',
    })
    expect(calls).toEqual([
      { verb: 'pay', request: { nodeId: PEER_ID, amountMsat: 1500n, timeoutMs: 30_000, idempotencyKey: 'k' } },
    ])
  })

  const WORDS = [
    'trying  1.500 sat via 02020202 > 02040404, fee 0.100 sat',
    'failed  1.500 sat via 02020202 > 02040404',
    '        Its channel cannot take the payment now.',
    '        Held for 1.3 s at 02020202.',
    'trying  1.500 sat via 02020202 > 02040404, fee 0.100 sat',
    'trying  1.500 sat via 02020202 > 02040404, fee 0.100 sat',
  ]

  it('tells a person at a terminal how it goes, and others where they ask', async () => {
    const { payWith, dataDir, run, calls } = await atFakeNode()
    payWith(PROGRESS)
    const words = ['pay', 'lnbcrt1', '--data-dir', dataDir]
    const told = await runWith(fakeShell({ answers: [] }), words)
    expect(told).toMatchObject({ code: 0, errors: '' })
    expect(told.out.split('\n').slice(0, 7)).toEqual([...WORDS, 'Paid 1.500 sat to 020202020202.'])
    expect((await run('pay', 'lnbcrt1', '--progress')).out.split('\n').slice(0, 6)).toEqual(WORDS)
    expect((await run('pay', 'lnbcrt1')).out).toMatch(/^Paid /)
    expect(calls.map(({ request }) => Object.keys(request as object).includes('onProgress'))).toEqual([
      true,
      true,
      false,
    ])
  })

  it('--json --progress: each word a line, the payment the last one', async () => {
    const { payWith, run } = await atFakeNode()
    payWith(PROGRESS)
    const { out } = await run('pay', 'lnbcrt1', '--json', '--progress')
    const values = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(values).toMatchObject([
      { type: 'trying' },
      { type: 'part_failed', failureName: 'temporary_channel_failure' },
      { type: 'trying', parts: [{}, {}] },
      { paymentHash: SENT_HASH, status: 'succeeded' },
    ])
  })

  it('ends with the failure behind its words', async () => {
    const { payWith, run } = await atFakeNode()
    payWith(
      PROGRESS.slice(0, 2),
      new BookendError('payment_failed', 'No way is left.', { advice: 'Nothing was paid.' }),
    )
    expect(await run('pay', 'lnbcrt1', '--progress')).toEqual({
      code: 5,
      out: lines(...WORDS.slice(0, 4)),
      errors: lines('error: No way is left.', 'Nothing was paid.'),
    })
  })

  it('payments of one that was sent: how long each on its way has held it', async () => {
    const { run } = await atFakeNode()
    expect((await run('payments', SENT_HASH)).out).toContain('held for      1.3 s at 02020202, under 0.1 s at ')
  })

  it('payments, only some', async () => {
    const { run, calls } = await atFakeNode()
    await run('payments', '--received', '--status', 'failed')
    await run('payments', '--sent')
    expect(calls.map(({ request }) => request)).toEqual([
      { limit: 100, direction: 'received', status: 'failed' },
      { limit: 100, direction: 'sent' },
    ])
  })
})

describe('route', () => {
  it('shows the ways of a payment, hop by hop', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('route', PEER_ID, '1500', '--max-fee', '200', '--max-parts', '1')).toEqual(
      printed(
        lines(
          '1.500 sat in 1 part, fee 0.100 sat.',
          '',
          'to            over       carries  expires at block',
          '020202020202  104x1x1  1.600 sat               330',
          '020404040404  103x2x0  1.500 sat               250',
        ),
      ),
    )
    expect(jsonOf(await run('route', 'lightning:lnbcrt1', '--json'))).toMatchObject([{ hops: [{}, {}] }])
    expect(calls.map(({ request }) => request)).toEqual([
      { nodeId: PEER_ID, amountMsat: 1500n, maxFeeMsat: 200n, maxParts: 1 },
      { invoice: 'lnbcrt1' },
    ])
  })
})

describe('a QR code', () => {
  /** What a camera sees: dark modules, out of the characters of lines in colour. */
  function modulesOf(text: readonly string[]): boolean[][] {
    return text.flatMap(line => {
      const cells = [...stripVTControlCharacters(line)]
      return [cells.map(cell => '\u2588\u2580'.includes(cell)), cells.map(cell => '\u2588\u2584'.includes(cell))]
    })
  }
  const { size } = encode('LNBCRT1EXAMPLE', { ecc: 'L', border: 4, boostEcc: false })

  it('has the modules of the invoice in upper case, in colours of its own', async () => {
    const { dataDir } = await atFakeNode()
    const { out } = await runWith(fakeShell({ answers: [], color: true }), ['invoice', '--qr', '--data-dir', dataDir])
    const code = out.split('\n').slice(0, Math.ceil(size / 2))
    expect(code.every(line => line.startsWith('\u001b[38;5;16;48;5;231m') && line.endsWith('\u001b[0m'))).toBe(true)
    const { data } = encode('LNBCRT1EXAMPLE', { ecc: 'L', border: 4, boostEcc: false })
    expect(modulesOf(code).slice(0, size)).toEqual(data)
  })

  it('draws what is light where there are no colours', async () => {
    const { dataDir } = await atFakeNode()
    const words = ['invoice', '--qr', '--data-dir', dataDir]
    const { out } = await runWith(fakeShell({ answers: [] }), words)
    const plain = out.split('\n').slice(0, Math.ceil(size / 2))
    const { data } = encode('LNBCRT1EXAMPLE', { ecc: 'L', border: 4, boostEcc: false })
    const light = modulesOf(plain).slice(0, size)
    expect(light.map(row => row.map(module => !module))).toEqual(data)
    expect(plain[0]).toBe('\u2588'.repeat(size))
  })

  it('says where it does not fit, and goes on', async () => {
    const { dataDir } = await atFakeNode()
    const shell = fakeShell({ answers: [], columns: size - 1 })
    const { code, out } = await runWith(shell, ['invoice', '--qr', '--data-dir', dataDir])
    expect(code).toBe(0)
    expect(out.split('\n').slice(0, 2)).toEqual([
      `The QR code needs ${size} columns, and this terminal has ${size - 1}: make it wider, or its text smaller.`,
      'lnbcrt1example',
    ])
  })

  it('is not for programs', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('invoice', '--qr', '--json')).toMatchObject({ code: 2, out: '' })
    expect(calls).toEqual([])
  })
})

describe('policy', () => {
  const TABLE = lines(
    'channel       base fee  ppm  delta        min  max  passes on',
    'c1c1c1c1c1c1     1 sat  100     80  0.001 sat  any  yes',
  )

  it('of all channels, and of one', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('policy')).toEqual(printed(TABLE))
    expect(await run('policy', 'c1c1c1')).toEqual(printed(TABLE))
    expect(jsonOf(await run('policy', '--json'))).toEqual([expect.objectContaining({ channelId: POLICY.channelId })])
    expect(calls.filter(({ verb }) => verb === 'setPolicy')).toEqual([])
    expect(await run('policy', PAYMENT_HASH)).toMatchObject({ code: 2, out: '' })
  })

  it('is changed for one channel: what is not named is not sent', async () => {
    const { run, calls } = await atFakeNode()
    const words = ['--base-fee', '0', '--ppm', '50', '--cltv-delta', '40', '--min', '1_000', '--max', '5000']
    expect(await run('policy', CHANNEL_ID, ...words, '--disable')).toEqual(printed(TABLE))
    expect(await run('policy', CHANNEL_ID, '--enable')).toMatchObject({ code: 0 })
    expect(calls).toEqual([
      {
        verb: 'setPolicy',
        request: {
          channelId: CHANNEL_ID,
          feeBaseMsat: 0n,
          feeProportionalMillionths: 50,
          cltvExpiryDelta: 40,
          htlcMinimumMsat: 1000n,
          htlcMaximumMsat: 5000n,
          disabled: true,
        },
      },
      { verb: 'setPolicy', request: { channelId: CHANNEL_ID, disabled: false } },
    ])
  })

  it('is changed for all channels', async () => {
    const { run, calls } = await atFakeNode()
    await run('policy', '--all', '--ppm', '7')
    expect(calls).toEqual([
      { verb: 'policies', request: undefined },
      { verb: 'setPolicy', request: { channelId: CHANNEL_ID, feeProportionalMillionths: 7 } },
    ])
  })
})

describe('graph', () => {
  it('says how large the network is', async () => {
    const { run } = await atFakeNode()
    const { code, out } = await run('graph')
    expect(code).toBe(0)
    expect(out.replace(/[\d,]+ days ago/, 'N days ago')).toBe(
      lines(
        'nodes          2',
        'channels       1',
        'capacity       1,000,000 sat',
        'newest update  2023-11-14 22:13:20Z, N days ago',
        'in step        no peer has told all that it knows yet',
      ),
    )
  })

  it('shows a node, and a page of channels', async () => {
    const { run, calls } = await atFakeNode()
    const { code, out } = await run('graph', PEER_ID)
    expect(code).toBe(0)
    expect(out).toContain('calls itself  bob')
    expect(out).toContain('address       127.0.0.1:9736')
    expect((await run('graph', '--channels', '--limit', '5', '--after', '0')).out).toMatch(
      /^channel +from +to +capacity/,
    )
    expect(calls.map(({ request }) => request)).toEqual([{ nodeId: PEER_ID }, { limit: 5, after: 0 }])
    expect(jsonOf(await run('graph', '--channels', '--json'))).toMatchObject({ channels: [{ capacitySat: '1000000' }] })
  })
})
