/** Thrown when Bookend itself is wrong. Never for what a peer, a caller or the world did. */
export class BugError extends Error {
  override readonly name = 'BugError'
}

/**
 * States what must hold here whatever the outside does; stops when it does not. On warm paths the message is a function, so
 * that a text with figures is put together only when it is needed.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new BugError(`This is a bug in Bookend: ${typeof message === 'string' ? message : message()}`)
}

/** The value, which the surrounding code has just made sure of. */
export function defined<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new BugError(`This is a bug in Bookend: ${message}`)
  return value
}

/** Ends every `switch` over a union, so that a new member does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new BugError(`This is a bug in Bookend: unexpected value ${JSON.stringify(value)}`)
}
