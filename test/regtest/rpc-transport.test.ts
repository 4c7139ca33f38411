import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_BATCH, MAX_BODY_BYTES, MAX_CONNECTIONS } from '../../src/regtest/index.ts'
import { basic, PASSWORD, type Rpc, startRpc, USER } from './rpcClient.ts'

let rpc: Rpc
beforeAll(async () => {
  rpc = await startRpc()
})
afterAll(() => rpc.close())

const request = (fields: object) => JSON.stringify(fields)
const parsed = async (body: string) => {
  const { status, text } = await rpc.post(body)
  return { status, reply: JSON.parse(text) as unknown }
}

/** Says something on a socket of its own, and gives back all that is answered until the server hangs up. */
function converse(port: number, text: string): Promise<string> {
  return new Promise(done => {
    const socket = connect(port, '127.0.0.1')
    let heard = ''
    socket.on('data', bytes => {
      heard += bytes.toString()
    })
    socket.on('error', () => done(heard)).on('close', () => done(heard))
    socket.write(text)
  })
}

describe('HTTP', () => {
  it('refuses GET with 405, other paths with 404, and no name, a wrong name or a wrong password with 401', async () => {
    const wrong = [undefined, basic(USER, 'open'), basic('bob', PASSWORD), basic('', ''), 'Bearer x', 'Basic ?']
    for (const authorization of wrong) {
      const headers = authorization === undefined ? {} : { authorization }
      const response = await fetch(rpc.url, { method: 'POST', body: '{}', headers })
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="jsonrpc"'])
      expect(await response.text()).toBe('')
    }
    const refused = await fetch(rpc.url)
    expect([refused.status, await refused.text()]).toEqual([405, 'JSONRPC server handles only POST requests'])
    const headers = { authorization: basic(USER, PASSWORD) }
    expect((await fetch(`${rpc.url}/wallet/w`, { method: 'POST', body: '{}', headers })).status).toBe(404)
  })

  it('refuses a body above the limit, announced or not', async () => {
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(USER, PASSWORD)}\r\n`
    const announced = await converse(rpc.port, `${head}Content-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`)
    expect(announced).toMatch(/^HTTP\/1\.1 413 /)
    const chunk = 'x'.repeat(MAX_BODY_BYTES + 1)
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`
    expect(await converse(rpc.port, chunked)).not.toMatch(/^HTTP\/1\.1 200 /)
    expect(await rpc.call('getblockcount')).toBe(0)
  })

  it('hangs up on whoever comes when all connections are taken, and serves again when one is free', async () => {
    const own = await startRpc()
    const open = await Promise.all(
      Array.from(
        { length: MAX_CONNECTIONS },
        () =>
          new Promise<ReturnType<typeof connect>>(done => {
            const socket = connect(own.port, '127.0.0.1', () => done(socket))
          }),
      ),
    )
    expect(await converse(own.port, 'POST / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('')
    await Promise.all(open.map(socket => new Promise(done => socket.once('close', done).destroy())))
    expect(await retried(() => own.call('getblockcount'))).toBe(0)
    await own.close()
  })

  it('tells when its port is taken', async () => {
    await expect(startRpc({ port: rpc.port })).rejects.toThrow(/EADDRINUSE/)
  })
})

/** The server hears of a closed socket a little after we closed it. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
    }
  }
}

describe('JSON-RPC', () => {
  it('answers 1.0 with result, error and id, whatever the id is', async () => {
    for (const version of [{}, { jsonrpc: '1.0' }, { jsonrpc: '1.1' }]) {
      for (const id of [7, 'seven', null]) {
        const { status, reply } = await parsed(request({ ...version, id, method: 'getblockcount', params: [] }))
        expect([status, reply]).toEqual([200, { result: 0, error: null, id }])
      }
    }
    expect((await parsed('{"method":"getblockcount"}')).reply).toEqual({ result: 0, error: null })
  })

  it('answers 2.0 with result or error alone and status 200, and notifications with 204', async () => {
    const good = await parsed(request({ jsonrpc: '2.0', id: 1, method: 'getblockcount' }))
    expect(good).toEqual({ status: 200, reply: { jsonrpc: '2.0', result: 0, id: 1 } })
    const bad = await parsed(request({ jsonrpc: '2.0', id: 1, method: 'nothing' }))
    const error = { code: -32601, message: 'Method not found' }
    expect(bad).toEqual({ status: 200, reply: { jsonrpc: '2.0', error, id: 1 } })
    expect(await rpc.post(request({ jsonrpc: '2.0', method: 'getblockcount' }))).toEqual({ status: 204, text: '' })
  })

  it('gives errors of 1.0 the HTTP status of Core', async () => {
    const cases = [
      [{ id: 1, method: 'getwalletinfo' }, 404, -32601, 'Method not found'],
      [{ id: 1, method: 'getblockhash', params: [9] }, 500, -8, 'Block height out of range'],
      [{ id: 1 }, 400, -32600, 'Missing method'],
      [{ id: 1, method: 5 }, 400, -32600, 'Method must be a string'],
      [{ id: 1, method: 'help', params: 5 }, 400, -32600, 'Params must be an array or object'],
      [{ id: 1, method: 'help', jsonrpc: 2 }, 400, -32600, 'jsonrpc field must be a string'],
      [{ id: 1, method: 'help', jsonrpc: '3.0' }, 400, -32600, 'JSON-RPC version not supported'],
    ] as const
    for (const [fields, status, code, message] of cases) {
      expect(await parsed(request(fields))).toEqual({
        status,
        reply: { result: null, error: { code, message }, id: 1 },
      })
    }
  })

  it('refuses ids that are no plain values, however deep, before anything is done', async () => {
    const error = { code: -32600, message: 'Id must be a string, a number or null' }
    const before = await parsed(request({ id: 1, method: 'getblockcount' }))
    for (const id of ['{}', '[1]', `${'['.repeat(100_000)}${']'.repeat(100_000)}`]) {
      const body = `{"id":${id},"method":"generate","params":[1]}`
      expect(await parsed(body)).toEqual({ status: 400, reply: { result: null, error, id: null } })
    }
    expect(await parsed(request({ id: 1, method: 'getblockcount' }))).toEqual(before)
  })

  it('refuses what is no JSON, or no request', async () => {
    for (const body of ['', '{', 'x', '{"method":"help"} more']) {
      const error = { code: -32700, message: 'Parse error' }
      expect(await parsed(body)).toEqual({ status: 500, reply: { result: null, error, id: null } })
    }
    for (const body of ['5', '"help"', 'null']) {
      const error = { code: -32700, message: 'Top-level object parse error' }
      expect(await parsed(body)).toEqual({ status: 500, reply: { result: null, error, id: null } })
    }
  })

  it('answers a batch in its order, errors among the rest, notifications left out', async () => {
    const batch = [
      { jsonrpc: '2.0', id: 'a', method: 'getblockcount' },
      { jsonrpc: '2.0', method: 'getblockcount' },
      { id: 'b', method: 'nothing' },
      5,
    ]
    expect(await parsed(request(batch))).toEqual({
      status: 200,
      reply: [
        { jsonrpc: '2.0', result: 0, id: 'a' },
        { result: null, error: { code: -32601, message: 'Method not found' }, id: 'b' },
        { result: null, error: { code: -32600, message: 'Invalid Request object' }, id: null },
      ],
    })
    expect(await parsed('[]')).toEqual({ status: 200, reply: [] })
    expect(await rpc.post(request([{ jsonrpc: '2.0', method: 'help' }]))).toEqual({ status: 204, text: '' })
    const long = Array.from({ length: MAX_BATCH + 1 }, () => ({ method: 'getblockcount' }))
    expect(await parsed(request(long))).toMatchObject({ status: 400, reply: { error: { code: -32600 } } })
    expect((await parsed(request(long.slice(1)))).reply).toHaveLength(MAX_BATCH)
  })
})

describe('parameters', () => {
  it('come by position or by name, and null is absent', async () => {
    const [genesis] = [await rpc.call('getblockhash', 0)]
    const named = (method: string, params: object) => parsed(request({ id: 1, method, params }))
    expect((await named('getblockhash', { height: 0 })).reply).toMatchObject({ result: genesis })
    expect((await named('getblockhash', { hight: 0 })).reply).toMatchObject({
      error: { code: -8, message: 'Unknown named parameter hight' },
    })
    expect(await rpc.call('getblock', genesis, null)).toEqual(await rpc.call('getblock', genesis, 1))
    expect(await rpc.call('getblock', genesis, false)).toEqual(await rpc.call('getblock', genesis, 0))
  })

  it('are judged by number, by type and by value', async () => {
    expect(await rpc.fails('getblockhash')).toMatchObject({
      code: -1,
      message: expect.stringMatching(/^getblockhash height\n/),
    })
    expect(await rpc.fails('getblockcount', 1)).toMatchObject({ code: -1 })
    expect(await rpc.fails('getblockhash', '0')).toEqual({
      code: -3,
      message:
        'Wrong type passed:\n{\n    "Position 1 (height)": "JSON value of type string is not of expected type number"\n}',
    })
    expect(await rpc.fails('getblockhash', 0.5)).toEqual({ code: -1, message: 'JSON integer out of range' })
    expect(await rpc.fails('getblock', 'abc')).toEqual({
      code: -8,
      message: "blockhash must be of length 64 (not 3, for 'abc')",
    })
    const odd = 'z'.repeat(64)
    expect(await rpc.fails('getblock', odd)).toEqual({
      code: -8,
      message: `blockhash must be hexadecimal string (not '${odd}')`,
    })
  })

  it('take amounts as numbers and in text, exactly to the satoshi', async () => {
    const to = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
    for (const wrong of ['1,0', '-1', 'x', 0.000000001, -1, '', 0]) {
      expect(await rpc.fails('bookend_fund', to, wrong), String(wrong)).toMatchObject({ code: -3 })
    }
    expect(await rpc.fails('bookend_fund', to, 21_000_001)).toEqual({ code: -3, message: 'Amount out of range' })
    const sums = [
      [0.00001, '0.00001000'],
      ['0.00012345', '0.00012345'],
      [1e-5, '0.00001000'],
      ['2e-3', '0.00200000'],
      [1.1, '1.10000000'],
    ]
    for (const [amount, printed] of sums) {
      const funded = (await rpc.call('bookend_fund', to, amount)) as { txid: string }
      const { text } = await rpc.post(request({ id: 1, method: 'gettxout', params: [funded.txid, 0] }))
      expect(text).toContain(`"value":${printed},`)
    }
  })
})
