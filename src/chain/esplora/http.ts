import { err, ok, type Result } from '../../base/index.ts'
import { type Answer, absent, lie, silent, value } from '../checked/answer.ts'
import { badAddress } from '../checked/errors.ts'
import { Gate } from '../gate.ts'
import { type Endpoint, HttpClient, type HttpLimits } from '../http.ts'
import { closed, quoted } from '../words.ts'

const TOO_MANY_REQUESTS = 429

/** How one Esplora server is asked. */
export class EsploraHttp {
  /** `host:port`, for people. */
  readonly where: string
  readonly #http: HttpClient
  readonly #gate: Gate
  #isClosed = false

  constructor(url: string, limits: HttpLimits) {
    const endpoint = endpointOf(url)
    this.where = endpoint.where
    this.#http = new HttpClient(endpoint, limits)
    this.#gate = new Gate(limits.concurrent)
  }

  /** Bytes; absent where there are none. */
  async bytes(path: string): Promise<Answer<Uint8Array>> {
    const answer = await this.#exchange({ path })
    if (answer.type !== 'value') return answer
    const { status, bytes } = answer.value
    if (status === 200) return value(bytes)
    const text = textOf(bytes)
    // Electrs says so with 404, or with 400 where its bitcoind did not find it.
    if (status === 404 || (status === 400 && /not found|out of range/i.test(text))) return absent
    return lie(`HTTP ${status} (${quoted(text)})`)
  }

  async text(path: string): Promise<Answer<string>> {
    const answer = await this.bytes(path)
    return answer.type === 'value' ? value(textOf(answer.value)) : answer
  }

  async json(path: string): Promise<Answer<unknown>> {
    const answer = await this.text(path)
    if (answer.type !== 'value') return answer
    try {
      const parsed: unknown = JSON.parse(answer.value)
      return value(parsed)
    } catch {
      return lie('something else than JSON')
    }
  }

  /** What it says to something posted: yes, or a refusal in its own words. */
  async post(path: string, body: string): Promise<Answer<Result<string, string>>> {
    const answer = await this.#exchange({ path, body, fresh: true })
    if (answer.type !== 'value') return answer
    const { status, bytes } = answer.value
    if (status === 200) return value(ok(textOf(bytes).trim()))
    return status === 400 ? value(err(textOf(bytes))) : lie(`HTTP ${status} (${quoted(textOf(bytes))})`)
  }

  close(): void {
    this.#isClosed = true
    this.#http.close()
  }

  #exchange(request: Parameters<HttpClient['send']>[0]): Promise<Answer<{ status: number; bytes: Uint8Array }>> {
    return this.#gate.through(async () => {
      if (this.#isClosed) throw closed()
      const answer = await this.#http.send(request)
      if (this.#isClosed) throw closed()
      if (!answer.ok) return answer.error.type === 'no_answer' ? silent(answer.error.reason) : lie(answer.error.what)
      const { status } = answer.value
      if (status === TOO_MANY_REQUESTS) return silent('it is asked too often')
      return status >= 500 ? silent(`HTTP ${status}`) : value(answer.value)
    })
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

const noAddress = (text: string) =>
  badAddress('Esplora', text, 'https://host/path, such as https://blockstream.info/api')

function endpointOf(text: string): Endpoint {
  const url = URL.parse(text)
  const secure = url?.protocol === 'https:'
  if (url === null || (!secure && url.protocol !== 'http:')) throw noAddress(quoted(text))
  if (url.hostname === '' || url.username !== '' || url.search !== '') throw noAddress(quoted(url.host))
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  // Brackets set an IPv6 address off from the port, and are no part of it.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port, path: url.pathname.replace(/\/+$/, ''), where: `${url.hostname}:${port}`, secure }
}
