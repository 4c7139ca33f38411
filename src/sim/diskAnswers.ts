import type { EngineEffect, EngineInput } from '../engine/index.ts'
import type { Disk } from './disk.ts'

/** What a node asks its store for while it runs. */
export type DiskQuestion = Extract<
  EngineEffect,
  { type: 'load_archive' | 'look_up' | 'load_gossip' | 'load_storage' | 'load_oldest' }
>

/** As the disk is now. Nothing where there is nothing to be said. */
export function answerFrom(disk: Pick<Disk, 'load' | 'pick'>, asked: DiskQuestion): EngineInput | undefined {
  switch (asked.type) {
    case 'load_archive': {
      const { link, prefix, commitmentNumber } = asked
      return { type: 'archive', link, commitmentNumber, records: disk.load(prefix) }
    }
    case 'look_up':
      return { type: 'looked_up', request: asked.request, records: disk.pick(asked.keys) }
    case 'load_gossip':
      return { type: 'gossip_loaded', load: asked.load, records: disk.pick(asked.keys) }
    case 'load_storage':
      return { type: 'storage_loaded', peer: asked.peer, blob: disk.pick([asked.key]).get(asked.key) }
    case 'load_oldest': {
      const keys = [...disk.load(asked.prefix).keys()].sort().slice(0, asked.limit)
      return keys.length === 0 ? undefined : { type: 'oldest_requests', keys }
    }
  }
}
