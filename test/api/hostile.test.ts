import { describe, expect, it } from 'vitest'
import { isOwnHost } from '../../src/api/hostCheck.ts'
import type { ApiLimits } from '../../src/api/index.ts'
import { BookendError } from '../../src/base/index.ts'
import { ADMIN_SECRET } from './fakeNode.ts'
import { connected, parseAnswer, sendRaw, untilEnd } from './raw.ts'
import { errorOf, served, until } from './served.ts'

const HOST = 'Host: localhost'
const AUTH = `Authorization: Bearer ${ADMIN_SECRET}`
const JSON_TYPE = 'Content-Type: application/json'
const CLOSE = 'Connection: close'
const request = (line: string, ...headers: readonly string[]): string => `${[line, ...headers].join('\r\n')}\r\n\r\n`
const limited = (limits: Partial<ApiLimits>) => served({ limits })

describe('a body', () => {
  it('that says it is too large is refused unread, with the limit', async () => {
    const { api, calls } = await limited({ maxBodyBytes: 100 })
    const head = request('POST /v1/send HTTP/1.1', HOST, AUTH, JSON_TYPE, 'Content-Length: 1000000000')
    const answer = await sendRaw(api, head)
    expect(answer.status).toBe(413)
    expect(errorOf(answer)).toMatchObject({
      message: expect.stringContaining('100 bytes'),
      facts: { maxBodyBytes: '100' },
    })
    expect(calls).toEqual([])
  })

  it('that does not say how large it is is refused where it grows too large', async () => {
    const { api, calls } = await limited({ maxBodyBytes: 100 })
    const head = request('POST /v1/send HTTP/1.1', HOST, AUTH, JSON_TYPE, 'Transfer-Encoding: chunked')
    const chunk = `20\r\n${'a'.repeat(32)}\r\n`
    const answer = await sendRaw(api, head + chunk.repeat(4))
    expect(answer.status).toBe(413)
    expect(errorOf(answer).code).toBe('bad_request')
    expect(calls).toEqual([])
  })

  it('of exactly the limit is read, in chunks as well', async () => {
    const body = JSON.stringify({ address: 'a', amountSat: 'all' })
    const { api, calls, ask } = await limited({ maxBodyBytes: body.length })
    expect((await ask('POST', '/v1/send', { body })).status).toBe(200)
    const chunked = request('POST /v1/send HTTP/1.1', HOST, AUTH, JSON_TYPE, CLOSE, 'Transfer-Encoding: chunked')
    const [half, rest] = [body.slice(0, 7), body.slice(7)]
    const chunks = [half, rest].map(part => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
    expect((await sendRaw(api, `${chunked}${chunks}0\r\n\r\n`)).status).toBe(200)
    expect(calls).toHaveLength(2)
    expect((await ask('POST', '/v1/send', { body: `${body} ` })).status).toBe(413)
  })

  it('that does not come is not waited for', async () => {
    const { api, calls, logged } = await limited({ headersTimeoutMs: 50, requestTimeoutMs: 100 })
    const head = request('POST /v1/send HTTP/1.1', HOST, AUTH, JSON_TYPE, 'Content-Length: 10')
    const answer = await sendRaw(api, `${head}{`)
    expect(answer.status).toBe(408)
    expect(errorOf(answer).code).toBe('timeout')
    expect([calls, logged]).toEqual([[], []])
  })

  it('whose sender hangs up costs nobody anything', async () => {
    const { api, calls, logged, ask } = await served()
    const socket = connected(api)
    const ended = untilEnd(socket)
    socket.write(`${request('POST /v1/send HTTP/1.1', HOST, AUTH, JSON_TYPE, 'Content-Length: 10')}{`)
    setTimeout(() => socket.destroy(), 20)
    await ended
    expect((await ask('GET', '/v1/info')).status).toBe(200)
    expect(calls.map(({ verb }) => verb)).toEqual(['info'])
    expect(logged).toEqual([])
  })

  it.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/ld+json',
  ])('of the type %s is refused', async type => {
    const { api, calls } = await served()
    const body = '{"address":"a","amountSat":"all"}'
    const headers = [HOST, AUTH, CLOSE, `Content-Length: ${body.length}`, ...(type ? [`Content-Type: ${type}`] : [])]
    const answer = await sendRaw(api, request('POST /v1/send HTTP/1.1', ...headers) + body)
    expect(answer.status).toBe(415)
    expect(errorOf(answer).facts).toEqual({ expected: 'application/json', got: type ?? 'nothing' })
    expect(calls).toEqual([])
  })

  it('of JSON with a charset is taken', async () => {
    const { ask } = await served()
    const headers = { 'Content-Type': 'Application/JSON; charset=utf-8' }
    expect((await ask('POST', '/v1/invoices', { body: '{}', headers })).status).toBe(200)
  })

  it.each(['{', '', '{"a":1}}', 'NaN', '\u0000', '{"address":"a","amountSat":"all",}'])('%j is no JSON', async body => {
    const { ask, calls } = await served()
    const answer = await ask('POST', '/v1/send', { body })
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'bad_request', message: 'The body is not JSON.' })
    expect(calls).toEqual([])
  })

  it('nested as deep as it fits is answered like any other', async () => {
    const { ask } = await served()
    const answer = await ask('POST', '/v1/send', { body: '['.repeat(30_000) + ']'.repeat(30_000) })
    expect(errorOf(answer).message).toContain('The body')
  })
})

