import { describe, expect, it } from 'vitest'
import { nodeEvent } from '../../src/api/schemas/events.ts'
import { type SseMessage, sseReader } from '../../src/api/sse.ts'
import { sat } from '../../src/base/index.ts'
import type { NodeEvent } from '../../src/engine/index.ts'
import { ADMIN_SECRET, CHANNEL_ID, PEER_ID, RECEIVED, SENT, TXID, tokenWith } from './fakeNode.ts'
import { connected, untilEnd } from './raw.ts'
import { errorOf, type Served, served, until } from './served.ts'

// Events over HTTP, by the standard of server-sent events: numbered, resumable, and never more than a reader takes.

const SAID: NodeEvent = { type: 'peer_said', channelId: CHANNEL_ID, peer: PEER_ID, kind: 'warning', text: 'line\nline' }

const ALL_EVENTS: readonly NodeEvent[] = [
  { type: 'payment_received', payment: RECEIVED },
  { type: 'payment_sent', payment: SENT },
  {
    type: 'payment_failed',
    payment: { ...SENT, status: 'failed', failure: { code: 'no_channel', message: 'There is no channel.' } },
  },
  { type: 'channel_state', channelId: CHANNEL_ID, peer: PEER_ID, from: 'normal', to: 'closing', reason: 'asked to' },
  { type: 'channel_onchain', channelId: CHANNEL_ID, peer: PEER_ID, kind: 'funding_spent', sentence: 'It was spent.' },
  SAID,
  { type: 'peer_connected', peer: PEER_ID },
  { type: 'peer_disconnected', peer: PEER_ID },
  { type: 'channels_unknown', peer: PEER_ID, count: 2, createdAt: 1_700_000_000_000 },
  { type: 'coin_received', outpoint: { txid: TXID, vout: 0 }, amountSat: sat(5000), height: 110 },
  { type: 'transaction_confirmed', txid: TXID, height: 111 },
  { type: 'transaction_conflicted', txid: TXID, by: TXID, height: 112 },
  { type: 'transaction_given_up', txid: TXID },
]
/** The number of the first event after all of them. */
const NEXT = ALL_EVENTS.length + 1

interface Stream {
  readonly response: Response
  readonly messages: SseMessage[]
  readonly text: () => string
  readonly ended: Promise<unknown>
  readonly leave: () => void
}

async function listen({ api }: Served, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
  const own = new AbortController()
  const response = await fetch(`${api.url}/v1/events${query}`, {
    headers: { Authorization: `Bearer ${ADMIN_SECRET}`, ...headers },
    signal: own.signal,
  })
  const messages: SseMessage[] = []
  let text = ''
  const read = async (): Promise<void> => {
    const parse = sseReader()
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      messages.push(...parse(chunk).filter(({ data }) => data !== ''))
    }
  }
  const ended = read().catch(error => error)
  return { response, messages, text: () => text, ended, leave: () => own.abort() }
}

const numbers = ({ messages }: Stream): readonly number[] => messages.map(({ id }) => Number(id))

