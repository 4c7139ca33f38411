// What has happened to others, and what may happen to us: each has mutants, or a reason why it has none.

export type ClassId = (typeof CLASSES)[number]['id']

export interface FaultClass {
  readonly id: string
  /** What goes wrong, in words. */
  readonly words: string
  /** The code cannot have it yet: the issue that brings what can go wrong. */
  readonly notYet?: { readonly issue: number; readonly brings: string }
  /** Not in the pure core alone, where the world looks: the test that guards it. */
  readonly guardedBy?: string
}

const REAL_CHAINS = { issue: 6, brings: 'real chains and their servers' }

export const CLASSES = [
  // Who attacks, and how.
  {
    id: 'malformed-messages',
    words: 'malformed, out-of-order and oversize messages',
    guardedBy: 'test/hostile/malformed.test.ts',
  },
  { id: 'wrong-signatures', words: 'signatures and secrets that are wrong or cannot be relayed are taken' },
  {
    id: 'exhaustion',
    words: 'processor time and memory spent on strangers',
    guardedBy: 'test/onion/bounded-work.test.ts',
  },
  { id: 'revoked-states', words: 'a revoked state goes unpunished, in part or as a whole' },
  { id: 'reorgs', words: 'a block that is undone leaves something stuck or lost' },
  { id: 'fee-spikes', words: 'fee spikes, pinning and stalling' },
  { id: 'lying-server', words: 'a chain server that lies or is stale', guardedBy: 'test/chain/esplora-lies.test.ts' },
  { id: 'crash-at-any-write', words: 'after a crash or a cut, what was stored or said is not what goes on' },
  {
    id: 'web-attacks',
    words: 'forged requests, DNS rebinding, scripts in memos',
    guardedBy: 'test/api/hostile.test.ts',
  },
  { id: 'concurrent-spends', words: 'a payment is made twice, or called failed while its end is unknown' },
  // What went wrong in the field.
  { id: 'funding-not-checked', words: 'the funding output is not looked at on the chain' },
  {
    id: 'preimage-for-forwarded-hash',
    words: 'the preimage of an invoice is released for a forwarded hash',
  },
  { id: 'dust-exposure', words: 'more and more dust that miners get at a close' },
  {
    id: 'block-parser',
    words: 'a block parser that is stricter than consensus',
    guardedBy: 'test/fullnode/claims.fullnode.ts',
  },
  { id: 'replacement-cycling', words: 'replacement cycling', guardedBy: 'test/onchain/replacement-cycling.test.ts' },
  { id: 'unlimited-openings', words: 'any number of channels that are never funded' },
  { id: 'races-at-open', words: 'races while a channel is opened' },
  {
    id: 'claimed-lengths',
    words: 'memory is taken by a length that a stranger claims',
    guardedBy: 'test/wire/messages.properties.test.ts',
  },
  {
    id: 'gossip-replies',
    words: 'gossip replies that are loaded as a whole',
    guardedBy: 'test/gossip/bolt07-queries.test.ts',
  },
  { id: 'endless-inboxes', words: 'inboxes without a limit in bytes', guardedBy: 'test/net/tcp.test.ts' },
  {
    id: 'decompression-bombs',
    words: 'a few bytes that decompress to very many',
    guardedBy: 'test/wire/bolt07-extended-queries.test.ts',
  },
  { id: 'failed-though-paid', words: 'an HTLC is failed, or never ends, although its preimage is known' },
  { id: 'preimages-in-one-place', words: 'preimages are looked for only in the local commitment' },
  { id: 'matched-by-hash', words: 'HTLCs are told apart by less than their direction and id' },
  { id: 'claims-not-split', words: 'a claim of many outputs is lost with one of them' },
  { id: 'fee-restarted', words: 'the fee starts from the bottom when claims are grouped anew' },
  { id: 'missed-deadlines', words: 'a deadline is not looked at again, or is the wrong one' },
  { id: 'later-preimage', words: 'a preimage that comes later breaks a set of claims, or is not claimed with' },
  { id: 'reserve-and-dust', words: 'the arithmetic of reserve, fee and dust' },
  { id: 'invoice-amount', words: 'the payer takes the amount from the invoice and not from its user' },
  {
    id: 'mixed-parts',
    words: 'parts of different payments are taken for one, or those of one are not answered together',
  },
  {
    id: 'believed-senders',
    words: 'what an onion says is believed: of its HTLC, of the invoice that it pays, or for the second time',
  },
  {
    id: 'believed-forwarders',
    words: 'the answer to an HTLC is believed: for the second time, or without a look at who has spoilt it',
  },
  { id: 'stale-connection', words: 'a stale connection goes on beside a new one' },
  {
    id: 'feerate-disagreement',
    words: 'a disagreement on feerates closes channels',
  },
  {
    id: 'after-a-failed-write',
    words: 'the process goes on after a write that failed',
    guardedBy: 'test/node/driver-crash.test.ts',
  },
  { id: 'torn-database', words: 'a database torn by a power loss', guardedBy: 'test/storage/sqlite-crashes.test.ts' },
  { id: 'old-database', words: 'an old copy of the database is started' },
  { id: 'signed-twice', words: 'two different states are signed under one number' },
  { id: 'reachable-asserts', words: 'a peer or a user can trip an assertion' },
  {
    id: 'behind-a-checksum',
    words: 'parsers that fuzzing never reaches behind a checksum',
    guardedBy: 'test/invoice/invoice.properties.test.ts',
  },
  { id: 'open-cors', words: 'any web page may call the API', guardedBy: 'test/api/hostile.test.ts' },
  { id: 'check-then-act', words: 'between a check and the act on it, something else acts' },
  { id: 'powerful-tokens', words: 'a token may spend more than its budget' },
  { id: 'poisoned-package', words: 'a dependency turns hostile', guardedBy: 'test/house/house.test.ts' },
  { id: 'mass-closes', words: 'channels that could live on are closed or stuck' },
  { id: 'time-dilation', words: 'a node that is kept from new blocks trusts its height', notYet: REAL_CHAINS },
  { id: 'jamming', words: 'HTLCs that never end hold up slots and money' },
] as const satisfies readonly FaultClass[]
