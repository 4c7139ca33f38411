import { BookendError } from '../base/index.ts'
import type { Timers } from '../ports/index.ts'

/** A deadline beside the caller's own signal. */
export function within(patienceMs: number, timers: Timers, signal: AbortSignal | undefined): AbortSignal {
  const deadline = new AbortController()
  const passed = () => deadline.abort(new DOMException('It took too long.', 'TimeoutError'))
  timers.after(patienceMs, passed, { background: true })
  return signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal])
}

/** The caller stops waiting; what was begun goes on. */
export async function orAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result
  const aborted = Promise.withResolvers<never>()
  const abort = () =>
    aborted.reject(
      new BookendError(
        signal.reason?.name === 'TimeoutError' ? 'timeout' : 'aborted',
        'It took too long, or was cancelled.',
        {
          advice: 'What was begun may still come to its end: look before you try again.',
          cause: signal.reason,
        },
      ),
    )
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([result, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
    aborted.promise.catch(() => undefined)
    result.catch(() => undefined)
  }
}
