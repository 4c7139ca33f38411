import { defined, encode, fromHex, outPointKey, toHex, unreachable } from '../base/index.ts'
import { type Tx, txid, txWeight } from '../bitcoin/index.ts'
import { hintOf, justiceTx, MAX_BLOB_BYTES, openBlob } from './blob.ts'
import {
  type BlobPlace,
  blobKey,
  blobKeyOfTag,
  blobLength,
  blockKey,
  caseCodec,
  caseKey,
  clientKey,
  tagKey,
  useCodec,
} from './records.ts'
import type {
  FoundBlob,
  JusticeCase,
  TowerContext,
  TowerEffect,
  TowerInput,
  TowerState,
  TowerStep,
  TowerWrite,
} from './types.ts'

// The tower: keeps what clients give it, and punishes what a block shows.

interface Work {
  state: TowerState
  readonly context: TowerContext
  readonly writes: TowerWrite[]
  readonly effects: TowerEffect[]
}

/** One input for a tower. Total and pure: whatever comes in, the answer is a state, writes and effects. */
export function towerStep(state: TowerState, input: TowerInput, context: TowerContext): TowerStep {
  const work: Work = { state, context, writes: [], effects: [] }
  switch (input.type) {
    case 'put':
      keep(work, input)
      break
    case 'forget':
      forget(work, input)
      break
    case 'block_connected':
      connectBlock(work, input)
      break
    case 'block_disconnected':
      disconnectBlock(work)
      break
    case 'started':
      punish(work)
      break
    case 'end_of_turn':
      break
    default:
      unreachable(input)
  }
  return { next: work.state, writes: work.writes, effects: work.effects }
}

export const towerMachine = { step: towerStep, endOfTurn: { type: 'end_of_turn' } } as const

type InputOf<T extends TowerInput['type']> = Extract<TowerInput, { type: T }>

// What clients give.

function keep(work: Work, { connection, client, put, replaces }: InputOf<'put'>): void {
  const { sequence, isLast, blob } = put
  const complaint = refusal(work, { client, blob, replaces })
  if (complaint !== undefined) {
    work.effects.push({ type: 'send', connection, message: { type: 'tower_refuse', sequence, reason: complaint } })
    return
  }
  const place: BlobPlace = { client, tag: put.tag, hint: put.hint, sequence, part: put.part }
  work.writes.push({ type: 'put', key: blobKey(place), value: blob })
  work.writes.push({ type: 'put', key: tagKey(place), value: encode(blobLength, blob.length) })
  const isNew = replaces === undefined
  use(work, client, { blobs: isNew ? 1 : 0, bytes: blob.length - (replaces ?? 0) })
  // The cheat may have been faster.
  for (const { height, byHint } of work.state.recent) {
    const tx = byHint.get(toHex(put.hint))
    if (tx !== undefined) openCases(work, { tx, height, found: [{ client, blob }] })
  }
  punish(work)
  if (isLast) work.effects.push({ type: 'send', connection, message: { type: 'tower_ack', sequence } })
}

function refusal(
  { state, context: { limits, allowed } }: Work,
  {
    client,
    blob,
    replaces,
  }: { readonly client: JusticeCase['client']; readonly blob: Uint8Array; readonly replaces: number | undefined },
): string | undefined {
  if (allowed !== undefined && !allowed.has(client)) return 'this tower is for others: ask its owner to let you in'
  if (blob.length > MAX_BLOB_BYTES) return `a blob has at most ${MAX_BLOB_BYTES} bytes, got ${blob.length}`
  const known = state.clients.get(client)
  if (known === undefined && state.clients.size >= limits.maxClients)
    return 'this tower has as many clients as it can bear'
  const { blobs, bytes } = known ?? { blobs: 0, bytes: 0 }
  const isFull = bytes + blob.length - (replaces ?? 0) > limits.maxBytesPerClient || blobs >= limits.maxBlobsPerClient
  return isFull ? 'this tower keeps as much for you as it keeps for anybody' : undefined
}

function use(
  work: Work,
  client: JusticeCase['client'],
  more: { readonly blobs: number; readonly bytes: number },
): void {
  const { blobs, bytes } = work.state.clients.get(client) ?? { blobs: 0, bytes: 0 }
  const now = { blobs: Math.max(0, blobs + more.blobs), bytes: Math.max(0, bytes + more.bytes) }
  const clients = new Map(work.state.clients)
  if (now.blobs === 0) {
    clients.delete(client)
    work.writes.push({ type: 'delete', key: clientKey(client) })
  } else {
    clients.set(client, now)
    work.writes.push({ type: 'put', key: clientKey(client), value: encode(useCodec, now) })
  }
  work.state = { ...work.state, clients }
}

function forget(work: Work, { connection, client, forget: { sequence }, stored }: InputOf<'forget'>): void {
  let bytes = 0
  for (const [key, length] of stored) {
    bytes += length
    work.writes.push({ type: 'delete', key }, { type: 'delete', key: blobKeyOfTag(client, key) })
  }
  if (stored.size > 0) use(work, client, { blobs: -stored.size, bytes: -bytes })
  work.effects.push({ type: 'send', connection, message: { type: 'tower_ack', sequence } })
}

// What the chain shows.

