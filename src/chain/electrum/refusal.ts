/** ElectrumX and Fulcrum set this before what Core said, and ElectrumX the transaction behind it. */
const REJECTED = /^the transaction was rejected by network rules\.\s*(.*?)\s*(?:\[[0-9a-f]*\])?$/is
/** Electrs sets this before it. */
const RPC_ERROR = /^sendrawtransaction RPC error(?: (-?\d+))?: (.*)$/is

/** What its Core said, without what servers write around it. */
export function wordsOfCore(refusal: string): string {
  const text = refusal.trim()
  return REJECTED.exec(text)?.[1] ?? RPC_ERROR.exec(text)?.[2] ?? text
}
