import { DEFAULT_LIMITS } from '../../channel/index.ts'
import { DEFAULT_ENGINE_LIMITS, type EngineState, EVENTS, LOADED_PREFIXES, loadEngine } from '../../engine/index.ts'
import { DEFAULT_GOSSIP_LIMITS } from '../../gossip/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../payment/index.ts'
import { DEFAULT_PEER_LIMITS } from '../../peer/index.ts'
import { DEFAULT_WALLET_LIMITS, type WalletKeys } from '../../wallet/index.ts'
import type { Disk } from '../disk.ts'

/** For reading alone: what a node is allowed to do says nothing about what it has. */
const LIMITS = {
  engine: DEFAULT_ENGINE_LIMITS,
  channel: DEFAULT_LIMITS,
  gossip: DEFAULT_GOSSIP_LIMITS,
  peer: DEFAULT_PEER_LIMITS,
  payment: DEFAULT_PAYMENT_LIMITS,
  wallet: DEFAULT_WALLET_LIMITS,
}

/** The records of a node, read as the node itself would read them if it started now. */
export class Records {
  readonly #disk: Disk
  readonly #keys: WalletKeys
  #read: { readonly at: number; readonly state: EngineState } | undefined

  constructor(disk: Disk, keys: WalletKeys) {
    this.#disk = disk
    this.#keys = keys
  }

  /** The same value until something new is durable. */
  state(): EngineState {
    const at = this.#disk.durable
    if (this.#read?.at !== at) this.#read = { at, state: this.load() }
    return this.#read.state
  }

  /** Read anew. */
  load(): EngineState {
    const records = new Map<string, Uint8Array>()
    for (const [key, value] of this.#disk.records) {
      if (LOADED_PREFIXES.some(prefix => key.startsWith(prefix))) records.set(key, value)
    }
    const loaded = loadEngine({
      records,
      lastEvent: this.lastEvent(),
      context: { walletKeys: this.#keys, limits: LIMITS },
    })
    if (!loaded.ok) throw new Error(`the records of a node cannot be read: ${loaded.error.message}`)
    return loaded.value
  }

  /** The number of the newest event; 0 before the first. */
  lastEvent(): number {
    let last = ''
    for (const key of this.#disk.records.keys()) if (key.startsWith(EVENTS) && key > last) last = key
    return last === '' ? 0 : Number(last.slice(EVENTS.length))
  }
}
