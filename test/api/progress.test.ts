import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient, type PaymentProgressJson } from '../../src/api/index.ts'
import { paymentProgress } from '../../src/api/schemas/routes.ts'
import { BookendError } from '../../src/base/index.ts'
import { PEER_ID, PROGRESS, SENT, SENT_HASH } from './fakeNode.ts'
import { errorOf, served } from './served.ts'

// A payment that tells how it goes, as server-sent events and through the client.

const STREAM = { headers: { Accept: 'text/event-stream' }, body: { invoice: 'lnbcrt1' } }
const FAILED = new BookendError('payment_failed', 'There is no way left.', {
  advice: 'Try later.',
  facts: { reason: 'no_route' },
})

/** The messages of a stream: their events and data. */
const messagesOf = (text: string) =>
  text
    .split('\n\n')
    .filter(block => block !== '')
    .map(block => {
      const [event = '', data = ''] = block.split('\n')
      return { event: event.replace('event: ', ''), data: JSON.parse(data.replace('data: ', '')) }
    })

describe('POST /v1/payments as a stream', () => {
  it('tells each word, and ends with the payment', async () => {
    const { ask, payWith, calls } = await served()
    payWith(PROGRESS)
    const answer = await ask('POST', '/v1/payments', STREAM)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const messages = messagesOf(answer.text)
    expect(messages.map(({ event }) => event)).toEqual(['progress', 'progress', 'progress', 'payment'])
    for (const { event, data } of messages) if (event === 'progress') expect(paymentProgress.parse(data)).toEqual(data)
    expect(messages[0]?.data.parts[0].hops[0]).toMatchObject({ nodeId: PEER_ID, amountMsat: '1600' })
    expect(messages.at(-1)?.data).toMatchObject({ paymentHash: SENT_HASH, preimage: SENT.preimage })
    expect(calls).toEqual([{ verb: 'pay', request: { invoice: 'lnbcrt1', onProgress: expect.any(Function) } }])
  })

  it('ends with the failure of a payment that had begun', async () => {
    const { ask, payWith } = await served()
    payWith(PROGRESS.slice(0, 2), FAILED)
    const answer = await ask('POST', '/v1/payments', STREAM)
    expect(answer.status).toBe(200)
    expect(messagesOf(answer.text).at(-1)).toEqual({
      event: 'error',
      data: {
        error: {
          code: 'payment_failed',
          message: 'There is no way left.',
          advice: 'Try later.',
          facts: { reason: 'no_route' },
        },
      },
    })
  })

  it('is refused with its status where it has not begun', async () => {
    const { ask, payWith } = await served()
    payWith([], new BookendError('bad_request', 'The invoice has expired.', { advice: 'Ask for a new one.' }))
    const answer = await ask('POST', '/v1/payments', STREAM)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code: 'bad_request', message: 'The invoice has expired.' })
  })

  it('shows nothing of the inside of a failure that nobody foresaw', async () => {
    const { ask, payWith, logged } = await served()
    payWith(PROGRESS.slice(0, 1), new TypeError('a secret of the inside'))
    const { text } = await ask('POST', '/v1/payments', STREAM)
    expect(messagesOf(text).at(-1)).toMatchObject({ event: 'error', data: { error: { code: 'internal' } } })
    expect(text).not.toContain('secret')
    expect(logged.join()).toContain('a secret of the inside')
  })

  it('without the header answers as ever', async () => {
    const { ask, payWith, calls } = await served()
    payWith(PROGRESS)
    const answer = await ask('POST', '/v1/payments', { body: STREAM.body })
    expect(answer.json).toMatchObject({ paymentHash: SENT_HASH })
    expect(calls).toEqual([{ verb: 'pay', request: { invoice: 'lnbcrt1' } }])
  })
})

describe('the client', () => {
  it('hears each word in order, and gets the payment', async () => {
    const { client, payWith, calls } = await served()
    payWith(PROGRESS)
    const heard: PaymentProgressJson[] = []
    const payment = await client.pay({ invoice: 'lnbcrt1', idempotencyKey: 'k', onProgress: word => heard.push(word) })
    expect(payment).toMatchObject({ paymentHash: SENT_HASH, status: 'succeeded' })
    expect(heard.map(({ type }) => type)).toEqual(['trying', 'part_failed', 'trying'])
    expect(calls).toMatchObject([{ request: { invoice: 'lnbcrt1', idempotencyKey: 'k' } }])
  })

  it('throws the error of the node, whether or not anything had begun', async () => {
    const { client, payWith } = await served()
    for (const words of [PROGRESS, []]) {
      payWith(words, FAILED)
      const paying = client.pay({ invoice: 'lnbcrt1', onProgress: () => {} })
      await expect(paying).rejects.toMatchObject({ code: 'payment_failed', facts: { reason: 'no_route' } })
    }
  })

  it('says that it does not know what came of it where the answer breaks off', async () => {
    const server = createServer((_, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' })
      outgoing.end(': alive\n\n')
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    // It listens on TCP.
    const { port } = server.address() as AddressInfo
    const client = createClient({ url: `http://127.0.0.1:${port}`, token: 'x' })
    const paying = client.pay({ invoice: 'lnbcrt1', onProgress: () => {} })
    await expect(paying).rejects.toMatchObject({ name: 'BookendError', code: 'stopped' })
  })

  it('gives up waiting by its signal', async () => {
    const { client, payWith } = await served()
    const leaving = new AbortController()
    payWith(PROGRESS, new Promise(() => {}))
    const paying = client.pay({
      invoice: 'lnbcrt1',
      signal: leaving.signal,
      onProgress: () => leaving.abort(),
    })
    await expect(paying).rejects.toMatchObject({ code: 'aborted' })
  })
})