describe('a request line and headers', () => {
  it('that are no HTTP are answered in the same shape', async () => {
    const { api } = await served()
    for (const bytes of ['hello\r\n\r\n', '\u0016\u0003\u0001\r\n\r\n', 'GET /v1/info HTTP/9.9\r\n\r\n']) {
      const answer = await sendRaw(api, bytes)
      expect(answer.status).toBe(400)
      expect(errorOf(answer).code).toBe('bad_request')
    }
  })

  it('that flood are refused, few or many', async () => {
    const { api } = await limited({ maxHeaderBytes: 4096 })
    const one = `X-Long: ${'a'.repeat(5000)}`
    const many = Array.from({ length: 1000 }, (_, i) => `X-${i}: a`)
    for (const headers of [[one], many]) {
      const answer = await sendRaw(api, request('GET /v1/info HTTP/1.1', HOST, AUTH, ...headers))
      expect(answer.status).toBe(431)
      expect(errorOf(answer).facts).toEqual({ maxHeaderBytes: '4096' })
    }
  })

  it('that do not come are not waited for', async () => {
    const { api } = await limited({ headersTimeoutMs: 50, requestTimeoutMs: 100 })
    const answer = await sendRaw(api, `GET /v1/info HTTP/1.1\r\n${HOST}\r\n`)
    expect(answer.status).toBe(408)
    expect(errorOf(answer).code).toBe('timeout')
  })

  it('with two lengths are refused, since who stands between may read another one', async () => {
    const { api, calls } = await served()
    const both = ['Content-Length: 4', 'Transfer-Encoding: chunked']
    const answer = await sendRaw(api, `${request('POST /v1/send HTTP/1.1', HOST, AUTH, ...both)}0\r\n\r\n`)
    expect(answer.status).toBe(400)
    expect(errorOf(answer).code).toBe('bad_request')
    expect(calls).toEqual([])
  })

  it('with a URL that is too long are refused', async () => {
    const { ask } = await limited({ maxUrlLength: 50 })
    expect((await ask('GET', `/v1/${'a'.repeat(46)}`)).status).toBe(404)
    const answer = await ask('GET', `/v1/${'a'.repeat(47)}`)
    expect(answer.status).toBe(414)
    expect(errorOf(answer).facts).toEqual({ maxUrlLength: '50' })
  })

  it('with a path that is none are refused', async () => {
    const { api, logged } = await served()
    for (const path of ['/v1\\info', '*', 'http://[/', '/v1/../v2', '/v1/%zz', '//v1/info']) {
      const answer = await sendRaw(api, request(`GET ${path} HTTP/1.1`, HOST, AUTH, CLOSE))
      expect([400, 404]).toContain(answer.status)
      expect(errorOf(answer).advice).toContain('/v1/openapi.json')
    }
    expect(logged).toEqual([])
  })

  it('with a method that no route takes are refused without running one', async () => {
    const { api, ask, calls } = await served()
    for (const method of ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'QUERY']) {
      const answer = await sendRaw(api, request(`${method} /v1/events HTTP/1.1`, HOST, AUTH))
      expect(answer.status).toBe(405)
    }
    const deleted = await ask('DELETE', '/v1/channels')
    expect(deleted.status).toBe(405)
    expect(deleted.headers.get('allow')).toBe('GET, POST')
    expect(errorOf(deleted).facts).toEqual({ expected: 'GET, POST', got: 'DELETE' })
    expect(calls).toEqual([])
  })

  it('for a route that is none are told where the routes are', async () => {
    const { ask } = await served()
    for (const path of ['/', '/v1', '/v1/infos', '/v2/info', '/v1/info/', '/v1/channels/x/y']) {
      const answer = await ask('GET', path)
      expect(answer.status).toBe(404)
      expect(errorOf(answer)).toMatchObject({ code: 'not_found', advice: expect.stringContaining('/v1/openapi.json') })
    }
  })
})

