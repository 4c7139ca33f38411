import { type NetAddress, NetworkError } from '../ports/index.ts'
import { formatAddress } from './address.ts'
import { openPipe } from './pipeWire.ts'
import type { Wire } from './wire.ts'

/** As of those that a system chooses where port 0 is asked for. */
const FIRST_CHOSEN_PORT = 49_152

/** Where the nodes of one process find each other: who listens, by `host:port`. The names mean nothing outside of it. */
export class PipeHub {
  readonly #listeners = new Map<string, (wire: Wire) => void>()
  #nextPort = FIRST_CHOSEN_PORT

  /** Throws a `NetworkError` where somebody listens already. Port 0 takes a free one. `stop` may be called again. */
  listen(
    wanted: NetAddress,
    onWire: (wire: Wire) => void,
  ): { readonly address: NetAddress; readonly stop: () => void } {
    const address = wanted.port === 0 ? { host: wanted.host, port: this.#nextPort++ } : wanted
    const name = formatAddress(address)
    if (this.#listeners.has(name)) {
      const message = `Another node of this process listens on ${name}. Choose another port, or 0 for any.`
      throw new NetworkError('address_in_use', message)
    }
    this.#listeners.set(name, onWire)
    const stop = () => {
      if (this.#listeners.get(name) === onWire) this.#listeners.delete(name)
    }
    return { address, stop }
  }

  /** The dialer's end of a new pipe. Throws a `NetworkError` where nobody listens. */
  connect(to: NetAddress, dialer: string): Wire {
    const name = formatAddress(to)
    const onWire = this.#listeners.get(name)
    if (onWire === undefined) {
      throw new NetworkError(
        'unreachable',
        `No node of this process listens on ${name}. Start it, or check the address.`,
      )
    }
    const pipe = openPipe({ dialer, dialled: name })
    onWire(pipe.dialled)
    return pipe.dialer
  }
}
