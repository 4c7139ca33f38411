import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHANNEL, CHANNEL_ID, OUR_ID, PAYMENT_HASH, PEER_ID, RECEIVED, SENT, SENT_HASH, TXID } from '../api/fakeNode.ts'
import { atFakeNode, fakeShell, newFolder, runWith } from './fakeShell.ts'

// What each command asks of the node, and what it prints of the answer: for people, and as JSON.

const lines = (...text: readonly string[]): string => `${text.join('\n')}\n`
const printed = (out: string) => ({ code: 0, errors: '', out })
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The one JSON value that was printed, on one line. */
function jsonOf({ out, errors, code }: { out: string; errors: string; code: number }): unknown {
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(out).toMatch(/^[^\n]+\n$/)
  return JSON.parse(out)
}

describe('the node', () => {
  it('info', async () => {
    const { run } = await atFakeNode()
    expect(await run('info')).toEqual(
      printed(
        lines(
          `node id   ${OUR_ID}`,
          'network   regtest',
          'block     110, up to date',
          'peers     1 connected',
          'channels  1 channel',
          'listens   127.0.0.1:9735',
          'version   1.2.3',
        ),
      ),
    )
    expect(jsonOf(await run('info', '--json'))).toEqual({
      nodeId: OUR_ID,
      network: 'regtest',
      version: '1.2.3',
      blockHeight: 110,
      synced: true,
      peers: 1,
      channels: 1,
      listening: { host: '127.0.0.1', port: 9735 },
      lastEvent: 0,
      watchtowers: [],
    })
  })

  it('events: what is in the log, and an end', async () => {
    const { run, tell, calls } = await atFakeNode()
    expect(await run('events')).toEqual(printed(''))
    tell({ type: 'peer_connected', peer: PEER_ID })
    tell({ type: 'payment_received', payment: RECEIVED })
    tell({ type: 'peer_said', channelId: CHANNEL_ID, peer: PEER_ID, kind: 'warning', text: 'one\u001b[2Jtwo' })
    expect(await run('events')).toEqual(
      printed(
        lines(
          '1  2023-11-14 22:13:20Z  connected to 020202020202',
          '2  2023-11-14 22:13:20Z  received 1.500 sat from 020202020202',
          "3  2023-11-14 22:13:20Z  peer 020202020202 sent the warning 'one [2Jtwo'",
        ),
      ),
    )
    const { out } = await run('events', '--after', '1', '--json')
    expect(
      out
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toMatchObject([
      { id: 2, type: 'payment_received' },
      { id: 3, type: 'peer_said' },
    ])
    expect(calls.findLast(({ verb }) => verb === 'events')).toEqual({ verb: 'events', request: { after: 1 } })
    expect(await run('events', '--after', '3')).toEqual(printed(''))
  })

  it('events: every kind has its line', async () => {
    const { run, tell } = await atFakeNode()
    const about = { channelId: CHANNEL_ID, peer: PEER_ID }
    tell({ type: 'payment_sent', payment: SENT })
    tell({ type: 'payment_failed', payment: { ...SENT, failure: { code: 'timeout', message: 'It took too long.' } } })
    tell({ type: 'channel_state', ...about, from: 'normal', to: 'closing' })
    tell({ type: 'channel_state', ...about, from: 'closing', to: 'closed', reason: 'agreed' })
    tell({ type: 'channel_onchain', ...about, kind: 'funding_spent', sentence: 'The peer has published.' })
    tell({ type: 'peer_disconnected', peer: PEER_ID })
    tell({ type: 'channels_unknown', peer: PEER_ID, count: 2, createdAt: 1_700_000_000_000 })
    tell({ type: 'channels_unknown', peer: PEER_ID, count: 1, createdAt: 1_700_000_000_000 })
    tell({ type: 'coin_received', outpoint: { txid: TXID, vout: 1 }, amountSat: CHANNEL.capacitySat, height: 1200 })
    tell({ type: 'transaction_confirmed', txid: TXID, height: 1201 })
    tell({ type: 'transaction_conflicted', txid: TXID, by: TXID, height: 1202 })
    tell({ type: 'transaction_given_up', txid: TXID })
    const { out } = await run('events')
    expect(out.replaceAll(/^\d+ {2}\S+ \S+ {2}/gm, '')).toBe(
      lines(
        'paid 1.500 sat to 020202020202, fee 0 sat',
        'did not pay 1.500 sat to 020202020202: It took too long.',
        'channel c1c1c1c1c1c1 went from normal to closing',
        'channel c1c1c1c1c1c1 went from closing to closed: agreed',
        'channel c1c1c1c1c1c1 on chain: The peer has published.',
        'lost the connection to 020202020202',
        '2 channels of this node are not known here, by the list of 2023-11-14 22:13:20Z that 020202020202 keeps: restore with `bookend restore --peer`',
        '1 channel of this node is not known here, by the list of 2023-11-14 22:13:20Z that 020202020202 keeps: restore with `bookend restore --peer`',
        `received 1,000,000 sat on chain, in block 1,200, as ${TXID}:1`,
        `transaction ${TXID} was confirmed in block 1,201`,
        `transaction ${TXID} lost to ${TXID} in block 1,202`,
        `transaction ${TXID} was given up: the chain has no inputs for it`,
      ),
    )
  })

  it('events: the newest 50, or as many as are asked for, and behind a number the first ones', async () => {
    const { run, tell, readers } = await atFakeNode()
    for (let i = 0; i < 120; i++) tell({ type: 'peer_connected', peer: PEER_ID })
    const ids = async (...args: readonly string[]) => {
      const { code, out } = await run('events', '--json', ...args)
      expect(code).toBe(0)
      return out.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line).id as number]))
    }
    const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
    expect(await ids()).toEqual(range(71, 120))
    expect(await ids('--limit', '2')).toEqual([119, 120])
    expect(await ids('--limit', '1000')).toEqual(range(1, 120))
    expect(await ids('--limit', '0')).toEqual([])
    expect(await ids('--after', '10')).toEqual(range(11, 120))
    expect(await ids('--after', '10', '--limit', '3')).toEqual([11, 12, 13])
    expect(await ids('--after', '118', '--limit', '3')).toEqual([119, 120])
    expect(await ids('--after', '10', '--limit', '0')).toEqual([])
    // Behind a number it ends with its limit, whether or not it follows.
    expect(await ids('--follow', '--after', '118', '--limit', '2')).toEqual([119, 120])
    expect((await run('events', '--limit', '-1')).errors).toContain("--limit is '-1'")
    await expect.poll(readers).toBe(0)
  })

  it('events --follow: the newest ones first, and then what comes', async () => {
    const { dataDir, tell, readers } = await atFakeNode()
    for (let i = 0; i < 60; i++) tell({ type: 'peer_connected', peer: PEER_ID })
    const fake = fakeShell({ json: true })
    const ending = runWith(fake, ['events', '--follow', '--json', '--data-dir', dataDir])
    await expect.poll(() => fake.printed().out.split('\n').length).toBe(51)
    await expect.poll(readers).toBe(1)
    tell({ type: 'peer_disconnected', peer: PEER_ID })
    await expect.poll(() => fake.printed().out.split('\n').length).toBe(52)
    fake.signal('SIGINT')
    const { code, out } = await ending
    const told = out.trimEnd().split('\n')
    expect([code, JSON.parse(told[0] ?? '').id, JSON.parse(told.at(-1) ?? '')]).toMatchObject([
      0,
      11,
      { id: 61, type: 'peer_disconnected' },
    ])
    await expect.poll(readers).toBe(0)
  })

  it('events --follow --limit 0: what comes, until Ctrl-C', async () => {
    const { dataDir, tell, readers } = await atFakeNode()
    tell({ type: 'peer_connected', peer: PEER_ID })
    const fake = fakeShell({ json: true })
    const ending = runWith(fake, ['events', '-f', '--limit', '0', '--json', '--data-dir', dataDir])
    await expect.poll(readers).toBe(1)
    tell({ type: 'peer_disconnected', peer: PEER_ID })
    await expect.poll(() => fake.printed().out).toContain('\n')
    fake.signal('SIGINT')
    const { code, out } = await ending
    expect([code, out.split('\n').length, JSON.parse(out)]).toMatchObject([0, 2, { id: 2, type: 'peer_disconnected' }])
    await expect.poll(readers).toBe(0)
  })

  it('backup: a private file, that takes the place of no other', async () => {
    const { run } = await atFakeNode()
    const file = join(newFolder(), 'node.backup')
    expect(await run('backup', file)).toEqual(
      printed(
        lines(
          `Wrote 4 bytes to ${file}: every channel, and where its peer is.`,
          `With the 24 words, \`bookend restore ${file} --data-dir NEW\` brings the money back. Make a new one after each new channel.`,
        ),
      ),
    )
    expect([...readFileSync(file)]).toEqual([0, 1, 2, 255])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await run('backup', file)).toMatchObject({
      code: 14,
      out: '',
      errors: `error: There is a file ${file} already.\nName another one, or give --replace.\n`,
    })
    writeFileSync(file, 'old')
    expect(jsonOf(await run('backup', file, '--replace', '--json'))).toEqual({ file, bytes: 4 })
    expect(readFileSync(file).length).toBe(4)
  })

  it('tokens', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('tokens', 'list')).toEqual(
      printed(
        lines(
          'id             name                may          spent  budget  made',
          'id-read        for read            read         0 sat    none  2023-11-14 22:13:20Z',
          'id-invoice     for invoice         invoice      0 sat    none  2023-11-14 22:13:20Z',
          'id-spend       for spend           spend        0 sat   5 sat  2023-11-14 22:13:20Z',
          'id-admin       for admin           admin        0 sat    none  2023-11-14 22:13:20Z',
          'id-read-spend  for read and spend  read, spend  0 sat   5 sat  2023-11-14 22:13:20Z',
        ),
      ),
    )
    expect(await run('tokens', 'create', 'the shop', '--scope', 'invoice,read')).toEqual(
      printed(lines('secret  told-once  (shown this once)', 'id      id-invoice-read', 'may     invoice, read')),
    )
    expect(
      jsonOf(await run('tokens', 'create', 'x', '--scope', 'spend', '--budget-msat', '5000', '--json')),
    ).toMatchObject({ token: { id: 'id-spend', budgetMsat: '5000' }, secret: 'told-once' })
    expect(calls.at(-1)).toEqual({ verb: 'createToken', request: { name: 'x', scopes: ['spend'], budgetMsat: 5000n } })
    expect(await run('tokens', 'revoke', 'id-read')).toEqual(printed('The token id-read is no longer valid.\n'))
    expect(jsonOf(await run('tokens', 'revoke', 'id-read', '--json'))).toEqual({ id: 'id-read', revoked: true })
    expect(calls.at(-1)).toEqual({ verb: 'revokeToken', request: { id: 'id-read' } })
  })
})

