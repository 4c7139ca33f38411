import { type FeeratePerKw, feeratePerKw } from '../../base/index.ts'
import { lie } from './answer.ts'
import { type Reason, reasonOf, type Servers } from './servers.ts'

/** 1 sat per virtual byte is 250; what is more makes up for the rounding from weight to virtual bytes. Less may not be relayed. */
const LEAST_FEERATE_PER_KW = 253
/** Nobody has ever paid more for a virtual byte on purpose. */
export const DEAREST_SAT_PER_VB = 100_000

/** The median of what the servers estimate: one that lies does not move it far. `undefined` where none has an estimate. */
export async function feerate(servers: Servers, targetBlocks: number): Promise<FeeratePerKw | undefined> {
  const asked = servers.good
  const answers = await Promise.all(asked.map(server => server.estimate(targetBlocks)))
  const found: number[] = []
  const reasons: Reason[] = []
  for (const [index, server] of asked.entries()) {
    const answer = servers.judged(server, answers[index] ?? lie('nothing'))
    if (answer.type !== 'value') reasons.push(reasonOf(server, answer.type === 'absent' ? lie('no estimates') : answer))
    else if (answer.value !== undefined) found.push(answer.value)
  }
  if (found.length === 0 && reasons.length === asked.length) throw servers.failure(reasons)
  found.sort((a, b) => a - b)
  const satPerVb = found[Math.floor(found.length / 2)]
  if (satPerVb === undefined) return undefined
  // A virtual byte is four weight units. Rounded up: below its estimate a transaction may wait.
  return feeratePerKw(Math.max(Math.ceil(satPerVb * 250), LEAST_FEERATE_PER_KW))
}
