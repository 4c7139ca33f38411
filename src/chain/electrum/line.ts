import type { Socket } from 'node:net'
import { err, ok, type Result } from '../../base/index.ts'
import { type Answer, lie, silent, value } from '../checked/answer.ts'
import { fieldsOf } from '../checked/json.ts'
import { closed, quoted } from '../words.ts'
import type { ElectrumAddress } from './address.ts'
import { isTooDeep, LineReader } from './lineReader.ts'
import { openSocket } from './socket.ts'

// JSON-RPC 2.0 over one connection, a line for each message. It is opened by the first question and again after it was cut.

export interface LineLimits {
  /** For one answer, the connection included. */
  readonly timeoutMs: number
  /** Of one line. */
  readonly lineBytes: number
}

/** The result, or the server's words where it refuses. */
export type Reply = Answer<Result<unknown, string>>

interface Question {
  readonly answer: (reply: Reply) => void
  readonly timer: NodeJS.Timeout
}

/** The lowest and the highest version of the protocol that is spoken here: 1.6 gives headers in another form. */
const VERSIONS = ['1.4', '1.4.5']

/** Lines in a row that nobody asked for: news of the tip come like that, a flood does too. */
const MOST_UNASKED = 1000

export class ElectrumLine {
  readonly #address: ElectrumAddress
  readonly #limits: LineLimits
  readonly #pending = new Map<number, Question>()
  #socket: { readonly raw: Socket; readonly opened: Promise<void> } | undefined
  #lastId = 0
  #unasked = 0
  #isClosed = false

  constructor(address: ElectrumAddress, limits: LineLimits) {
    this.#address = address
    this.#limits = limits
  }

  async ask(method: string, params: readonly unknown[]): Promise<Reply> {
    if (this.#isClosed) throw closed()
    const { raw, opened } = this.#connected()
    const reply = await new Promise<Reply>(answer => {
      const line = this.#question(method, params, answer)
      void opened.then(() => raw.write(line))
    })
    if (this.#isClosed) throw closed()
    return reply
  }

  close(): void {
    this.#isClosed = true
    this.#drop(silent('closed'))
  }

  /** The line to send, whose answer is awaited from now on. */
  #question(method: string, params: readonly unknown[], answer: (reply: Reply) => void): string {
    const id = ++this.#lastId
    const { timeoutMs } = this.#limits
    // Whoever does not answer one question is not waited for with the others.
    const timer = setTimeout(() => this.#drop(silent(`no answer within ${timeoutMs / 1000} s`)), timeoutMs)
    this.#pending.set(id, { answer, timer })
    return `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
  }

  /** The protocol wants this first on each connection. */
  #greeting(): string {
    return this.#question('server.version', ['bookend', VERSIONS], reply => {
      if (reply.type === 'value' && !reply.value.ok)
        this.#drop(lie(`a refusal to speak (${quoted(reply.value.error)})`))
    })
  }

  #connected() {
    if (this.#socket !== undefined) return this.#socket
    const reader = new LineReader(this.#limits.lineBytes)
    let open = () => {}
    const opened = new Promise<void>(done => {
      open = done
    })
    const raw: Socket = openSocket(this.#address, {
      onOpen: () => {
        raw.write(this.#greeting())
        open()
      },
      onBytes: bytes => {
        if (this.#socket?.raw !== raw) return
        const lines = reader.push(bytes)
        if (lines === undefined) this.#drop(lie(`a line of more than ${this.#limits.lineBytes} bytes`))
        else for (const line of lines) this.#read(line)
      },
      onEnd: reason => {
        if (this.#socket?.raw === raw) this.#drop(silent(reason))
      },
    })
    this.#unasked = 0
    this.#socket = { raw, opened }
    return this.#socket
  }

  #read(line: string): void {
    let message: unknown
    try {
      message = isTooDeep(line) ? undefined : JSON.parse(line)
    } catch {
      message = undefined
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      this.#drop(lie('something else than JSON-RPC'))
      return
    }
    const { id, result, error } = fieldsOf(message)
    const question = typeof id === 'number' ? this.#pending.get(id) : undefined
    if (typeof id !== 'number' || question === undefined) {
      this.#unasked += 1
      if (this.#unasked > MOST_UNASKED) this.#drop(lie('a flood of lines that nobody asked for'))
      return
    }
    this.#unasked = 0
    clearTimeout(question.timer)
    this.#pending.delete(id)
    const refused = error !== undefined && error !== null
    question.answer(value(refused ? err(wordsOf(error)) : ok(result)))
  }

  /** Ends the connection, and all that was asked over it. */
  #drop(reply: Reply): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.raw.destroy()
    const questions = [...this.#pending.values()]
    this.#pending.clear()
    for (const { answer, timer } of questions) {
      clearTimeout(timer)
      answer(reply)
    }
  }
}

/** Some servers write an object with a message, some the message alone. */
function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error
  const { message } = fieldsOf(error)
  return typeof message === 'string' ? message : 'no reason'
}
