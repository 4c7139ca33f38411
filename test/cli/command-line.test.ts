import { describe, expect, it } from 'vitest'
import { createClient, type ErrorJson } from '../../src/api/index.ts'
import { BookendError, type BookendErrorCode } from '../../src/base/index.ts'
import { EXIT_CODES, EXIT_OF_ERROR } from '../../src/cli/exitCodes.ts'
import { CHANNEL_ID, PEER_ID } from '../api/fakeNode.ts'
import { atFakeNode, fakeShell, newFolder, run, runWith } from './fakeShell.ts'

// What the command line says and which code it ends with where something is wrong, and what it says about itself.

const errorOf = (errors: string): ErrorJson['error'] => (JSON.parse(errors) as ErrorJson).error

describe('what was typed', () => {
  const BAD: readonly (readonly [words: readonly string[], errors: string])[] = [
    [['chanels'], "Unknown command 'chanels'."],
    [['info', 'x'], "Too many arguments for 'info'. Expected 0 arguments but got 1: x."],
    [['info', '--jsn'], "Unknown option '--jsn'."],
    [['open', PEER_ID], "Missing required argument 'sat'."],
    [['info', '--data-dir'], "Option '--data-dir <folder>' argument missing."],
    [['info', '--data-dir', ''], "--data-dir is ''."],
    [['info', '--network', 'mainnet'], "There is no network 'mainnet'."],
    [['send', 'bcrt1q', '0'], "The amount is '0', which is no amount in satoshis."],
    [['send', 'bcrt1q', '1.5'], "The amount is '1.5', which is no amount in satoshis."],
    [['send', 'bcrt1q', '2100000000000001'], "The amount is '2100000000000001', which is no amount in satoshis."],
    [['send', 'bcrt1q', '1_00'], "The amount is '1_00', which is no amount in satoshis."],
    [['send', 'bcrt1q', '1', '--feerate', '0.5'], "--feerate is '0.5'."],
    [['send', 'bcrt1q', '1', '--feerate', '10001'], "--feerate is '10001'."],
    [['connect', '02ab@h:1'], "'02ab' is no node id."],
    [['connect', `04${PEER_ID.slice(2)}@h:1`], `'04${PEER_ID.slice(2)}' is no node id.`],
    [['connect', `${PEER_ID}@h:0`], "The address is 'h:0', which is no HOST:PORT."],
    [['connect', `${PEER_ID}@h:65536`], "The address is 'h:65536', which is no HOST:PORT."],
    [['connect', `${PEER_ID}@::1:5`], "The address is '::1:5', which is no HOST:PORT."],
    [['connect', `${PEER_ID}@h@i`], `'${PEER_ID}@h@i' names no peer.`],
    [['open', PEER_ID, '20000', '--push-msat', '-1'], "--push-msat is '-1', which is no amount in millisatoshis."],
    [['pay'], "Missing required argument 'invoice'."],
    [['pay', 'lnbc1', '--max-fee', '-1'], "--max-fee is '-1', which is no amount in millisatoshis."],
    [['pay', 'lnbc1', '--max-parts', '0'], "--max-parts is '0'."],
    [['keysend', PEER_ID], "Missing required argument 'msat'."],
    [['keysend', PEER_ID, '0'], "The amount is '0', which is no amount in millisatoshis."],
    [['keysend', '02ab', '1'], "'02ab' is no node id."],
    [['invoice', '--hold', '12'], "'12' is no payment hash."],
    [['invoice', '--final-cltv', '200'], '--final-cltv goes with --hold.'],
    [['invoice', '--hold', CHANNEL_ID, '--final-cltv', '0'], "--final-cltv is '0'."],
    [['invoices', 'x'], "'x' is no payment hash."],
    [['settle', CHANNEL_ID.slice(1)], 'That is no preimage.'],
    [['cancel', 'x'], "'x' is no payment hash."],
    [['decode'], "Missing required argument 'invoice'."],
    [['route', PEER_ID], 'A way to a node needs an amount.'],
    [['route', '02ab', '5'], "'02ab' is no node id."],
    [['route', 'lnbc1', 'x'], "The amount is 'x', which is no amount in millisatoshis."],
    [['policy', '--ppm', '5'], 'Which channel is not said.'],
    [['policy', CHANNEL_ID, '--all', '--ppm', '5'], 'A channel and --all do not go together.'],
    [['policy', '--all'], '--all changes nothing by itself.'],
    [['policy', CHANNEL_ID, '--disable', '--enable'], '--disable and --enable do not go together.'],
    [['policy', CHANNEL_ID, '--cltv-delta', '65536'], "--cltv-delta is '65536'."],
    [['payments', '--sent', '--received'], '--sent and --received do not go together.'],
    [['payments', '--status', 'paid'], "--status is 'paid'."],
    [['graph', 'x'], "'x' is no node id."],
    [['graph', PEER_ID, '--channels'], 'A node and --channels do not go together.'],
    [['graph', '--limit', '5'], '--limit and --after go with --channels.'],
    [['pay', 'lnbc1', '--timeout', '0'], "--timeout is '0'."],
    [['invoice', '--expiry', '1h'], "--expiry is '1h'."],
    [['payments', '12'], "'12' is no payment hash."],
    [['payments', '--limit', '1001'], "--limit is '1001'."],
    [['events', '--after', 'x'], "--after is 'x'."],
    [['tokens'], ''],
    [['tokens', 'make'], "Unknown command 'make'."],
    [['tokens', 'create', 'x'], "Required option '--scope <list>' not specified."],
    [['tokens', 'create', 'x', '--scope', 'red'], "--scope is 'red'."],
    [
      ['completion', 'tcsh'],
      "Command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.",
    ],
    [['start', '--listen', 'nowhere'], "--listen is 'nowhere', which is no HOST:PORT."],
    [['start', '--api', '1.2.3.4:70000'], "--api is '1.2.3.4:70000', which is no HOST:PORT."],
    [['start', '--network', 'signet'], 'On signet a node needs a Bitcoin Core, or Esplora or Electrum servers.'],
    [['start', '--trust', 'me'], "'me' is no node id."],
    [['start', '--announce-at', 'here:0'], "--announce-at is 'here:0', which is no HOST:PORT."],
    [['start', '--birth-height', '-5'], "--birth-height is '-5'."],
    [
      ['start', '--unencrypted-seed', '--passphrase-file', 'f'],
      '--passphrase-file and --unencrypted-seed do not go together.',
    ],
  ]
  it.each(BAD)('%j makes no sense: exit code 2', async (words, message) => {
    const told = await run(words)
    expect([told.code, told.out]).toEqual([2, ''])
    if (message === '') return expect(told.errors).toMatch(/^Usage: /)
    expect(told.errors.split('\n')).toEqual([`error: ${message}`, expect.stringMatching(/^[A-Z].*[.:0-9a-z]$/), ''])
    const asJson = await run([...words.slice(0, -1), ...words.slice(-1), '--json'])
    if (words.at(-1) === '--data-dir' || asJson.errors.includes("'--json'")) return
    expect([asJson.code, asJson.out, asJson.errors.split('\n').length]).toEqual([2, '', 2])
    expect(errorOf(asJson.errors)).toMatchObject({ code: 'bad_request', message })
  })

  it('says what was meant, and what there is', async () => {
    expect((await run(['chanels'])).errors).toBe(
      "error: Unknown command 'chanels'.\nDid you mean channels? Allowed here: start, stop, info, events, backup, restore, tokens, watch, doctor, address, balance, send, connect, peers, disconnect, open, channels, channel, close, policy, pay, invoice, payments, keysend, route, decode, invoices, settle, cancel, graph, demo, regtest, completion, help. --help says what each does.\n",
    )
    expect((await run(['info', '-x'])).errors).toBe(
      "error: Unknown option '-x'.\nAllowed here: --data-dir, --network, --json, --help.\n",
    )
  })

  it('refuses prefixes of ids that are too short, fit none, or fit several', async () => {
    const { run: at } = await atFakeNode()
    expect(await at('channel', 'c1c1c')).toMatchObject({
      code: 2,
      errors: expect.stringMatching(/at least the first 6/),
    })
    expect(await at('channel', 'nothex')).toMatchObject({ code: 2 })
    expect(await at('channel', 'c1c1c2')).toMatchObject({
      code: 13,
      errors: "error: There is no channel that begins with 'c1c1c2'.\n`bookend channels --closed` lists them.\n",
    })
    // Both peers of the fake node begin so.
    expect(await at('disconnect', '02')).toMatchObject({ code: 2 })
  })
})