describe('coins on chain', () => {
  it('address', async () => {
    const { run } = await atFakeNode()
    expect(await run('address')).toEqual(printed('bcrt1qexample\n'))
    expect(jsonOf(await run('address', '--json'))).toEqual({ address: 'bcrt1qexample' })
  })

  it('balance', async () => {
    const { run } = await atFakeNode()
    expect(await run('balance')).toEqual(
      printed(
        lines(
          'on chain, confirmed         5,000,000,000 sat',
          '  of it kept back for fees         25,000 sat',
          'on chain, unconfirmed                   0 sat',
          'on chain, immature                      7 sat',
          'in channels, ours                 900,000 sat',
          'in channels, theirs               100,000 sat',
        ),
      ),
    )
    expect(jsonOf(await run('balance', '--json'))).toEqual({
      onchainConfirmedSat: '5000000000',
      onchainUnconfirmedSat: '0',
      onchainImmatureSat: '7',
      onchainReservedSat: '25000',
      channelLocalMsat: '900000000',
      channelRemoteMsat: '100000000',
    })
  })

  it('send', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('send', 'bcrt1qfriend', '100_000', '--feerate', '1.5')).toEqual(
      printed(lines('Sent 100,000 sat to bcrt1qfriend.', `transaction  ${TXID}`)),
    )
    expect(calls.at(-1)).toEqual({
      verb: 'send',
      request: {
        address: 'bcrt1qfriend',
        amountSat: 100_000n,
        feeratePerKw: 375,
        idempotencyKey: expect.stringMatching(UUID),
      },
    })
    const sent = jsonOf(await run('send', 'bcrt1qfriend', 'all', '--idempotency-key', 'again', '--json'))
    expect(sent).toEqual({ txid: TXID, idempotencyKey: 'again' })
    expect(calls.at(-1)).toMatchObject({ request: { amountSat: 'all', idempotencyKey: 'again' } })
  })
})

