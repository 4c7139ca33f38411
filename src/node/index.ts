// node: what acts. The driver that runs the engine on real ports, and the choice of the fastest cryptography of this host.
// It must not know the protocol: what is to be done, the engine says. Start reading at driver.ts.
export { type CryptoReport, installBestBackends } from './crypto/installBestBackends.ts'
export { Driver, type DriverOptions, type InputResult } from './driver.ts'