describe('the Host header', () => {
  it.each([
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '10.0.0.1',
    '[::2]',
    'a b',
    '127.0.0.1@evil.example',
    '',
  ])('%j is not one of ours', async host => {
    const { api, calls } = await served()
    const answer = await sendRaw(api, request('GET /v1/info HTTP/1.1', `Host: ${host}`, AUTH))
    expect(answer.status).toBe(403)
    expect(errorOf(answer).code).toBe('forbidden')
    expect(calls).toEqual([])
  })

  it('has to be there', async () => {
    const { api } = await served()
    for (const version of ['1.0', '1.1']) {
      const answer = await sendRaw(api, request(`GET /v1/info HTTP/${version}`, AUTH))
      expect(answer.status).toBe(403)
    }
  })

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '127.9.9.9:8080', '[::1]:80', '[::1]'])(
    '%s is loopback',
    async host => {
      const { api } = await served()
      const answer = await sendRaw(api, request('GET /v1/info HTTP/1.1', `Host: ${host}`, AUTH, CLOSE))
      expect(answer.status).toBe(200)
    },
  )

  it('may name what the API listens on, and any address where it listens on all', () => {
    expect(isOwnHost('Node.example:9740', 'node.example')).toBe(true)
    expect(isOwnHost('192.168.1.2:9740', '192.168.1.2')).toBe(true)
    expect(isOwnHost('192.168.1.3:9740', '192.168.1.2')).toBe(false)
    for (const wildcard of ['0.0.0.0', '::']) {
      expect(isOwnHost('192.168.1.3', wildcard)).toBe(true)
      expect(isOwnHost('[2001:db8::1]:1', wildcard)).toBe(true)
      expect(isOwnHost('evil.example', wildcard)).toBe(false)
    }
  })
})

describe('the API as a whole', () => {
  it('takes no more connections than it says', async () => {
    const { api, ask } = await limited({ maxConnections: 2 })
    const [first, second] = [connected(api), connected(api)]
    await Promise.all([first, second].map(socket => new Promise(done => socket.once('connect', done))))
    expect(await untilEnd(connected(api))).toBe('')
    first.destroy()
    second.destroy()
    await expect
      .poll(() =>
        ask('GET', '/v1/info').then(
          answer => answer.status,
          () => 0,
        ),
      )
      .toBe(200)
  })

  it('refuses a port that another has with a sentence', async () => {
    const { api } = await served()
    const refused = served({ listen: api.address })
    await expect(refused).rejects.toThrow(BookendError)
    await expect(refused).rejects.toMatchObject({
      code: 'address_in_use',
      message: `The API cannot listen on 127.0.0.1:${api.address.port}: another program has this port.`,
      advice: expect.stringContaining('--api'),
    })
  })

  it('refuses an address of another machine with a sentence', async () => {
    await expect(served({ listen: { host: '192.0.2.1', port: 0 } })).rejects.toMatchObject({
      code: 'bad_request',
      facts: { address: '192.0.2.1:0', system: 'EADDRNOTAVAIL' },
    })
  })

  it('lets an answer under way go out when it closes, and cuts off what takes too long', async () => {
    const { api, node, ask, calls } = await limited({ closingGraceMs: 100 })
    let answer = (_: { address: string }) => {}
    Object.assign(node, { newAddress: () => new Promise<{ address: string }>(done => (answer = done)) })
    const underWay = ask('POST', '/v1/addresses')
    Object.assign(node, { balance: () => new Promise(() => calls.push({ verb: 'balance', request: undefined })) })
    const never = ask('GET', '/v1/balance')
    const cutOff = expect(never).rejects.toThrow()
    await until(() => calls.length === 1)
    const closed = api.close()
    answer({ address: 'bcrt1qlate' })
    expect((await underWay).json).toEqual({ address: 'bcrt1qlate' })
    await closed
    await cutOff
    await api.close()
  })

  it('waits for no connection that has its answer', async () => {
    const { api, node, ask, calls } = await limited({ closingGraceMs: 600_000 })
    let answer = (_: { address: string }) => {}
    Object.assign(node, {
      newAddress: () =>
        new Promise<{ address: string }>(done => {
          calls.push({ verb: 'newAddress', request: undefined })
          answer = done
        }),
    })
    const underWay = ask('POST', '/v1/addresses')
    await until(() => calls.length === 1)
    const closed = api.close()
    answer({ address: 'bcrt1qlate' })
    expect((await underWay).status).toBe(200)
    await closed
  })

  it('tells the node that whoever asked to connect has gone', async () => {
    const { api, node } = await served()
    const gone = new Promise<void>(done => {
      Object.assign(node, {
        connect: ({ signal }: { signal: AbortSignal }) =>
          new Promise(() => signal.addEventListener('abort', () => done())),
      })
    })
    const body = JSON.stringify({ nodeId: `02${'02'.repeat(32)}` })
    const socket = connected(api)
    socket.write(request('POST /v1/peers HTTP/1.1', HOST, AUTH, JSON_TYPE, `Content-Length: ${body.length}`) + body)
    setTimeout(() => socket.destroy(), 50)
    await gone
  })

  it('answers two requests in one packet in their order', async () => {
    const { api } = await served()
    const socket = connected(api)
    const ended = untilEnd(socket)
    socket.write(request('GET /v1/none HTTP/1.1', HOST, AUTH) + request('GET /v1/info HTTP/1.1', HOST, AUTH, CLOSE))
    const text = await ended
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200'])
    expect(parseAnswer(text).status).toBe(404)
  })
})
