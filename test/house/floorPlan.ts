/** The floor of each room. A room imports only rooms on lower floors. ARCHITECTURE.md draws the same plan. */
export const FLOOR_OF_ROOM: Readonly<Record<string, number>> = {
  base: 0,
  crypto: 1,
  bitcoin: 2,
  wire: 2,
  keys: 3,
  noise: 3,
  onion: 3,
  commitment: 4,
  gossip: 4,
  invoice: 4,
  wallet: 4,
  channel: 5,
  onchain: 5,
  routing: 5,
  link: 6,
  payment: 6,
  peer: 6,
  watchtower: 6,
  engine: 7,
  ports: 8,
  chain: 9,
  net: 9,
  regtest: 9,
  storage: 9,
  node: 10,
  api: 11,
  sim: 11,
  cli: 12,
}

/** Rooms up to this floor are pure: no Node, no DOM, no clock, no entropy, no promise. */
const LAST_PURE_FLOOR = 7

export const isPureRoom = (room: string): boolean =>
  (FLOOR_OF_ROOM[room] ?? Number.POSITIVE_INFINITY) <= LAST_PURE_FLOOR
export const PURE_ROOMS: readonly string[] = Object.keys(FLOOR_OF_ROOM).filter(isPureRoom)

/** The file that others enter a room by. The command line has no importers: the launcher enters it at main.ts. */
export const doorOf = (room: string): string => `src/${room}/${room === 'cli' ? 'main.ts' : 'index.ts'}`

/** Which rooms may import which package, so that each library has one place where it is known. */
export const ROOMS_OF_PACKAGE: Readonly<Record<string, readonly string[]>> = {
  '@noble/ciphers': ['crypto'],
  '@noble/curves': ['crypto'],
  '@noble/hashes': ['crypto'],
  '@scure/base': ['bitcoin', 'invoice', 'node'],
  '@scure/bip32': ['wallet'],
  '@scure/bip39': ['keys'],
  '@bitauth/libauth': ['node'],
  secp256k1: ['node'],
  'bitcore-lib': ['regtest'],
  hono: ['api'],
  '@hono/node-server': ['api'],
  '@hono/zod-openapi': ['api'],
  zod: ['api'],
  commander: ['cli'],
  '@clack/prompts': ['cli'],
  uqr: ['cli'],
}

/** Lines of a file in src/ and elsewhere: a list of test cases may be longer than an idea. */
export const LONGEST_SOURCE = 400
export const LONGEST_OTHER = 600

/** Files that are longer for a reason, and how long they may be. A number here only ever goes down. */
export const LONGER_FILES: Readonly<Record<string, { readonly lines: number; readonly why: string }>> = {}
