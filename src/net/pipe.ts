import type { Accept, Listening, NetAddress, Network } from '../ports/index.ts'
import { Endpoint } from './endpoint.ts'
import { encryptedFraming, plainFraming } from './framing.ts'
import { DEFAULT_NET_LIMITS, type NetLimits } from './limits.ts'
import type { PipeHub } from './pipeHub.ts'
import type { Wire } from './wire.ts'

export interface PipeOptions {
  /** The secret of our node id, 32 bytes. */
  readonly nodeSecret: Uint8Array
  /**
   * Whether messages are encrypted after the handshake, as they are over TCP; true when left out. The handshake is the same
   * either way: node ids are proven.
   */
  readonly encrypted?: boolean
  /** Those left out are the ones of `DEFAULT_NET_LIMITS`. */
  readonly limits?: Partial<NetLimits>
}

/** Connections between the nodes of one process that share a hub. All but the sockets is as over TCP. */
export function pipeNetwork(hub: PipeHub, { nodeSecret, encrypted = true, limits = {} }: PipeOptions): Network {
  const endpoint = new Endpoint({
    nodeSecret,
    limits: { ...DEFAULT_NET_LIMITS, ...limits },
    framing: encrypted ? encryptedFraming : plainFraming,
  })
  return {
    listen: async (address, accept) => listenOn(hub, address, { endpoint, accept }),
    async dial(to, accept, signal) {
      endpoint.checkDial(to, signal)
      return endpoint.initiate(hub.connect(to, endpoint.nodeId), to, accept, signal)
    },
  }
}

function listenOn(
  hub: PipeHub,
  address: NetAddress,
  { endpoint, accept }: { readonly endpoint: Endpoint; readonly accept: Accept },
): Listening {
  const halfOpen = new Set<Wire>()
  const { address: taken, stop } = hub.listen(address, wire => endpoint.respond(wire, accept, halfOpen))
  return {
    address: taken,
    async close() {
      stop()
      for (const wire of [...halfOpen]) wire.destroy()
    },
  }
}