describe('peers', () => {
  it('connect', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('connect', `${PEER_ID.toUpperCase()}@[::1]:9736`)).toEqual(printed(`Connected to ${PEER_ID}.\n`))
    expect(calls.at(-1)).toMatchObject({ request: { nodeId: PEER_ID, address: { host: '::1', port: 9736 } } })
    expect(jsonOf(await run('connect', PEER_ID, '--json'))).toEqual({ nodeId: PEER_ID })
    expect(Object(calls.at(-1)?.request)).not.toHaveProperty('address')
    await run('connect', `${PEER_ID}@example.org`)
    expect(calls.at(-1)).toMatchObject({ request: { address: { host: 'example.org', port: 9735 } } })
  })

  it('peers', async () => {
    const { run } = await atFakeNode()
    const other = `02${'03'.repeat(32)}`
    expect(await run('peers')).toEqual(
      printed(
        lines(
          `${'node id'.padEnd(66)}  connected  channels  address`,
          `${PEER_ID}  by us             1  127.0.0.1:9736`,
          `${other}  no                1`,
        ),
      ),
    )
    expect(jsonOf(await run('peers', '--json'))).toMatchObject([
      { nodeId: PEER_ID, connected: true, outgoing: true },
      { nodeId: other, connected: false },
    ])
  })

  it('disconnect, by the first digits of a node id', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('disconnect', PEER_ID.slice(0, 8))).toEqual(printed(`Disconnected from ${PEER_ID}.\n`))
    expect(calls.at(-1)).toEqual({ verb: 'disconnect', request: { nodeId: PEER_ID } })
    expect(jsonOf(await run('disconnect', PEER_ID, '--json'))).toEqual({ nodeId: PEER_ID, connected: false })
  })
})

