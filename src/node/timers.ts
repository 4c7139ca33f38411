import type { Timers } from '../ports/index.ts'

export const HOST_TIMERS: Timers = {
  after(ms, act, { background = false } = {}) {
    const handle = setTimeout(act, ms)
    if (background) handle.unref()
    return () => clearTimeout(handle)
  },
  whenIdle(act) {
    setImmediate(act)
  },
}
