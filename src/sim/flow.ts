import { byteAt, concat } from '../base/index.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** What one direction of a connection carries: messages that are whole or not there at all, or bytes that are cut anywhere. */
export type Carries = 'messages' | 'bytes'

export interface FlowOptions {
  readonly clock: Clock
  readonly carries: Carries
  /** Where its pieces end, and what of them is lost. */
  readonly random: Random
  /** Milliseconds on the way, for the next piece. */
  readonly latencyMs: () => number
  /** At least so long after what was sent before something arrives. 0 is for a stream, in which what comes together is read together. */
  readonly apartMs: () => number
  /** A message, or some bytes of the stream. Spoilt: a bit of it has changed on the way; of a message nobody says which. */
  readonly arrived: (piece: Uint8Array, isSpoilt: boolean) => void
  /** Nothing more comes. */
  readonly ended: () => void
}

interface Piece {
  /** None: the end. */
  readonly bytes: Uint8Array | undefined
  readonly isSpoilt: boolean
  at: number
}

/** How a write is cut into pieces, each of them with a latency of its own. */
const WHOLE = 0.8
const CRUMBS = 0.05
const MOST_PIECES = 4
const MOST_CRUMBS = 24
/** Of what has come at the same time. */
const JOINED = 0.5

/**
 * One direction of a connection: what was sent and has not arrived. Nothing overtakes, so that what has arrived is at any time the
 * beginning of what was sent.
 */
export class Flow {
  readonly #options: FlowOptions
  #onItsWay: Piece[] = []
  #arrivesAt = 0
  #takes = true
  #spoilsNext = false

  constructor(options: FlowOptions) {
    this.#options = options
  }

  send(bytes: Uint8Array): void {
    if (!this.#takes) return
    const isSpoilt = this.#spoilsNext
    this.#spoilsNext = false
    const sent = isSpoilt ? this.#flipped(bytes) : bytes
    this.#arrivesAt += this.#options.apartMs()
    if (this.#options.carries === 'messages') this.#put(sent, isSpoilt)
    else for (const piece of this.#pieces(sent)) this.#put(piece, isSpoilt)
  }

  /** Everything that is on its way arrives, and then the end. */
  end(): void {
    if (!this.#takes) return
    this.#takes = false
    this.#put(undefined, false)
  }

  /** Of what is on its way a part arrives, which may end anywhere, and then the end. */
  cut(): void {
    this.lose()
    const at = this.#onItsWay.at(-1)?.at ?? this.#options.clock.now
    this.#onItsWay.push({ bytes: undefined, isSpoilt: false, at })
    this.#comeAt(at)
  }

  /** Of what is on its way a part arrives, and then nothing. */
  lose(): void {
    this.#takes = false
    const { random } = this.#options
    const pieces = this.#onItsWay.filter(({ bytes }) => bytes !== undefined)
    let left = random.below(1 + pieces.reduce((sum, piece) => sum + this.#sizeOf(piece), 0))
    this.#onItsWay = []
    for (const piece of pieces) {
      if (left === 0) break
      const size = Math.min(left, this.#sizeOf(piece))
      left -= size
      this.#onItsWay.push(size < this.#sizeOf(piece) ? { ...piece, bytes: piece.bytes?.subarray(0, size) } : piece)
    }
  }

  /** Nothing arrives before this time. */
  stall(until: number): void {
    this.#arrivesAt = Math.max(this.#arrivesAt, until)
    for (const piece of this.#onItsWay) {
      if (piece.at >= until) continue
      piece.at = until
      this.#comeAt(until)
    }
  }

  /** A bit changes of what is on its way, or of what is sent next. */
  spoil(): void {
    const { random } = this.#options
    const places = this.#onItsWay.flatMap(({ bytes }, index) => (bytes === undefined ? [] : [index]))
    if (places.length === 0) {
      this.#spoilsNext = this.#takes
      return
    }
    const place = random.pick(places)
    this.#onItsWay = this.#onItsWay.map((piece, index) =>
      index === place && piece.bytes !== undefined
        ? { at: piece.at, isSpoilt: true, bytes: this.#flipped(piece.bytes) }
        : piece,
    )
  }

  /** Faults stop: what was to go wrong with what is sent next does not. */
  heal(): void {
    this.#spoilsNext = false
  }

  #put(bytes: Uint8Array | undefined, isSpoilt: boolean): void {
    const { clock, latencyMs } = this.#options
    this.#arrivesAt = Math.max(this.#arrivesAt, clock.now + latencyMs())
    this.#onItsWay.push({ bytes, isSpoilt, at: this.#arrivesAt })
    this.#comeAt(this.#arrivesAt)
  }

  #comeAt(time: number): void {
    this.#options.clock.at(time, () => this.#come())
  }

  /** A message at a time; of a stream, whatever has come by now, in one piece or in several. */
  #come(): void {
    const { carries, clock, arrived, ended } = this.#options
    const due: Piece[] = []
    for (const piece of this.#onItsWay) {
      if (piece.at > clock.now || (carries === 'messages' && due.length === 1)) break
      due.push(piece)
    }
    this.#onItsWay = this.#onItsWay.slice(due.length)
    for (const { bytes, isSpoilt } of carries === 'messages' ? due : this.#joined(due)) {
      if (bytes === undefined) ended()
      else arrived(bytes, isSpoilt)
    }
  }

  #joined(pieces: readonly Piece[]): readonly Piece[] {
    const bytes = pieces.flatMap(piece => piece.bytes ?? [])
    if (bytes.length < 2 || !this.#options.random.chance(JOINED)) return pieces
    const joined = { bytes: concat(...bytes), isSpoilt: pieces.some(({ isSpoilt }) => isSpoilt), at: 0 }
    return [joined, ...pieces.filter(piece => piece.bytes === undefined)]
  }

  #pieces(bytes: Uint8Array): readonly Uint8Array[] {
    const { random } = this.#options
    if (bytes.length === 0 || random.chance(WHOLE)) return [bytes]
    const most = random.chance(CRUMBS) ? MOST_CRUMBS : MOST_PIECES
    const pieces: Uint8Array[] = []
    let start = 0
    while (start < bytes.length) {
      const left = bytes.length - start
      const size = pieces.length + 1 < most ? random.between(1, most === MOST_CRUMBS ? Math.min(left, 4) : left) : left
      pieces.push(bytes.subarray(start, start + size))
      start += size
    }
    return pieces
  }

  #flipped(bytes: Uint8Array): Uint8Array {
    const { random } = this.#options
    const flipped = bytes.slice()
    const at = random.below(Math.max(bytes.length, 1))
    if (at < flipped.length) flipped[at] = byteAt(flipped, at) ^ (1 << random.below(8))
    return flipped
  }

  #sizeOf({ bytes }: Piece): number {
    return this.#options.carries === 'messages' ? 1 : (bytes?.length ?? 0)
  }
}