describe('channels', () => {
  it('open', async () => {
    const { run, calls } = await atFakeNode()
    const peer = `${PEER_ID}@127.0.0.1:9736`
    expect(await run('open', peer, '1000000', '--push-msat', '5000', '--feerate', '2')).toEqual(
      printed(
        lines(
          'A channel of 1,000,000 sat with 020202020202 opens when its funding is confirmed.',
          `channel  ${CHANNEL_ID}`,
          `funding  ${TXID}:1`,
        ),
      ),
    )
    expect(calls.at(-1)).toEqual({
      verb: 'openChannel',
      request: {
        peer: { nodeId: PEER_ID, address: { host: '127.0.0.1', port: 9736 } },
        capacitySat: 1_000_000n,
        pushMsat: 5000n,
        feeratePerKw: 500,
        idempotencyKey: expect.stringMatching(UUID),
      },
    })
    expect(jsonOf(await run('open', PEER_ID, '20000', '--json'))).toEqual({
      channelId: CHANNEL_ID,
      fundingTxid: TXID,
      fundingOutpoint: { txid: TXID, vout: 1 },
      idempotencyKey: expect.stringMatching(UUID),
    })
  })

  it('open, in the ways that are not the default', async () => {
    const { run, calls } = await atFakeNode()
    const { out } = await run('open', PEER_ID, '20000', '--announce', '--zero-conf', '--scid-alias')
    expect(out).toMatch(/^A channel of 20,000 sat with 020202020202 opens before its funding is confirmed\.$/m)
    expect(calls).toMatchObject([{ request: { announce: true, zeroConf: true, scidAlias: true } }])
  })

  it('channels', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('channels')).toEqual(
      printed(
        lines(
          'channel       peer          state        capacity         ours       theirs',
          'c1c1c1c1c1c1  020202020202  normal  1,000,000 sat  900,000 sat  100,000 sat',
        ),
      ),
    )
    const channels = jsonOf(await run('channels', '--json'))
    expect(channels).toMatchObject([
      {
        channelId: CHANNEL_ID,
        peer: PEER_ID,
        state: 'normal',
        capacitySat: '1000000',
        localMsat: '900000000',
        remoteMsat: '100000000',
      },
    ])
    expect(calls.at(-1)).toEqual({ verb: 'channels', request: { closed: false } })
    await run('channels', '--closed')
    expect(calls.at(-1)).toEqual({ verb: 'channels', request: { closed: true } })
  })

  it('channel, by the first digits of its id', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('channel', 'C1C1C1')).toEqual(
      printed(
        lines(
          `channel     ${CHANNEL_ID}`,
          `peer        ${PEER_ID}`,
          'state       normal',
          'opened by   us',
          'capacity    1,000,000 sat',
          'ours        900,000 sat, of it to spend now 880,000 sat',
          'theirs      100,000 sat, of it to receive now 90,000 sat',
          'on the way  0',
          `funding     ${TXID}:1, confirmed in block 104`,
          'feerate     2,500 sat per 1,000 weight units',
        ),
      ),
    )
    expect(calls.map(({ verb }) => verb)).toEqual(['channels', 'channel'])
    expect(jsonOf(await run('channel', CHANNEL_ID, '--json'))).toMatchObject({ channelId: CHANNEL_ID })
    // A whole id is not looked up.
    expect(calls.slice(2)).toEqual([{ verb: 'channel', request: { channelId: CHANNEL_ID } }])
  })

  it('channel --explain', async () => {
    const { run } = await atFakeNode()
    expect(await run('channel', CHANNEL_ID, '--explain')).toEqual(
      printed(
        lines(
          'The channel is open.',
          '',
          'Each output',
          `  ${'77'.repeat(32)}:1`,
          '    50,000 sat: our balance, after its delay',
          '    we: 50,000 sat, after block 254: We could take it.',
          `    our claim ${'88'.repeat(32)} waits for a block, at a fee of 1,200 sat (2,500 sat per 1,000 weight units)`,
          '    awaited: A block that holds our transaction.',
          '',
          'What we could do on chain',
          '  900,000 sat, after block 254: We could publish.',
          '',
          'What the peer could do on chain',
          '  100,000 sat, now: They could publish.',
        ),
      ),
    )
    expect(jsonOf(await run('channel', CHANNEL_ID, '--explain', '--json'))).toMatchObject({
      channel: { channelId: CHANNEL_ID },
      summary: 'The channel is open.',
      closing: [],
    })
  })

  it('close', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('close', 'c1c1c1c1')).toEqual(
      printed(lines('The channel c1c1c1c1c1c1 closes.', 'state        closing', 'transaction  not known yet')),
    )
    expect(calls.at(-1)).toEqual({ verb: 'closeChannel', request: { channelId: CHANNEL_ID } })
    expect(jsonOf(await run('close', CHANNEL_ID, '--force', '--feerate', '10', '--json'))).toEqual({
      channelId: CHANNEL_ID,
      state: 'closing',
    })
    expect(calls.at(-1)).toEqual({
      verb: 'closeChannel',
      request: { channelId: CHANNEL_ID, force: true, feeratePerKw: 2500 },
    })
  })

  it('close --force asks whoever sits at the terminal', async () => {
    const { dataDir, calls } = await atFakeNode()
    const words = ['close', CHANNEL_ID, '--force', '--data-dir', dataDir]
    const no = fakeShell({ answers: ['n'] })
    expect(await runWith(no, words)).toMatchObject({
      code: 130,
      errors: expect.stringMatching(/^error: The channel stays/),
    })
    expect(no.questions).toHaveLength(1)
    expect(calls).toEqual([])
    expect(await runWith(fakeShell({ answers: ['y'] }), words)).toMatchObject({ code: 0 })
    const sure = fakeShell({ answers: [] })
    expect(await runWith(sure, [...words, '--yes'])).toMatchObject({ code: 0 })
    expect(sure.questions).toEqual([])
  })
})