describe('where the node is', () => {
  it('by --data-dir first, then by the environment, then in the default directory', async () => {
    const { api, dataDir } = await atFakeNode()
    const env = { BOOKEND_API: api.url, BOOKEND_TOKEN: 'secret-of-read' }
    expect((await run(['info'], { env })).code).toBe(0)
    // A token that may look, and no more.
    expect(await run(['address'], { env })).toMatchObject({
      code: 4,
      errors: 'error: The token may not do this.\nUse a token with the scope admin.\n',
    })
    expect((await run(['address', '--data-dir', dataDir], { env })).code).toBe(0)
    const home = newFolder()
    expect(await run(['info', '--json'], { home })).toEqual({
      code: 3,
      out: '',
      errors: `${JSON.stringify({
        error: {
          code: 'stopped',
          message: `No node runs in ${home}/.bookend/regtest.`,
          advice: 'Start it with `bookend start`, or name another directory with --data-dir.',
          facts: { dataDir: `${home}/.bookend/regtest` },
        },
      })}\n`,
    })
    expect((await run(['info', '--network', 'signet'], { home })).errors).toContain(`${home}/.bookend/signet`)
  })

  it('says when the token is missing or wrong', async () => {
    const { api } = await atFakeNode()
    expect(await run(['info'], { env: { BOOKEND_API: api.url } })).toMatchObject({
      code: 4,
      errors: expect.stringMatching(/^error: BOOKEND_API says where the node is, and BOOKEND_TOKEN is not set\.\n/),
    })
    expect(await run(['info'], { env: { BOOKEND_API: api.url, BOOKEND_TOKEN: 'guess' } })).toMatchObject({
      code: 4,
      errors: expect.stringMatching(/^error: The bearer token is not known\.\n/),
    })
  })

  it('says when nothing answers there, and does not make a key of what never arrived', async () => {
    const { api, dataDir } = await atFakeNode()
    await api.close()
    expect(await run(['info', '--data-dir', dataDir])).toMatchObject({
      code: 3,
      errors: expect.stringMatching(/^error: No node answers at http:.*\nStart it with `bookend start`/),
    })
    const paid = await run(['pay', 'lnbc1', '--data-dir', dataDir, '--json'])
    expect(paid.code).toBe(3)
    expect(errorOf(paid.errors).facts).not.toHaveProperty('idempotencyKey')
  })
})

