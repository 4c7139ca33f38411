/** What a world must not ask: the host's time and the host's chance. */
const FORBIDDEN = ['setTimeout', 'setInterval', 'setImmediate'] as const

/** Runs `act`, in which the host's clock, timers and random numbers throw: what a world does follows from its seed alone. */
export function withoutAmbient<T>(act: () => T): T {
  const { now } = Date
  const { random } = Math
  const { getRandomValues } = globalThis.crypto
  const timers = FORBIDDEN.map(name => globalThis[name])
  const refuse = (what: string) => () => {
    throw new Error(`${what} was asked for in a world of virtual time`)
  }
  Date.now = refuse('Date.now')
  Math.random = refuse('Math.random')
  // A curve library blinds its secrets with it, which cancels out in every answer: it gets the same bytes in each run.
  globalThis.crypto.getRandomValues = array => {
    if (array !== null) new Uint8Array(array.buffer, array.byteOffset, array.byteLength).fill(0x5a)
    return array
  }
  // Nobody calls what throws, so its type says nothing.
  for (const name of FORBIDDEN) globalThis[name] = refuse(name) as never
  try {
    return act()
  } finally {
    Date.now = now
    Math.random = random
    globalThis.crypto.getRandomValues = getRandomValues
    for (const [index, name] of FORBIDDEN.entries()) globalThis[name] = timers[index] as never
  }
}
