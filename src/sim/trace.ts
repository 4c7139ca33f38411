import { createHash } from 'node:crypto'

const BUFFER_BYTES = 1 << 16

/** A hash over all that a run tells. It comes in many small pieces, which are put together first: each for itself costs a call. */
export class Trace {
  readonly #hash = createHash('sha256')
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  #length = 0

  /** ASCII: names and keys. */
  text(text: string): void {
    if (text.length > this.#room) this.#flush()
    this.#length += this.#buffer.write(text, this.#length, 'latin1')
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > this.#room) this.#flush()
    if (bytes.length > BUFFER_BYTES) {
      this.#hash.update(bytes)
      return
    }
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** In hexadecimal. Nothing is told afterwards. */
  digest(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  get #room(): number {
    return BUFFER_BYTES - this.#length
  }

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#length))
    this.#length = 0
  }
}
