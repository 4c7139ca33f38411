import type { NodeOptions } from '../command.ts'

/** What was typed behind `bookend doctor`. */
export interface TypedDoctor extends NodeOptions {
  readonly chain?: string
  readonly chainCookie?: string
  readonly esplora?: string
  readonly electrum?: string
  readonly listen: string
  readonly api: string
}
