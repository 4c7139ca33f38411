import type { TypedChain } from '../chain/named.ts'
import type { NodeOptions } from '../command.ts'

/** What was typed behind `bookend doctor`. */
export interface TypedDoctor extends NodeOptions, TypedChain {
  readonly listen: string
  readonly api: string
}
