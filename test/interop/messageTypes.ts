// The numbers of the messages that these tests count (BOLT 2).

const TYPES = {
  channel_ready: 36,
  shutdown: 38,
  closing_signed: 39,
  update_add_htlc: 128,
  update_fulfill_htlc: 130,
  update_fail_htlc: 131,
  commitment_signed: 132,
  revoke_and_ack: 133,
  update_fee: 134,
  update_fail_malformed_htlc: 135,
  channel_reestablish: 136,
} as const

export type NamedType = keyof typeof TYPES

// The keys are those of the table.
const NAMES = new Map(Object.entries(TYPES).map(([name, type]) => [type as number, name as NamedType]))

export function nameOfType(message: Uint8Array): NamedType | undefined {
  const [high = 0, low = 0] = message
  return NAMES.get(high * 256 + low)
}