describe('the stream', () => {
  it('tells every kind of event as the schema says, with its number and type', async () => {
    const s = await served()
    const stream = await listen(s)
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream')
    expect(stream.response.headers.get('cache-control')).toBe('no-store')
    for (const event of ALL_EVENTS) s.tell(event)
    await until(() => stream.messages.length === ALL_EVENTS.length)
    for (const [i, { id, event, data }] of stream.messages.entries()) {
      const json = JSON.parse(data)
      expect(nodeEvent.parse(json)).toEqual(json)
      expect(json).toMatchObject({ id: i + 1, at: 1_700_000_000_000 + i, type: ALL_EVENTS[i]?.type })
      expect([id, event]).toEqual([`${i + 1}`, ALL_EVENTS[i]?.type])
    }
  })

  it('begins with what comes, and says where that is', async () => {
    const s = await served()
    for (const event of ALL_EVENTS) s.tell(event)
    const stream = await listen(s)
    s.tell(SAID)
    await until(() => stream.messages.length === 1)
    expect(numbers(stream)).toEqual([NEXT])
    expect(stream.text()).toMatch(new RegExp(`^retry: \\d+\nid: ${ALL_EVENTS.length}\n\n`))
  })

  it.each([
    { query: '?after=9', headers: {}, after: 9 },
    { query: '?after=0', headers: {}, after: 0 },
    { query: '', headers: { 'Last-Event-ID': '10' }, after: 10 },
    { query: '?after=2', headers: { 'Last-Event-ID': '10' }, after: 10 },
  ])('resumes behind number $after out of $query and $headers', async ({ query, headers, after }) => {
    const s = await served()
    for (const event of ALL_EVENTS) s.tell(event)
    const stream = await listen(s, query, headers)
    s.tell(SAID)
    await until(() => numbers(stream).at(-1) === NEXT)
    expect(numbers(stream)).toEqual(Array.from({ length: NEXT - after }, (_, i) => after + 1 + i))
    expect(s.calls.filter(({ verb }) => verb === 'events')).toEqual([{ verb: 'events', request: { after } }])
  })

  it.each([
    ['?after=-1', {}, 'after'],
    ['?after=1.5', {}, 'after'],
    ['?after=1&after=2', {}, 'after'],
    ['?since=1', {}, 'since'],
    ['', { 'Last-Event-ID': 'abc' }, 'Last-Event-ID'],
    ['', { 'Last-Event-ID': '9007199254740992' }, 'Last-Event-ID'],
  ])('refuses %s %o', async (query, headers, field) => {
    const { ask, calls } = await served()
    const answer = await ask('GET', `/v1/events${query}`, { headers })
    expect(answer.status).toBe(400)
    expect(errorOf(answer).facts.fields).toBe(field)
    expect(calls).toEqual([])
  })

  it('says that it is alive while nothing happens', async () => {
    const s = await served({ limits: { heartbeatMs: 5 } })
    const stream = await listen(s)
    await until(() => stream.text().split(': alive\n\n').length > 3)
    s.tell(SAID)
    await until(() => stream.messages.length === 1)
  })

  it('ends when the API closes, and leaves no reader at the node', async () => {
    const s = await served()
    const stream = await listen(s)
    await until(() => s.readers() === 1)
    await s.api.close()
    await stream.ended
    expect(s.readers()).toBe(0)
  })

  it('leaves no reader at the node when its own reader goes', async () => {
    const s = await served()
    const stream = await listen(s)
    await until(() => s.readers() === 1)
    stream.leave()
    await until(() => s.readers() === 0)
    expect(s.logged).toEqual([])
  })

  it('ends for a token that is revoked', async () => {
    const s = await served({ limits: { heartbeatMs: 5 } })
    const stream = await listen(s, '', { Authorization: 'Bearer secret-of-read' })
    await until(() => stream.text().includes(': alive'))
    s.tokens.splice(
      s.tokens.findIndex(({ id }) => id === tokenWith('read').id),
      1,
    )
    await stream.ended
    expect(s.readers()).toBe(0)
  })

  it('ends where nobody can say any more whether the token may look', async () => {
    const s = await served({ limits: { heartbeatMs: 5 } })
    const stream = await listen(s, '', { Authorization: 'Bearer secret-of-read' })
    Object.assign(s.node, { tokenOf: () => Promise.reject(new Error('the store is closed')) })
    await stream.ended
    expect(s.readers()).toBe(0)
  })

  it('is for tokens that may look', async () => {
    const { ask } = await served()
    for (const holder of ['invoice', 'spend']) {
      expect((await ask('GET', '/v1/events', { token: `secret-of-${holder}` })).status).toBe(403)
    }
    expect((await ask('GET', '/v1/events', { token: null })).status).toBe(401)
  })

  it('has a bounded number of readers', async () => {
    const s = await served({ limits: { maxEventStreams: 2 } })
    const first = await listen(s)
    await listen(s)
    const refused = await s.ask('GET', '/v1/events')
    expect(refused.status).toBe(429)
    expect(errorOf(refused)).toMatchObject({ code: 'limit_reached', facts: { maxEventStreams: '2' } })
    first.leave()
    await until(() => s.readers() === 1)
    expect((await listen(s)).response.status).toBe(200)
  })

  it('counts no reader that the node could not serve', async () => {
    const s = await served({ limits: { maxEventStreams: 1 } })
    s.failNext('info', new Error('torn'))
    expect((await s.ask('GET', '/v1/events')).status).toBe(500)
    expect((await listen(s)).response.status).toBe(200)
  })

  it('that breaks inside is ended and logged', async () => {
    const s = await served()
    Object.assign(s.node, {
      events: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('the log is torn')) }),
      }),
    })
    const stream = await listen(s)
    await stream.ended
    expect(s.logged).toEqual([expect.stringContaining('the log is torn')])
  })

  it('drops a reader that does not read, and holds no more for it than its bound', async () => {
    const s = await served({ limits: { slowReaderMs: 50, maxEventBytesWaiting: 1000 } })
    const TOLD = 600
    for (let i = 0; i < TOLD; i++) s.tell({ ...SAID, text: 'x'.repeat(65_536) })
    const socket = connected(s.api)
    const ended = untilEnd(socket)
    socket.pause()
    socket.write(`GET /v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_SECRET}\r\n\r\n`)
    await until(() => s.readers() === 1)
    await until(() => s.readers() === 0)
    // What the operating system took is more than our bound, and far less than all.
    expect(s.taken()).toBeLessThan(TOLD / 2)
    socket.resume()
    await ended
  })
})

describe('reading server-sent events', () => {
  const WHOLE =
    'retry: 5\nid: 3\n\n: alive\n\nid: 4\nevent: a\ndata: {"x":1}\n\ndata: one\ndata: two\n\nevent: b\ndata\n\n'
  const MESSAGES = [
    { id: '3', event: 'message', data: '' },
    { id: '4', event: 'a', data: '{"x":1}' },
    { id: '4', event: 'message', data: 'one\ntwo' },
  ]

  it('gives the same messages wherever the text is cut, with either line break', () => {
    for (const text of [WHOLE, WHOLE.replaceAll('\n', '\r\n')]) {
      for (let at = 0; at <= text.length; at++) {
        const parse = sseReader()
        expect([...parse(text.slice(0, at)), ...parse(text.slice(at))]).toEqual(MESSAGES)
      }
    }
  })

  it('gives nothing of a message that is not whole', () => {
    expect(sseReader()('id: 4\ndata: {"x":1}\n')).toEqual([])
  })

  it('takes no message without end', () => {
    const parse = sseReader()
    expect(() => parse(`data: ${'x'.repeat(1024 * 1024)}`)).toThrow('without end')
  })
})
