import { BookendError } from '../base/index.ts'

const NODE_ID = /^0[23][0-9a-f]{64}$/

/** Whether a text can be a node id; whether it is a point of the curve, the handshake finds out. */
export function checkNodeId(id: string): void {
  if (NODE_ID.test(id)) return
  throw new BookendError('bad_request', `Expected a node id of 66 lowercase hex digits, got ${id.slice(0, 80)}.`, {
    advice: 'Copy it from `bookend info` of the other node.',
  })
}
