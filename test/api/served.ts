import { onTestFinished } from 'vitest'
import { type ApiOptions, createClient, type ErrorJson, type ServedApi, serveApi } from '../../src/api/index.ts'
import { ADMIN_SECRET, type FakeNode, fakeNode } from './fakeNode.ts'

export interface Served extends FakeNode {
  readonly api: ServedApi
  readonly logged: string[]
  readonly stops: () => number
  readonly client: ReturnType<typeof createClient>
  /** A request with the owner's secret, unless another `token` is named; `null` sends none. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>
}

export interface AskOptions {
  readonly token?: string | null
  /** Sent as JSON; a string as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** What came, if it was JSON: as the test expects it. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape, and fails where they have another.
  readonly json: any
}

/** An API on a port of its own before a fake node. Closed after the test. */
export async function served(options: Partial<ApiOptions> = {}): Promise<Served> {
  const fake = fakeNode()
  const logged: string[] = []
  let stops = 0
  const api = await serveApi({
    node: fake.node,
    listen: { host: '127.0.0.1', port: 0 },
    adminSecret: ADMIN_SECRET,
    onStop: () => {
      stops += 1
    },
    version: '1.2.3',
    log: text => logged.push(text),
    ...options,
  })
  onTestFinished(() => api.close())
  return {
    ...fake,
    api,
    logged,
    stops: () => stops,
    client: createClient({ url: api.url, token: ADMIN_SECRET }),
    ask: (method, path, asked) => ask(`${api.url}${path}`, method, asked),
  }
}

async function ask(
  url: string,
  method: string,
  { token = ADMIN_SECRET, body, headers }: AskOptions = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
}

/** The shape that every failure has, with nothing beside it. */
export function errorOf(answer: Answer): ErrorJson['error'] {
  if (Object.keys(answer.json ?? {}).join() !== 'error') throw new Error(`no error shape: ${answer.text}`)
  const { error } = answer.json as ErrorJson
  if (Object.keys(error).sort().join() !== 'advice,code,facts,message') throw new Error(`other keys: ${answer.text}`)
  return error
}

/** Waits for something that another side does in its own time. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(done => setTimeout(done, 5))
}