describe('what went wrong', () => {
  // Every code, by the table of the API: a new one has to be put in here, and into the table of exit codes.
  const CODES = Object.keys(EXIT_OF_ERROR) as BookendErrorCode[]

  it.each(CODES)('%s has an exit code with a meaning', async code => {
    const { dataDir, failNext } = await atFakeNode()
    failNext('balance', new BookendError(code, 'It went wrong.', { advice: 'Do this.', facts: { got: '1' } }))
    const told = await run(['balance', '--data-dir', dataDir, '--json'])
    expect(told).toEqual({
      code: EXIT_OF_ERROR[code],
      out: '',
      errors: `${JSON.stringify({ error: { code, message: 'It went wrong.', advice: 'Do this.', facts: { got: '1' } } })}\n`,
    })
    expect(EXIT_CODES[told.code]).toMatch(/^[a-z]/)
  })

  it('tells the causes that scripts act on apart', () => {
    const acted: readonly BookendErrorCode[] = [
      'bad_request',
      'stopped',
      'unauthorized',
      'payment_failed',
      'insufficient_funds',
      'peer_unreachable',
      'chain_unavailable',
      'data_directory',
      'wrong_passphrase',
      'wrong_network',
      'address_in_use',
      'disk',
      'timeout',
      'internal',
    ]
    expect(new Set(acted.map(code => EXIT_OF_ERROR[code])).size).toBe(acted.length)
  })

  it('for people a sentence and what to do; the stack is for BOOKEND_DEBUG', async () => {
    const { dataDir, failNext } = await atFakeNode()
    const fail = () => failNext('pay', new BookendError('payment_failed', 'No channel.', { advice: 'Open one.' }))
    fail()
    expect(await run(['pay', 'lnbc1', '--data-dir', dataDir])).toEqual({
      code: 5,
      out: '',
      errors: 'error: No channel.\nOpen one.\n',
    })
    fail()
    const debugged = await run(['pay', 'lnbc1', '--data-dir', dataDir], { env: { BOOKEND_DEBUG: '1' } })
    expect(debugged.errors).toMatch(/^error: No channel\.\nOpen one\.\nBookendError: No channel\.\n {4}at /)
  })

  it('a payment in doubt comes with the key that repeats it safely', async () => {
    const { dataDir, failNext } = await atFakeNode()
    failNext('pay', new BookendError('timeout', 'It takes long.', { advice: 'Wait.' }))
    const { code, errors } = await run(['pay', 'lnbc1', '--data-dir', dataDir, '--json'])
    const { advice, facts } = errorOf(errors)
    expect([code, advice]).toEqual([
      16,
      `Wait. To be sure that it happens once, repeat it with --idempotency-key ${facts.idempotencyKey}.`,
    ])
  })

  it('Ctrl-C gives up waiting, with the key', async () => {
    const { dataDir, calls, node } = await atFakeNode()
    Object.assign(node, {
      pay: (request: unknown) => {
        calls.push({ verb: 'pay', request })
        return new Promise(() => {})
      },
    })
    const fake = fakeShell()
    const paying = runWith(fake, ['pay', 'lnbc1', '--data-dir', dataDir, '--idempotency-key', 'mine'])
    await expect.poll(() => calls.length).toBe(1)
    fake.signal('SIGINT')
    const { code, errors } = await paying
    expect([code, errors]).toEqual([130, expect.stringMatching(/--idempotency-key mine\.\n$/)])
  })

  it.each([
    ['failed', 5],
    ['pending', 16],
  ] as const)('a payment that is %s has its own exit code', async (status, code) => {
    const { dataDir, node } = await atFakeNode()
    const payment = (await node.payments())[0]
    Object.assign(node, {
      pay: async () => ({ ...payment, status, failure: { code: 'timeout', message: 'Too late.' } }),
    })
    const told = await run(['pay', 'lnbc1', '--data-dir', dataDir])
    expect([told.code, told.errors]).toEqual([code, ''])
    expect(told.out).toMatch(/^(Not paid:|Still paying) 1\.500 sat to 020202020202\.\n[\s\S]*why +Too late\.\n$/)
  })
})

