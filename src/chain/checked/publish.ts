import { err, ok, type Result, type Txid, toHex } from '../../base/index.ts'
import { encodeTx, type Tx, txid } from '../../bitcoin/index.ts'
import type { PublishRefusal } from '../../ports/index.ts'
import { quoted } from '../words.ts'
import { type Answer, lie } from './answer.ts'
import type { Outputs } from './outputs.ts'
import { type Reason, reasonOf, type Servers } from './servers.ts'

/** Core's words for what it has already. */
const KNOWN =
  /^(txn-already-known|txn-already-in-mempool|txn-same-nonwitness-data-in-mempool|(transaction )?outputs? already in utxo set|transaction already in block chain)\b/i
const ALREADY_IN_UTXO_SET = -27
const SPENT = /missing-?inputs|missingorspent/i

interface CoreError {
  readonly code: number | undefined
  readonly message: string
}

/** To all servers at once: one that keeps it to itself does no harm then. */
export async function publish(
  servers: Servers,
  outputs: Outputs,
  { tx, parent }: { readonly tx: Tx; readonly parent: Tx | undefined },
): Promise<Result<Txid, PublishRefusal>> {
  const id = txid(tx)
  if (parent !== undefined) await offer(servers, [parent, tx])
  const refusals: CoreError[] = []
  const reasons: Reason[] = []
  let isPublished = false
  const body = toHex(encodeTx(tx))
  const answers = await Promise.all(servers.all.map(async server => ({ server, said: await server.post(body) })))
  for (const { server, said } of answers) {
    const answer = servers.judged(server, checked(said, id))
    if (answer.type === 'value') {
      if (answer.value.ok) isPublished = true
      else refusals.push(coreError(answer.value.error))
    } else if (answer.type !== 'absent') reasons.push(reasonOf(server, answer))
  }
  if (isPublished || refusals.some(isKnown)) return ok(id)
  const [first] = refusals
  if (first === undefined) throw servers.failure(reasons)
  // Where all outputs of a confirmed transaction are spent, Core only sees that its inputs are, too: by itself.
  if (SPENT.test(first.message) && (await outputs.isConfirmed(id))) return ok(id)
  return err(refusalOf(first.message))
}

/** Not every server takes packages, and none has to say the truth about one: what became of the child is asked for by itself. */
async function offer(servers: Servers, txs: readonly Tx[]): Promise<void> {
  const hexes = txs.map(tx => toHex(encodeTx(tx)))
  await Promise.all(servers.all.map(server => server.offer(hexes)))
}

function checked(said: Answer<Result<string, string>>, id: Txid): Answer<Result<string, string>> {
  if (said.type !== 'value' || !said.value.ok || said.value.value === id) return said
  return lie('another transaction id than that of what was published')
}

const isKnown = ({ code, message }: CoreError): boolean => code === ALREADY_IN_UTXO_SET || KNOWN.test(message)

/** Servers hand on what their bitcoind said: `sendrawtransaction RPC error: {"code":-26,"message":"…"}`, or the message alone. */
function coreError(text: string): CoreError {
  const said = text.replace(/^sendrawtransaction RPC error:?\s*/, '').trim()
  try {
    const parsed: unknown = JSON.parse(said)
    const { code, message } = Object(parsed) as { readonly code?: unknown; readonly message?: unknown }
    if (typeof message === 'string') return { code: typeof code === 'number' ? code : undefined, message }
  } catch {
    // No JSON: the message itself.
  }
  return { code: undefined, message: said }
}

/** Core writes `reason, details` in one line. */
function refusalOf(message: string): PublishRefusal {
  const [, reason = message, details] = /^(.*?), (.*)$/s.exec(message) ?? []
  return details === undefined ? { reason: quoted(reason) } : { reason: quoted(reason), details: quoted(details) }
}
