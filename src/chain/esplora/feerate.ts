import { type FeeratePerKw, feeratePerKw } from '../../base/index.ts'
import { type Answer, type EsploraServer, lie, value } from './server.ts'
import { failure, type Reason, reasonOf, type Servers } from './servers.ts'

/** 1 sat per virtual byte is 250; what is more makes up for the rounding from weight to virtual bytes. Less may not be relayed. */
const LEAST_FEERATE_PER_KW = 253
/** Nobody has ever paid more for a virtual byte on purpose. */
const DEAREST_SAT_PER_VB = 100_000

/** The median of what the servers estimate: one that lies does not move it far. `undefined` where none has an estimate. */
export async function feerate(servers: Servers, targetBlocks: number): Promise<FeeratePerKw | undefined> {
  const asked = servers.good
  const answers = await Promise.all(asked.map(server => estimates(server)))
  const found: number[] = []
  const reasons: Reason[] = []
  for (const [index, server] of asked.entries()) {
    const answer = servers.judged(server, answers[index] ?? lie('nothing'))
    if (answer.type === 'value') found.push(...estimateFor(answer.value, targetBlocks))
    else reasons.push(reasonOf(server, answer.type === 'absent' ? lie('no estimates') : answer))
  }
  if (found.length === 0 && reasons.length === asked.length) throw failure(reasons)
  found.sort((a, b) => a - b)
  const satPerVb = found[Math.floor(found.length / 2)]
  if (satPerVb === undefined) return undefined
  // A virtual byte is four weight units. Rounded up: below its estimate a transaction may wait.
  return feeratePerKw(Math.max(Math.ceil(satPerVb * 250), LEAST_FEERATE_PER_KW))
}

/** By target in blocks, the nearest one first. */
type Estimates = readonly (readonly [target: number, satPerVb: number])[]

async function estimates(server: EsploraServer): Promise<Answer<Estimates>> {
  const answer = await server.json('/fee-estimates')
  if (answer.type !== 'value') return answer
  if (typeof answer.value !== 'object' || answer.value === null) return lie('something else than estimates of fees')
  const read: [number, number][] = []
  for (const [target, rate] of Object.entries(answer.value)) {
    if (!/^\d{1,4}$/.test(target) || typeof rate !== 'number' || !(rate > 0 && rate <= DEAREST_SAT_PER_VB))
      return lie('a feerate that cannot be')
    read.push([Number(target), rate])
  }
  return value(read.toSorted(([a], [b]) => a - b))
}

/** That of the farthest target which is near enough; of the nearest one where none is. */
function estimateFor(all: Estimates, targetBlocks: number): readonly number[] {
  const found = all.findLast(([target]) => target <= targetBlocks) ?? all[0]
  return found === undefined ? [] : [found[1]]
}