describe('what it says about itself', () => {
  it('help: the commands in groups, and every exit code', async () => {
    const { code, out, errors } = await run([])
    expect([code, errors]).toEqual([0, ''])
    expect(out.match(/^[A-Z].*:$/gm)).toEqual([
      'Options:',
      'The node:',
      'Coins on chain:',
      'Peers:',
      'Channels:',
      'Payments:',
      'The network:',
      'To try it out:',
      'This command line:',
      'Exit codes:',
    ])
    for (const [exitCode, meaning] of Object.entries(EXIT_CODES)) expect(out).toContain(`${exitCode}  ${meaning}\n`)
    expect((await run(['help'])).out).toBe(out)
    expect((await run(['help', 'pay'])).out).toBe((await run(['pay', '--help'])).out)
  })

  it('each command has a help of its own, on stdout and with exit code 0', async () => {
    const names = (await run([])).out.match(/^ {2}[a-z]+(?= )/gm)?.map(name => name.trim()) ?? []
    expect(names.length).toBeGreaterThan(20)
    // The two that run no node write to the process itself, and have tests of their own.
    for (const name of names.filter(name => !['help', 'demo', 'regtest'].includes(name))) {
      const told = await run([name, '--help'])
      expect([name, told.code, told.errors]).toEqual([name, 0, ''])
      expect(told.out).toMatch(new RegExp(`^Usage: bookend ${name} `))
    }
  })

  it('version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: '1.2.3\n', errors: '' })
  })

  it('colours where the terminal has them, and none in JSON', async () => {
    const { dataDir } = await atFakeNode()
    const words = ['channels', '--data-dir', dataDir]
    expect((await run(words, { color: true })).out).toContain('\u001b[32mnormal\u001b[39m')
    expect((await run(words)).out).not.toContain('\u001b')
    expect((await run([...words, '--json'], { color: true })).out).toContain(CHANNEL_ID)
    expect((await run([...words, '--json'], { color: true })).out).not.toContain('\u001b')
  })

  it('stop waits for a node at a distance until it is silent, and no longer than it is told', async () => {
    const { api, stops, client } = await atFakeNode()
    expect(client).toHaveProperty('stop')
    const env = { BOOKEND_API: api.url, BOOKEND_TOKEN: 'secret-of-admin' }
    expect(await run(['stop', '--timeout', '1'], { env })).toMatchObject({
      code: 16,
      errors: expect.stringMatching(/^error: The node has not gone after 1 seconds\.\n/),
    })
    expect(stops()).toBe(1)
    const stopping = run(['stop', '--json'], { env })
    await expect.poll(stops).toBe(2)
    await api.close()
    expect(await stopping).toEqual({ code: 0, out: '{"stopped":true}\n', errors: '' })
    await expect(createClient({ url: api.url, token: '' }).info()).rejects.toThrow()
  })
})
