// How much is run. Without a word each row runs with a few seeds, in some minutes; with INTEROP=all, with more, and cut at each message.

export const RUNS_ALL = process.env.INTEROP === 'all'
const SEEDS = Number(process.env.INTEROP_SEEDS ?? (RUNS_ALL ? 10 : 2))
const FIRST = Number(process.env.INTEROP_FIRST_SEED ?? 1)

/** For the timing of what goes over the line. */
export const seeds: readonly number[] = Array.from({ length: SEEDS }, (_, index) => FIRST + index)
