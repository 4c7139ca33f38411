// node: what acts. The driver that runs a pure machine on real ports, and the choice of the fastest cryptography of this host.
// It must not know the protocol: what is to be done, the machine says. Start reading at driver.ts.
export { type CryptoReport, installBestBackends } from './crypto/installBestBackends.ts'
export { Driver, type DriverOptions, type InputResult, type Machine, type MachineStep } from './driver.ts'
export { BookendError, type BookendErrorCode, type BookendErrorOptions } from './error.ts'
export type {
  Balance,
  BookendNode,
  Cancellable,
  ChannelExplanation,
  ChannelInfo,
  CloseRequest,
  ClosingChannel,
  CreatedInvoice,
  ExplainedSpend,
  InvoiceRequest,
  NetworkName,
  NodeInfo,
  OpenedChannel,
  OpenRequest,
  PayRequest,
  PeerAddress,
  PeerInfo,
  Repeatable,
  SendRequest,
  TokenRequest,
} from './types.ts'
