import { readFileSync } from 'node:fs'

// The write-ahead log of SQLite, read by hand (sqlite.org/fileformat2.html, section 4): a header of 32 bytes, then frames with
// a header of 24 bytes and one page each. The last frame of a transaction says how large the database is after it.

/** How many transactions the log of a store holds. A log that has been started again holds older ones behind the new. */
export function transactionsInLog(file: string): number {
  const log = readFileSync(`${file}-wal`)
  if (log.length < 32) return 0
  const salts = log.subarray(16, 24)
  const frame = 24 + log.readUInt32BE(8)
  let transactions = 0
  for (let at = 32; at + frame <= log.length && log.subarray(at + 8, at + 16).equals(salts); at += frame) {
    if (log.readUInt32BE(at + 4) > 0) transactions++
  }
  return transactions
}