function connectBlock(work: Work, { height, hash, transactions, found }: InputOf<'block_connected'>): void {
  const { limits } = work.context
  const blocks = [...work.state.blocks, { height, hash }]
  const byHint = new Map(transactions.map(tx => [toHex(hintOf(txid(tx))), tx]))
  const recent = [...work.state.recent, { height, byHint }].slice(-limits.recentBlocks)
  work.state = { ...work.state, blocks: blocks.slice(-limits.maxReorgDepth), recent }
  work.writes.push({ type: 'put', key: blockKey(height), value: fromHex(hash) })
  for (const gone of blocks.slice(0, -limits.maxReorgDepth))
    work.writes.push({ type: 'delete', key: blockKey(gone.height) })
  for (const tx of transactions) openCases(work, { tx, height, found: found.get(txid(tx)) ?? [] })
  for (const tx of transactions) spend(work, tx, height)
  forgetOver(work, height)
  punish(work)
}

function disconnectBlock(work: Work): void {
  const gone = work.state.blocks.at(-1)
  if (gone === undefined) return
  const { height } = gone
  work.state = {
    ...work.state,
    blocks: work.state.blocks.slice(0, -1),
    recent: work.state.recent.filter(block => block.height < height),
  }
  work.writes.push({ type: 'delete', key: blockKey(height) })
  for (const each of work.state.cases.values()) {
    if (each.spent === undefined || each.spent.height < height) continue
    const { spent: _undone, ...open } = each
    put(work, open)
  }
}

function openCases(
  work: Work,
  { tx, height, found }: { readonly tx: Tx; readonly height: number; readonly found: readonly FoundBlob[] },
): void {
  for (const { client, blob } of found) {
    const id = txid(tx)
    const opened = openBlob(id, blob)
    if (!opened.ok) {
      // A hint that fits by chance, or a client that stores what is of use to nobody.
      work.effects.push({
        type: 'tell',
        level: 'warn',
        message: `A blob of ${client} for ${id} cannot be used: ${opened.error.message}.`,
      })
      continue
    }
    const { destinationScript, outputs } = opened.value
    for (const output of outputs) {
      const held = tx.outputs[output.vout]
      const outpoint = { txid: id, vout: output.vout }
      if (held?.amountSat !== output.amountSat || work.state.cases.has(outPointKey(outpoint))) continue
      put(work, { client, outpoint, openedAt: height, destinationScript, output })
    }
    const count = outputs.length
    work.effects.push({
      type: 'tell',
      level: 'warn',
      message: `Block ${height} holds the revoked commitment ${id} of a channel of ${client}: ${count} of its outputs ${count === 1 ? 'is' : 'are'} taken for it.`,
    })
  }
}

function spend(work: Work, tx: Tx, height: number): void {
  for (const { outpoint } of tx.inputs) {
    const each = work.state.cases.get(outPointKey(outpoint))
    if (each === undefined) continue
    const isOurs = each.output.rungs.some((_, rung) => txid(txOf(each, rung)) === txid(tx))
    put(work, { ...each, spent: { height, isOurs } })
    work.effects.push({
      type: 'tell',
      level: isOurs ? 'info' : 'warn',
      message: isOurs
        ? `${each.output.amountSat} sat are taken for ${each.client}, in block ${height}, by ${txid(tx)}.`
        : `Output ${outPointKey(outpoint)} of a revoked commitment was taken by ${txid(tx)}, in block ${height}: ${each.client} has to look after it.`,
    })
  }
}

function forgetOver(work: Work, height: number): void {
  const { finalDepth, caseBlocks } = work.context.limits
  for (const each of work.state.cases.values()) {
    const { spent, openedAt, outpoint } = each
    const isOver = spent === undefined ? height >= openedAt + caseBlocks : height - spent.height + 1 >= finalDepth
    if (!isOver) continue
    const cases = new Map(work.state.cases)
    cases.delete(outPointKey(outpoint))
    work.state = { ...work.state, cases }
    work.writes.push({ type: 'delete', key: caseKey(outpoint) })
  }
}

function put(work: Work, each: JusticeCase): void {
  work.state = { ...work.state, cases: new Map(work.state.cases).set(outPointKey(each.outpoint), each) }
  work.writes.push({ type: 'put', key: caseKey(each.outpoint), value: encode(caseCodec, each) })
}

/** Again with each block, until another block holds the spend: at the rung that the market asks for, and a higher one where that waits. */
function punish(work: Work): void {
  const height = work.state.blocks.at(-1)?.height ?? 0
  for (const each of work.state.cases.values()) {
    if (each.spent !== undefined) continue
    const rung = rungOf(each, height, work.context)
    if (rung !== each.rung) put(work, { ...each, rung, since: height })
    work.effects.push({ type: 'publish', tx: txOf(each, rung) })
  }
}

/** Never lower than before: nodes would not take it. */
function rungOf(each: JusticeCase, height: number, { feeratePerKw, limits }: TowerContext): number {
  const { rungs } = each.output
  const last = rungs.length - 1
  const asked = rungs.findIndex(
    ({ feeSat }, rung) => feeSat * 1000n >= BigInt(feeratePerKw) * BigInt(txWeight(txOf(each, rung))),
  )
  const market = asked < 0 ? last : asked
  const { rung: before, since = height } = each
  if (before === undefined) return market
  const climbed = height >= since + limits.climbBlocks ? before + 1 : before
  return Math.min(last, Math.max(market, climbed))
}

function txOf({ outpoint, output, destinationScript }: JusticeCase, rung: number): Tx {
  const chosen = output.rungs[rung]
  // A blob without a rung for an output is refused when it is opened.
  return justiceTx(outpoint, output, defined(chosen, 'a case has the rung that it names'), destinationScript)
}
