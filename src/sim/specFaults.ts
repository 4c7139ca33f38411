// Mistakes in the specification itself, planted by the tests of the exploration, which has to find each of them, and by nothing else.
export type Fault =
  | 'signs while a revocation is awaited'
  | 'forgets signed updates at reestablish'
  | 'forgets decisions at reestablish'
  | 'sends again in the wrong order'
  | 'reveals the secret before the store'
  | 'forgets that it signed'
  | 'fulfils before it is irrevocable'
  | 'keeps uncommitted updates of the peer'
  | 'ends an HTLC when its removal is acknowledged'
  | 'publishes what it has revoked'
