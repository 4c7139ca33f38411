import type { FeeratePerKw } from '../base/index.ts'
import { dueFeerate, type FeerateContext } from '../channel/index.ts'
import type { LinkState } from './types.ts'

/** The feerate that this channel should be given now with `update_fee`, where that is due and ours to do. */
export function dueFeerateOf({ channel }: LinkState, context: FeerateContext): FeeratePerKw | undefined {
  return channel !== undefined && 'durable' in channel ? dueFeerate(channel, context) : undefined
}
