// wallet: the coins of our own: BIP 84 keys, what blocks bring and take, which coins pay for what, signed P2WPKH transactions.
// It must not know channels, only that outputs are to be paid; nor how blocks and bytes come and go. Start reading at types.ts.
export { type AddressKey, type Branch, deriveAddressKey, type KeyPath, type WalletKeys, walletKeys } from './keys.ts'
