import { unreachable } from '../../base/index.ts'
import type { RegtestChain } from '../../regtest/index.ts'
import type { Clock } from '../clock.ts'
import type { SimNetwork } from '../network.ts'
import type { Random } from '../random.ts'
import type { Machine } from './machine.ts'
import type { AppFault } from './options.ts'

/** Of reorganisations, in blocks. */
const DEEPEST = 6

export interface Target {
  readonly machines: readonly Machine[]
  readonly network: SimNetwork
  readonly chain: RegtestChain
  readonly clock: Clock
  /** Below this height no block is taken back. */
  readonly floor: number
  readonly setFeerate: (perKw: number) => void
}

/** Makes one thing go wrong. What comes back says what, for people; `undefined` where it could not. */
export function strike(fault: AppFault, target: Target, random: Random): string | undefined {
  const { machines, network, chain, clock } = target
  const machine = random.pick(machines)
  const { name } = machine
  const other = random.pick(machines.length === 1 ? machines : machines.filter(each => each !== machine))
  const pair = `${name} and ${other.name}`
  const ms = random.pick([100, 2_000, 30_000])
  const downMs = random.pick([50, 500, 5_000, 60_000])
  switch (fault) {
    case 'cut':
      network.cut(machine.end, other.end)
      return `the connections of ${pair} break`
    case 'stall':
      network.stall(machine.end, other.end, ms)
      return `nothing arrives between ${pair} for ${ms} ms`
    case 'half_open':
      network.halfOpen(machine.end, other.end, ms)
      return `what ${name} sends to ${other.name} is lost for ${ms} ms`
    case 'second_connection':
      if (machine === other || !machine.end.isListening || !other.end.isListening) return undefined
      network.connect(machine.end, other.end)
      return `${pair} get a second connection`
    case 'crash': {
      if (machine.node === undefined) return undefined
      const keepsLast = random.chance(0.5)
      machine.crash({ keepsLast, downMs })
      return `${name} stays away for ${downMs} ms, with ${keepsLast ? 'all' : 'nothing'} of what its disk was writing`
    }
    case 'sync_fault':
      if (machine.node === undefined) return undefined
      machine.disk.fault = random.pick(['fails', 'fails_but_kept', 'full'])
      return `the next write of ${name} fails`
    case 'reorg': {
      const depth = Math.min(random.between(1, DEEPEST), chain.height - target.floor)
      if (depth < 1) return undefined
      chain.reorganize({ depth })
      return `the last ${depth} blocks are replaced`
    }
    case 'lag':
      machine.lagMs = ms
      clock.after(2 * ms, () => {
        machine.lagMs = 0
      })
      return `${name} hears of blocks ${ms} ms late`
    case 'feerate': {
      const perKw = random.pick([253, 500, 2_500, 10_000])
      target.setFeerate(perKw)
      return `the fees of the chain are ${perKw} sat per 1,000 weight units`
    }
    case 'chain_away':
      machine.chainAwayUntil = clock.now + downMs
      return `${name} cannot reach the chain for ${downMs} ms`
    default:
      return unreachable(fault)
  }
}
