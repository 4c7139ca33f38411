import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ServedApi } from '../../src/api/index.ts'
import type { Answer } from './served.ts'

// Requests byte by byte: what no proper client would send.

/** A connection to the API that sends nothing by itself. Closed after the test. */
export function connected({ address }: ServedApi): Socket {
  const socket = connect(address.port, address.host)
  socket.on('error', () => {})
  onTestFinished(() => {
    socket.destroy()
  })
  return socket
}

/** Everything that comes until the other side ends the connection. */
export function untilEnd(socket: Socket): Promise<string> {
  return new Promise(done => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', chunk => {
      text += chunk
    })
    socket.on('close', () => done(text))
  })
}

/** Sends the bytes, and reads the first answer. The test asks for `Connection: close`, or the API closes by itself. */
export async function sendRaw(api: ServedApi, request: string): Promise<Answer> {
  const socket = connected(api)
  const ended = untilEnd(socket)
  socket.write(request)
  return parseAnswer(await ended)
}

export function parseAnswer(text: string): Answer {
  const [head = '', ...body] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Headers(lines.map(line => line.split(/: (.*)/).slice(0, 2) as [string, string]))
  // The answer to HEAD has a length and no content; behind the content another answer may stand.
  const content = body.join('\r\n\r\n').slice(0, Number(headers.get('content-length')))
  const isJson = headers.get('content-type') === 'application/json' && content !== ''
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    text: content,
    json: isJson ? JSON.parse(content) : undefined,
  }
}
