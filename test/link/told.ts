import { isPeerMessage } from '../../src/channel/index.ts'
import type { LinkInput } from '../../src/link/index.ts'
import { decodeMessage } from '../../src/wire/index.ts'

/** What the floor above makes of bytes of the peer: one that is no message about a channel is a mistake of the test. */
export function told(bytes: Uint8Array): Extract<LinkInput, { type: 'message' }> {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok || !isPeerMessage(decoded.value)) throw new Error('what links say to each other is about channels')
  return { type: 'message', message: decoded.value }
}
