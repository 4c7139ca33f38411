import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChannelMonitor, ChannelMonitorUpdateStatus, type OutPoint, Persist } from 'lightningdevkit'
import { shownId } from './bytes.ts'

// Where LDK keeps what must not be lost: a file for its manager, and one for the monitor of each channel.

export class LdkDisk {
  readonly #folder: string
  readonly #monitors: string

  constructor(folder: string) {
    this.#folder = folder
    this.#monitors = join(folder, 'monitors')
    mkdirSync(this.#monitors, { recursive: true })
  }

  manager(): Uint8Array | undefined {
    const file = join(this.#folder, 'manager')
    return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined
  }

  monitors(): readonly Uint8Array[] {
    return readdirSync(this.#monitors)
      .filter(name => !name.endsWith('.new'))
      .map(name => new Uint8Array(readFileSync(join(this.#monitors, name))))
  }

  writeManager(bytes: Uint8Array): void {
    replace(join(this.#folder, 'manager'), bytes)
  }

  persist(): Persist {
    const keep = (outpoint: OutPoint, monitor: ChannelMonitor): ChannelMonitorUpdateStatus => {
      const name = `${shownId(outpoint.get_txid())}-${outpoint.get_index()}`
      replace(join(this.#monitors, name), monitor.write())
      return ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
    }
    return Persist.new_impl({
      persist_new_channel: keep,
      update_persisted_channel: (outpoint, _update, monitor) => keep(outpoint, monitor),
      archive_persisted_channel: () => undefined,
    })
  }
}

/** Whoever reads it sees the old one or the new one. */
function replace(file: string, bytes: Uint8Array): void {
  writeFileSync(`${file}.new`, bytes)
  renameSync(`${file}.new`, file)
}
