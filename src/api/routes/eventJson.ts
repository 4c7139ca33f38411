import type { NumberedEvent } from '../../engine/index.ts'
import { type JsonOf, toJson } from '../json.ts'

/** An event of the log as one flat object. */
export function eventJson({ number, at, event }: NumberedEvent): EventJsonOf {
  // Flattening a union keeps each of its members.
  return { id: number, at, ...toJson(event) } as EventJsonOf
}

type EventJsonOf = { readonly id: number; readonly at: number } & JsonOf<NumberedEvent['event']>
