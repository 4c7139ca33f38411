import { connect } from 'node:net'
import type { Result } from '../../../base/index.ts'
import { ChainError } from '../../../ports/index.ts'
import type { Publisher } from './offer.ts'
import { type Heard, hello, subscription, ZmtpReader } from './wire.ts'

export interface HintLimits {
  /** From the connection to the READY of the publisher. */
  readonly handshakeMs: number
  /** Before the second attempt; each further pause is twice as long. */
  readonly firstPauseMs: number
  /** The longest pause, and how often a bitcoind that offers nothing is asked whether it does now. */
  readonly longestPauseMs: number
}

const DEFAULT_HINT_LIMITS: HintLimits = { handshakeMs: 10_000, firstPauseMs: 500, longestPauseMs: 60_000 }

export interface HintEvents {
  /** Whether hints may be hoped for from now on. What came before is not told. */
  readonly onLine: (isOpen: boolean) => void
  /** There may be a new block. Whoever says so may lie, or have left some out. */
  readonly onHint: () => void
}

const TOPIC = 'hashblock'
const HASH_BYTES = 32

/**
 * Hears of new blocks from a bitcoind that publishes them over ZMQ, for as long as it is not closed: a connection that is lost is made
 * anew, after asking once more where. Nothing that is heard is believed; it is a reason to look.
 */
export class BlockHints {
  readonly #find: () => Promise<Publisher | undefined>
  readonly #events: HintEvents
  readonly #limits: HintLimits
  #pauseMs: number
  #timer: NodeJS.Timeout | undefined
  #cut: (() => void) | undefined
  #state: 'new' | 'open' | 'closed' = 'new'

  /** `find` may reject with a `ChainError`: then it is asked again later. */
  constructor(
    find: () => Promise<Publisher | undefined>,
    events: HintEvents,
    limits: HintLimits = DEFAULT_HINT_LIMITS,
  ) {
    this.#find = find
    this.#events = events
    this.#limits = limits
    this.#pauseMs = limits.firstPauseMs
  }

  /** Once: what is open or closed stays so. */
  open(): void {
    if (this.#state !== 'new') return
    this.#state = 'open'
    void this.#attempt()
  }

  close(): void {
    this.#state = 'closed'
    clearTimeout(this.#timer)
    this.#cut?.()
  }

  async #attempt(): Promise<void> {
    const publisher = await this.#publisher()
    if (this.#state === 'closed') return
    if (publisher === 'away') return this.#retry()
    if (publisher === undefined) return this.#later(this.#limits.longestPauseMs)
    this.#cut = listenTo(publisher, this.#limits.handshakeMs, {
      onReady: () => this.#events.onLine(true),
      onHint: () => {
        // Only who has told something is worth coming back to soon.
        this.#pauseMs = this.#limits.firstPauseMs
        this.#events.onHint()
      },
      onEnd: wasReady => {
        this.#cut = undefined
        if (this.#state === 'closed') return
        this.#retry()
        if (wasReady) this.#events.onLine(false)
      },
    })
  }

  async #publisher(): Promise<Publisher | 'away' | undefined> {
    try {
      return await this.#find()
    } catch (error) {
      // Away, or closed meanwhile: whoever asks it for the tip hears of it.
      if (error instanceof ChainError) return 'away'
      throw error
    }
  }

  #retry(): void {
    this.#later(this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, this.#limits.longestPauseMs)
  }

  #later(ms: number): void {
    // Who only listens does not keep the process alive.
    this.#timer = setTimeout(() => void this.#attempt(), ms).unref()
  }
}

interface LineEvents {
  readonly onReady: () => void
  readonly onHint: () => void
  /** Once, and nothing after it. */
  readonly onEnd: (wasReady: boolean) => void
}

/** One connection. Returns how to cut it. */
function listenTo({ host, port }: Publisher, handshakeMs: number, { onReady, onHint, onEnd }: LineEvents): () => void {
  const reader = new ZmtpReader()
  const socket = connect({ host, port }, () => socket.write(hello()))
  let isReady = false
  let hasEnded = false
  const end = () => {
    if (hasEnded) return
    hasEnded = true
    clearTimeout(timer)
    socket.destroy()
    onEnd(isReady)
  }
  const hear = (each: Heard) => {
    if (hasEnded) return
    if (each.type === 'message') return isHint(each.parts) ? onHint() : undefined
    isReady = true
    clearTimeout(timer)
    socket.write(subscription(TOPIC))
    return onReady()
  }
  const timer = setTimeout(end, handshakeMs).unref()
  // A publisher may be silent for hours: the host finds out when it is gone. Until then the slow questions find the blocks.
  socket.unref().setKeepAlive(true, 60_000)
  socket.on('data', (bytes: Uint8Array) => {
    if (hasEnded) return
    const heard: Result<readonly Heard[], string> = reader.push(bytes)
    if (heard.ok) heard.value.forEach(hear)
    else end()
  })
  socket.on('error', end)
  socket.on('close', end)
  return end
}

function isHint([topic, hash]: readonly Uint8Array[]): boolean {
  return topic !== undefined && Buffer.from(topic).toString('latin1') === TOPIC && hash?.length === HASH_BYTES
}
