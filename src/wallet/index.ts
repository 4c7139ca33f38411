// wallet: the coins of our own: BIP 84 keys, what blocks bring and take, which coins pay for what, signed P2WPKH transactions.
// It must not know channels, only that outputs are to be paid; nor how blocks and bytes come and go. Start reading at types.ts.
export { loadWallet } from './codec/records.ts'
export {
  type Balance,
  balanceOf,
  type CoinStanding,
  coinsAt,
  feeCoins,
  type KeyedCoin,
  type StandingCoin,
  standingCoins,
} from './coins.ts'
export { type AddressKey, type Branch, deriveAddressKey, type KeyPath, type WalletKeys, walletKeys } from './keys.ts'
export { DEFAULT_WALLET_LIMITS, reserveSat, type WalletLimits } from './limits.ts'
export { beatenTransactions } from './ownTransactions.ts'
export { freshChangeScript, type PaymentPlan, type PaymentRequest, planPayment, signPayment } from './payment.ts'
export { newWallet } from './state.ts'
export { walletStep } from './step.ts'
export type {
  Coin,
  Indexes,
  Lock,
  LockReason,
  OwnTx,
  Purpose,
  SeenIn,
  WalletContext,
  WalletEffect,
  WalletEvent,
  WalletFailure,
  WalletInput,
  WalletState,
  WalletStep,
  WalletWrite,
} from './types.ts'
