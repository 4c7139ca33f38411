/** Why gossip was not taken. `ignore`: nothing is said; `warn`: the peer is told; `close_connection`: that, and it goes. */
export interface GossipFailure {
  readonly severity: 'ignore' | 'warn' | 'close_connection'
  readonly code: GossipFailureCode
  readonly message: string
}

export type GossipFailureCode =
  | 'other_chain'
  | 'invalid_signature'
  | 'node_order'
  | 'known_already'
  | 'too_few_confirmations'
  | 'blacklisted'
  | 'refused_by_chain'
  | 'too_long'
  | 'too_many'
  | 'unknown_channel'
  | 'unknown_node'
  | 'not_newer'
  | 'timestamp'
  | 'spent'
  | 'amount'
  | 'private'
  | 'rate'
  | 'addresses'
  | 'query_under_way'
  | 'not_asked'
  | 'not_ours'

export function ignored(code: GossipFailureCode, message: string): GossipFailure {
  return { severity: 'ignore', code, message }
}

export function warned(code: GossipFailureCode, message: string): GossipFailure {
  return { severity: 'warn', code, message }
}

export function closing(code: GossipFailureCode, message: string): GossipFailure {
  return { severity: 'close_connection', code, message }
}
