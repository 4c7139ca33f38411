// bitcoin: transactions, scripts, signature hashes, addresses and weights, as plain data and functions over it.
// It must not know channels or Lightning. Start reading at tx.ts.
export type { Tx, TxIn, TxOut } from './tx.ts'
