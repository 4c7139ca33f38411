import { afterEach } from 'vitest'
import type { NetLimits } from '../../src/net/index.ts'
import type { Wire } from '../../src/net/wire.ts'
import type { NetAddress } from '../../src/ports/index.ts'
import { idOf, Recorder, secretOf, settle, until, type World } from './worlds.ts'

export const ALICE = 1
export const BOB = 2

/** Alice, Bob and a stranger between them, in a world. What they open is closed after each test. */
export function setStage(world: World) {
  const open: { close(): unknown }[] = []
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close()
  })

  /** Bob listens. */
  async function bobListens(limits: Partial<NetLimits> = {}) {
    const bob = new Recorder()
    const network = world.network(secretOf(BOB), limits)
    const listening = await network.listen(world.anywhere, bob.accept)
    open.push(listening)
    return { bob, listening, network, at: { ...listening.address, nodeId: idOf(BOB) } }
  }

  /** Alice has dialled Bob. */
  async function connected(limits: { readonly alice?: Partial<NetLimits>; readonly bob?: Partial<NetLimits> } = {}) {
    const { bob, listening, at } = await bobListens(limits.bob)
    const alice = new Recorder()
    const network = world.network(secretOf(ALICE), limits.alice)
    const connection = await network.dial(at, alice.accept)
    await until(() => bob.connections.length === 1)
    open.push(connection, bob.connection)
    return { alice, bob, listening, at, network }
  }

  /** Between dialers and a node, one who passes bytes on in pieces of one, and may change them or end there. */
  async function tamper(to: NetAddress, change: (byte: number, index: number) => number | undefined = byte => byte) {
    const wires: Wire[] = []
    const pass = (from: Wire, into: Wire, changed: typeof change) => {
      let index = 0
      from.hear({
        onBytes: chunk => {
          for (const byte of chunk) {
            const passed = changed(byte, index++)
            if (passed === undefined) into.end()
            else into.write(Uint8Array.of(passed))
          }
        },
        onEndOfStream: () => into.end(),
        onClosed: () => into.destroy(),
      })
    }
    const listening = await world.listenRaw(async wire => {
      const onward = await world.connectRaw(to)
      wires.push(wire, onward)
      pass(wire, onward, change)
      pass(onward, wire, byte => byte)
    })
    open.push(listening, { close: () => wires.map(wire => wire.destroy()) })
    return listening.address
  }

  return { open, bobListens, connected, tamper }
}

/** For what is free again in a moment. */
export async function retried(attempt: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await attempt()
      return
    } catch {
      await settle(1)
    }
  }
}
