import type { Txid } from '../../base/index.ts'
import { txid } from '../../bitcoin/index.ts'
import type { Complaint, Observer, Turn, WatchedNode, WatchedWorld } from '../observer.ts'
import type { AskedPayment } from '../workload.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf } from './changedLinks.ts'
import { eventsOf } from './endedPayments.ts'

/**
 * What users have asked for is what happens: the amount that they named, once for each idempotency key however often they ask, and under
 * a token no more than its budget. Counted are the ends in the durable log.
 */
export function asked(world: World): Observer {
  const made = new Made()
  return {
    name: 'what was asked for',
    turn: (node, turn) => {
      if (!node.plan.isAdversary) made.turn(node, turn)
      return undefined
    },
    replied: (node, _request, reply) => {
      if (node.plan.isAdversary || reply.type !== 'token') return undefined
      const { spentMsat, budgetMsat, id } = reply.token
      return budgetMsat !== undefined && spentMsat > budgetMsat ? `token ${id} is beyond its budget` : undefined
    },
    rest: () => {
      for (const node of world.honest) {
        if (world.lost.has(node)) continue
        const paid = paidBy(node)
        const payments = world.workload.asked.filter(({ payer }) => payer === node)
        const complaint =
          amountComplaint(world, node, payments) ??
          onceComplaint(node, payments, paid) ??
          budgetComplaint(world, node, payments, paid)
        if (complaint !== undefined) return complaint
      }
      return made.complaint(world)
    },
  }
}

/** What left for each payment hash, by the log. */
type Paid = ReadonlyMap<string, bigint>

function paidBy(node: WatchedNode): Paid {
  const paid = new Map<string, bigint>()
  for (const event of eventsOf(node)) {
    if (event.type !== 'payment_sent') continue
    const { paymentHash, amountMsat, feeMsat } = event.payment
    paid.set(paymentHash, (paid.get(paymentHash) ?? 0n) + amountMsat + feeMsat)
  }
  return paid
}

function amountComplaint(world: World, node: WatchedNode, payments: readonly AskedPayment[]): Complaint {
  for (const { amountMsat, reply, payee } of payments) {
    if (reply?.type !== 'payment' || reply.payment.amountMsat === amountMsat) continue
    const { amountMsat: paidMsat, paymentHash } = reply.payment
    // Of an invoice that somebody else has paid as well a part is enough: the payee has all of it, and more. What others have, nobody knows.
    const isSilent = payee.plan.isAdversary || world.lost.has(payee)
    if (paidMsat < amountMsat && (isSilent || world.honest.some(each => hasReceived(each, paymentHash, amountMsat))))
      continue
    return `a user of ${node.name} wanted to pay ${amountMsat} msat, and it was a payment of ${paidMsat} msat`
  }
  return undefined
}

function hasReceived(node: WatchedNode, hash: string, amountMsat: bigint): boolean {
  return eventsOf(node).some(
    event =>
      event.type === 'payment_received' && event.payment.paymentHash === hash && event.payment.amountMsat >= amountMsat,
  )
}

function onceComplaint({ name }: WatchedNode, payments: readonly AskedPayment[], paid: Paid): Complaint {
  const first = new Map<string, string>()
  for (const { idempotencyKey: key, hash } of payments) {
    if (key === undefined || hash === undefined || !paid.has(hash)) continue
    const other = first.get(key)
    if (other !== undefined && other !== hash)
      return `${name} has paid twice for the idempotency key ${key}: ${other.slice(0, 8)} and ${hash.slice(0, 8)}`
    first.set(key, hash)
  }
  return undefined
}

function budgetComplaint(
  { workload }: World,
  { name }: WatchedNode,
  payments: readonly AskedPayment[],
  paid: Paid,
): Complaint {
  const hashes = new Map<string, Set<string>>()
  for (const { token, hash } of payments) {
    if (token === undefined || hash === undefined) continue
    const known = hashes.get(token) ?? new Set()
    hashes.set(token, known.add(hash))
  }
  for (const [token, all] of hashes) {
    const budget = workload.budgets.get(token)
    const spent = [...all].reduce((sum, hash) => sum + (paid.get(hash) ?? 0n), 0n)
    if (budget !== undefined && spent > budget)
      return `token ${token} of ${name} has a budget of ${budget} msat, and ${spent} msat were paid with it`
  }
  return undefined
}

/** What was made for each call with a key, whether or not it ever became durable. */
class Made {
  readonly #made = new Map<string, { readonly node: WatchedNode; readonly txids: Set<Txid> }>()

  turn(node: WatchedNode, turn: Turn): void {
    for (const input of turn.inputs) {
      if (input.type !== 'send_onchain' || input.idempotency === undefined) continue
      for (const effect of turn.effects)
        if (effect.type === 'publish' && effect.request === input.request)
          this.#note(node, `send ${input.idempotency.key}`, txid(effect.tx))
    }
    for (const { after } of changedLinks(turn)) {
      const key = after.opening?.idempotency?.key
      const channel = fundedOf(after)
      if (key !== undefined && channel !== undefined)
        this.#note(node, `open ${key}`, channel.durable.params.fundingOutpoint.txid)
    }
  }

  complaint({ chain, lost }: Pick<WatchedWorld, 'chain'> & { readonly lost: ReadonlySet<WatchedNode> }): Complaint {
    for (const [key, { node, txids }] of this.#made) {
      if (lost.has(node)) continue
      const real = [...txids].filter(id => chain.transaction(id) !== undefined)
      if (real.length > 1) return `${node.name} has done ${key} ${real.length} times: ${real.join(', ')}`
    }
    return undefined
  }

  #note(node: WatchedNode, what: string, id: Txid): void {
    const key = `${node.name} ${what}`
    const known = this.#made.get(key)
    if (known === undefined) this.#made.set(key, { node, txids: new Set([id]) })
    else known.txids.add(id)
  }
}
