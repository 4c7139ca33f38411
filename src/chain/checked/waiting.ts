import { type OutPoint, outPointKey, type Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import type { Servers } from './servers.ts'

/**
 * What spends these in the mempool of one server or another. Nobody can prove what waits: whoever reads it checks what it says of its own,
 * such as a preimage, and a server that hides it can only make it be seen later, in the block.
 */
export async function waitingSpends(servers: Servers, outpoints: readonly OutPoint[]): Promise<readonly Tx[]> {
  const found = new Map<Txid, Tx>()
  for (const outpoint of outpoints) {
    for (const server of servers.good) {
      const spender = servers.judged(server, await server.waitingSpenderOf(outpoint))
      if (spender.type !== 'value') continue
      const id = spender.value.spender
      if (id === undefined || found.has(id)) break
      const tx = servers.judged(server, await server.txOf(id))
      const key = outPointKey(outpoint)
      if (tx.type !== 'value' || !tx.value.inputs.some(input => outPointKey(input.outpoint) === key)) continue
      found.set(id, tx.value)
      break
    }
  }
  return [...found.values()]
}
