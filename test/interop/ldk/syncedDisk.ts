import { closeSync, fdatasyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ChannelMonitor,
  type ChannelMonitorUpdate,
  ChannelMonitorUpdateStatus,
  type OutPoint,
  Persist,
} from 'lightningdevkit'
import { shownId } from './bytes.ts'

// Where LDK keeps what must not be lost, with what is lost at no crash: the cheapest way that its documents allow. Each update of a
// channel's monitor is appended to a log and synced (a whole monitor grows with its history), and its manager is written whole.

/** After so many updates the monitor is written anew, and its log begins again. */
const UPDATES_IN_A_LOG = 1_000

interface Log {
  file: number
  updates: number
}

export class SyncedDisk {
  readonly #folder: string
  readonly #logs = new Map<string, Log>()

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  /** Nothing is read again: whoever measures begins with nothing. */
  manager(): undefined {
    return undefined
  }

  monitors(): readonly Uint8Array[] {
    return []
  }

  writeManager(bytes: Uint8Array): void {
    this.#replace('manager', bytes)
  }

  persist(): Persist {
    return Persist.new_impl({
      persist_new_channel: (outpoint, monitor) => this.#keep(outpoint, monitor),
      update_persisted_channel: (outpoint, update, monitor) => this.#append(outpoint, update, monitor),
      archive_persisted_channel: () => undefined,
    })
  }

  #keep(outpoint: OutPoint, monitor: ChannelMonitor): ChannelMonitorUpdateStatus {
    const name = nameOf(outpoint)
    this.#replace(name, monitor.write())
    const before = this.#logs.get(name)
    if (before !== undefined) closeSync(before.file)
    this.#logs.set(name, { file: openSync(join(this.#folder, `${name}.log`), 'w'), updates: 0 })
    return ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
  }

  /** Blocks come without an update, whatever its type says. */
  #append(
    outpoint: OutPoint,
    update: ChannelMonitorUpdate | null,
    monitor: ChannelMonitor,
  ): ChannelMonitorUpdateStatus {
    const log = this.#logs.get(nameOf(outpoint))
    if (update === null || log === undefined || log.updates >= UPDATES_IN_A_LOG) return this.#keep(outpoint, monitor)
    log.updates += 1
    writeSync(log.file, update.write())
    fdatasyncSync(log.file)
    return ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
  }

  #replace(name: string, bytes: Uint8Array): void {
    const path = join(this.#folder, name)
    const file = openSync(`${path}.new`, 'w')
    writeSync(file, bytes)
    fdatasyncSync(file)
    closeSync(file)
    renameSync(`${path}.new`, path)
  }
}

const nameOf = (outpoint: OutPoint): string => `${shownId(outpoint.get_txid())}-${outpoint.get_index()}`
