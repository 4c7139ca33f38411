import { sat } from '../base/index.ts'
import { createRegtestChain, type RegtestChain } from '../regtest/index.ts'
import { judgeOf } from './judge.ts'
import type { Mode } from './plan.ts'

/** Below this height nothing of the world's stands. */
export const BASE_HEIGHT = 110

const bases = new Map<Mode, RegtestChain>()

/** A chain whose miner has coins. The first of a mode is built, and loads what judges scripts; the others are forked from it. */
export function baseChain(mode: Mode): RegtestChain {
  const known = bases.get(mode)
  if (known !== undefined) return known.fork()
  const chain = createRegtestChain({ verifySignature: judgeOf(mode) })
  chain.mine(BASE_HEIGHT - 1)
  chain.fund(chain.minerScript, sat(10_000n))
  bases.set(mode, chain)
  return chain.fork()
}
