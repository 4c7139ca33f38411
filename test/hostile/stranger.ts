import { randomBytes } from 'node:crypto'
import type { NodeId } from '../../src/base/index.ts'
import { tcpNetwork } from '../../src/net/index.ts'
import { localFeatures } from '../../src/peer/index.ts'
import type { Connection, NetAddress } from '../../src/ports/index.ts'
import { decodeMessage, encodeMessage } from '../../src/wire/index.ts'
import type { Random } from '../processes/random.ts'
import type { Arsenal, Hostile } from './hostileMessages.ts'

// One who connects, says what must not be said, and looks what becomes of the connection.

export interface Target extends NetAddress {
  readonly nodeId: NodeId
}

type Stage = 'before init' | 'after init' | 'opening'

export interface Visit {
  readonly stage: Stage
  /** Messages that were sent. */
  readonly sent: number
  readonly closed: boolean
  /** What BOLT 1 asks for and did not happen. */
  readonly complaint: string | undefined
}

const LARGEST_BATCH = 60
/** Below the pings that are answered in a minute. */
const MAX_BATCHES = 20
const PATIENCE_MS = 120_000
/** A busy machine is no failure. */
export const HANDSHAKE_TIMEOUT_MS = 120_000
const FIRST_PONG = 1_000
const INIT = encodeMessage({
  type: 'init',
  globalfeatures: new Uint8Array(0),
  features: localFeatures(),
})

/** A new identity each time, until the victim closes or enough was said. `opening`: what begins the opening of a channel. */
export async function visit(target: Target, arsenal: Arsenal, random: Random, opening: Uint8Array): Promise<Visit> {
  const stage = random.of<Stage>(['before init', 'after init', 'after init', 'opening'])
  const line = await Line.dial(target)
  let sent = 0
  if (stage !== 'before init') {
    line.connection.send([INIT])
    sent += 1
  }
  if (stage === 'opening') {
    const fresh = opening.slice()
    // Another temporary channel id, behind the type and the chain.
    fresh.set(randomBytes(32), 2 + 32)
    line.connection.send([fresh])
    sent += 1
  }
  const batches = stage === 'before init' ? 1 : random.between(1, MAX_BATCHES)
  for (let batch = 1; batch <= batches; batch++) {
    const hostile = batchOf(arsenal, random, stage === 'before init')
    line.connection.send(hostile.map(({ bytes }) => bytes.slice()))
    sent += hostile.length + 1
    const outcome = await line.ping(FIRST_PONG + batch)
    const complaint = judge(stage, hostile, outcome)
    if (outcome === 'closed' || complaint !== undefined) {
      line.connection.close()
      return { stage, sent, closed: true, complaint }
    }
  }
  line.connection.close()
  return { stage, sent, closed: false, complaint: undefined }
}

function batchOf(arsenal: Arsenal, random: Random, isFirst: boolean): readonly Hostile[] {
  const hostile = Array.from({ length: random.between(1, LARGEST_BATCH) }, () => arsenal.stranger(random))
  if (!isFirst) return hostile
  // Anything but an init: BOLT 1 wants that one first.
  return hostile.map(one => (one.bytes[0] === 0 && one.bytes[1] === 16 ? { ...one, bytes: Uint8Array.of(0) } : one))
}

type Outcome = 'answers' | 'closed' | 'silent'

function judge(stage: Stage, hostile: readonly Hostile[], outcome: Outcome): string | undefined {
  const shown = () => hostile.map(({ fate, bytes }) => `${fate} ${Buffer.from(bytes).toString('hex')}`).join('\n')
  if (outcome === 'silent') return `${stage}: neither an answer nor the end came after\n${shown()}`
  const mustClose = stage === 'before init' || hostile.some(({ fate }) => fate === 'closes')
  if (mustClose && outcome !== 'closed') return `${stage}: the connection should have been closed after\n${shown()}`
  if (stage !== 'before init' && hostile.every(({ fate }) => fate === 'stays') && outcome === 'closed') {
    return `${stage}: the connection was closed after messages that are to be ignored:\n${shown()}`
  }
  return undefined
}

/** A connection after its handshake, with nothing of a node behind it. */
export class Line {
  readonly connection: Connection
  readonly #ended: Promise<'closed'>
  #awaited: { readonly length: number; readonly came: () => void } | undefined

  private constructor(connection: Connection, ended: Promise<'closed'>) {
    this.connection = connection
    this.#ended = ended
  }

  static async dial(target: Target): Promise<Line> {
    const ended = Promise.withResolvers<'closed'>()
    let line: Line | undefined
    const connection = await tcpNetwork({
      nodeSecret: randomSecret(),
      limits: { handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS },
    }).dial(target, () => ({
      onMessages: async messages => line?.hear(messages),
      onEnd: () => ended.resolve('closed'),
    }))
    line = new Line(connection, ended.promise)
    return line
  }

  hear(messages: readonly Uint8Array[]): void {
    for (const bytes of messages) {
      const message = decodeMessage(bytes)
      if (message.ok && message.value.type === 'pong' && message.value.ignored.length === this.#awaited?.length) {
        this.#awaited.came()
      }
    }
  }

  async ping(length: number): Promise<Outcome> {
    const answered = Promise.withResolvers<'answers'>()
    this.#awaited = { length, came: () => answered.resolve('answers') }
    this.connection.send([encodeMessage({ type: 'ping', numPongBytes: length, ignored: new Uint8Array(0) })])
    const silence = Promise.withResolvers<'silent'>()
    const timer = setTimeout(() => silence.resolve('silent'), PATIENCE_MS)
    try {
      return await Promise.race([answered.promise, this.#ended, silence.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Below the order of the curve, and not 0. */
function randomSecret(): Uint8Array {
  const secret = new Uint8Array(randomBytes(32))
  secret[0] = 1
  return secret
}
