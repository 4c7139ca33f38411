import { connect, createServer, type Server, type Socket } from 'node:net'

// A line between two nodes that a seed makes slow: what goes through comes in pieces of any size, each after a while. And it can be cut.

export interface Random {
  /** An integer from 0 up to, not including, `below`. */
  readonly below: (below: number) => number
}

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = (seed * 0x9e3779b9 + 1) | 0
  return {
    below(below) {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) % below
    },
  }
}

const MAX_DELAY_MS = 4
/** A chunk in so many goes through at once and whole. */
const STRAIGHT_ONE_IN = 3

export class SlowLine {
  readonly #server: Server
  readonly #random: Random
  readonly #open = new Set<Socket>()
  readonly port: number
  /** Connections that went through it. */
  lines = 0
  /** While it is, whoever comes is sent away. */
  closed = false

  private constructor(server: Server, port: number, random: Random, target: () => number) {
    this.#server = server
    this.#random = random
    this.port = port
    server.on('connection', socket => {
      if (this.closed) socket.destroy()
      else this.#join(socket, connect({ host: '127.0.0.1', port: target() }))
    })
  }

  static async open(random: Random, target: () => number): Promise<SlowLine> {
    const server = createServer()
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('a server that listens has a port')
    return new SlowLine(server, address.port, random, target)
  }

  /** Now: what is on its way is lost. */
  cut(): void {
    for (const socket of this.#open) socket.destroy()
    this.#open.clear()
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise(done => this.#server.close(done))
  }

  #join(near: Socket, far: Socket): void {
    this.lines += 1
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#open.add(from)
      from.setNoDelay(true)
      from.on('error', () => undefined)
      this.#carry(from, to)
    }
  }

  #carry(from: Socket, to: Socket): void {
    let last: Promise<unknown> = Promise.resolve()
    from.on('data', chunk => {
      for (const piece of this.#pieces(chunk)) {
        const delay = this.#random.below(STRAIGHT_ONE_IN) === 0 ? 0 : this.#random.below(MAX_DELAY_MS)
        last = last.then(() => pause(delay)).then(() => to.write(piece))
      }
    })
    from.once('close', () => {
      this.#open.delete(from)
      void last.then(() => to.end())
    })
    from.once('end', () => void last.then(() => to.end()))
  }

  #pieces(chunk: Buffer): readonly Buffer[] {
    if (chunk.length < 2 || this.#random.below(STRAIGHT_ONE_IN) === 0) return [chunk]
    const at = 1 + this.#random.below(chunk.length - 1)
    return [chunk.subarray(0, at), chunk.subarray(at)]
  }
}

const pause = (ms: number): Promise<void> =>
  ms === 0 ? Promise.resolve() : new Promise(resolve => setTimeout(resolve, ms))
