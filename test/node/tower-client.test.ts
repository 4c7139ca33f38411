import { describe, expect, it } from 'vitest'
import { nodeId } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { TOWER_JOBS } from '../../src/engine/index.ts'
import { TowerClient } from '../../src/node/towers/client.ts'
import type { Connection, ConnectionListener } from '../../src/ports/index.ts'
import { REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import { memoryStore } from '../../src/storage/index.ts'
import { decodeTowerMessage, encodeTowerMessage, TOWER_VERSION, type TowerMessage } from '../../src/watchtower/index.ts'

// The client of a tower, told by hand what the tower says: what it takes for stored is what is stored.

const TOWER = nodeId(publicKeyFromSecret(new Uint8Array(32).fill(8)))
const HELLO: TowerMessage = { type: 'tower_hello', version: TOWER_VERSION, chainHash: new Uint8Array(32) }
const keyOf = (sequence: number) => `${TOWER_JOBS}${String(sequence).padStart(16, '0')}`

class Scene {
  readonly heard: TowerMessage[] = []
  readonly acked: number[] = []
  listener: ConnectionListener | undefined
  dials = 0
  closed = 0
  readonly client: TowerClient

  constructor(jobs: number) {
    const store = memoryStore(
      new Map(Array.from({ length: jobs }, (_, at) => [keyOf(at + 1), Uint8Array.of(at + 1)] as const)),
    )
    this.client = new TowerClient({
      tower: { nodeId: TOWER, address: { host: 'tower', port: 9911 } },
      network: {
        listen: () => Promise.reject(new Error('nobody listens')),
        dial: async (_to, accept) => {
          this.dials += 1
          const connection: Connection = {
            remoteNodeId: TOWER,
            outgoing: true,
            remoteAddress: 'tower',
            send: messages => {
              for (const bytes of messages) {
                const decoded = decodeTowerMessage(bytes)
                if (decoded.ok && decoded.value !== undefined) this.heard.push(decoded.value)
              }
            },
            close: () => {
              this.closed += 1
            },
          }
          this.listener = accept(connection)
          return connection
        },
      },
      chainHash: REGTEST_GENESIS_HASH,
      store,
      timers: {
        after: (_ms, act, options) => {
          // What waits for a tower waits for ever here; what lets others go first goes on.
          if (_ms < 1_000) setImmediate(act)
          return () => options
        },
        whenIdle: act => void setImmediate(act),
      },
      log: () => undefined,
      messagesOf: sequence => [
        {
          type: 'tower_put',
          sequence,
          tag: new Uint8Array(16),
          hint: new Uint8Array(16),
          part: 0,
          isLast: true,
          blob: Uint8Array.of(sequence),
        },
      ],
      acked: () => this.acked.at(-1) ?? 0,
      waiting: () => jobs - (this.acked.at(-1) ?? 0),
      onAcked: async sequence => {
        this.acked.push(sequence)
      },
    })
  }

  async says(...messages: readonly TowerMessage[]): Promise<void> {
    await this.listener?.onMessages(messages.map(encodeTowerMessage))
  }

  given(): readonly number[] {
    return this.heard.flatMap(message => (message.type === 'tower_put' ? [message.sequence] : []))
  }

  async until(holds: () => boolean): Promise<void> {
    for (let tries = 0; tries < 1_000 && !holds(); tries++) await new Promise(resolve => setImmediate(resolve))
    expect(holds()).toBe(true)
  }
}

async function upWith(jobs: number): Promise<Scene> {
  const scene = new Scene(jobs)
  scene.client.start()
  await scene.until(() => scene.listener !== undefined)
  await scene.says(HELLO)
  await scene.until(() => scene.given().length === Math.min(jobs, 16))
  return scene
}

describe('the client of a watchtower', () => {
  it('gives each job once, in order, and goes on as they are stored', async () => {
    const scene = await upWith(40)
    for (let upTo = 4; upTo <= 40; upTo += 4) {
      await scene.says({ type: 'tower_ack', sequence: upTo })
      await scene.until(() => scene.given().length === Math.min(40, upTo + 16))
    }
    expect(scene.given()).toEqual(Array.from({ length: 40 }, (_, at) => at + 1))
    expect(scene.acked.at(-1)).toBe(40)
  })

  it('takes nothing for stored that a tower says behind a refusal', async () => {
    const scene = await upWith(3)
    await scene.says({ type: 'tower_refuse', sequence: 1, reason: 'full' }, { type: 'tower_ack', sequence: 3 })
    await scene.says({ type: 'tower_ack', sequence: 3 })
    expect(scene.acked).toEqual([])
    expect([scene.client.refusal, scene.client.connected, scene.closed]).toEqual(['full', false, 1])
  })

  it('closes on what is no word of a tower, and gives all again that was not stored', async () => {
    const scene = await upWith(3)
    await scene.says({ type: 'tower_ack', sequence: 1 })
    await scene.listener?.onMessages([Uint8Array.of(1)])
    expect(scene.closed).toBe(1)
    scene.listener?.onEnd('it ended')
    expect(scene.client.connected).toBe(false)
    // As after the pause.
    scene.client.start()
    await scene.until(() => scene.dials === 2)
    await scene.says(HELLO)
    await scene.until(() => scene.given().length === 5)
    expect(scene.given()).toEqual([1, 2, 3, 2, 3])
  })
})
