// Server-sent events (the WHATWG HTML standard, section 9.2): how they are written, and how they are read.

export interface SseMessage {
  /** The last `id` that the stream has told, in this message or before. */
  readonly id: string | undefined
  readonly event: string
  /** Empty where only the id moved on. */
  readonly data: string
}

/** One message. `data` is JSON, so it has no line breaks. Without an `id` it is of a stream that cannot be resumed. */
export const sseMessage = ({ id, event, data }: { id?: number; event: string; data: string }): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`

/** The first block of a stream: where the reader stands, and how soon it may come again. It is no message for anybody. */
export const sseHello = ({ id, retryMs }: { id: number; retryMs: number }): string => `retry: ${retryMs}\nid: ${id}\n\n`

/** Says that the stream is alive. */
export const SSE_HEARTBEAT = ': alive\n\n'

/** No message of ours is nearly as long. */
const MAX_WAITING_CHARACTERS = 1024 * 1024

/** Takes text as it comes, and gives the messages that are whole. */
export function sseReader(): (text: string) => readonly SseMessage[] {
  let waiting = ''
  let id: string | undefined
  return text => {
    waiting += text
    const blocks = waiting.split(/\r?\n\r?\n/)
    waiting = blocks.pop() ?? ''
    if (waiting.length > MAX_WAITING_CHARACTERS) throw new Error('a server-sent event without end')
    return blocks.flatMap(block => {
      const fields = fieldsOf(block)
      id = fields.get('id') ?? id
      const data = fields.get('data') ?? ''
      if (data === '' && !fields.has('id')) return []
      return [{ id, event: fields.get('event') ?? 'message', data }]
    })
  }
}

/** Lines that begin with a colon are comments. Several lines of data are one text with line breaks. */
function fieldsOf(block: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of block.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([a-z]+)(?:: ?(.*))?$/.exec(line) ?? []
    const before = fields.get(name)
    if (name !== '') fields.set(name, name === 'data' && before !== undefined ? `${before}\n${value}` : value)
  }
  return fields
}