describe('payments', () => {
  it('pay an invoice', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('pay', 'lightning:lnbcrt1example')).toEqual(
      printed(
        lines(
          'Paid 1.500 sat to 020202020202.',
          'fee           0 sat',
          `payment hash  ${SENT_HASH}`,
          `preimage      ${'ab'.repeat(32)}`,
        ),
      ),
    )
    expect(calls.at(-1)).toEqual({
      verb: 'pay',
      request: { invoice: 'lnbcrt1example', idempotencyKey: expect.stringMatching(UUID) },
    })
  })

  it('invoice', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('invoice', '--amount-msat', '1500', '--description', 'a cup of tea', '--expiry', '60')).toEqual(
      printed(lines('lnbcrt1example', `payment hash  ${PAYMENT_HASH}`, 'expires       +055840-11-08 23:13:20Z')),
    )
    expect(calls.at(-1)).toEqual({
      verb: 'createInvoice',
      request: { amountMsat: 1500n, description: 'a cup of tea', expirySeconds: 60 },
    })
    expect(jsonOf(await run('invoice', '--json'))).toEqual({
      invoice: 'lnbcrt1example',
      paymentHash: PAYMENT_HASH,
      expiresAt: 1_700_000_003_600_000,
    })
  })

  it('payments', async () => {
    const { run, calls } = await atFakeNode()
    expect(await run('payments', '--limit', '2', '--before', '9')).toEqual(
      printed(
        lines(
          'number  time                  direction     amount    fee  status     peer          description',
          '     8  2023-11-14 22:13:20Z  sent       1.500 sat  0 sat  succeeded  020202020202  a cup of tea',
          '     7  2023-11-14 22:13:20Z  received   1.500 sat  0 sat  succeeded  020202020202  a cup of tea',
        ),
      ),
    )
    expect(calls.at(-1)).toEqual({ verb: 'payments', request: { limit: 2, before: 9 } })
    expect(jsonOf(await run('payments', '--json'))).toMatchObject([{ number: 8 }, { number: 7 }])
  })

  it('payments of one hash', async () => {
    const { run } = await atFakeNode()
    expect(await run('payments', PAYMENT_HASH)).toEqual(
      printed(
        lines(
          'payment       number 7, received, succeeded',
          'amount        1.500 sat',
          'fee           0 sat',
          `peer          ${PEER_ID}`,
          `payment hash  ${PAYMENT_HASH}`,
          `preimage      ${'ab'.repeat(32)}`,
          'description   a cup of tea',
          'begun         2023-11-14 22:13:20Z',
          'ended         2023-11-14 22:13:20Z',
        ),
      ),
    )
    expect(jsonOf(await run('payments', PAYMENT_HASH.toUpperCase(), '--json'))).toMatchObject({ number: 7 })
  })
})
