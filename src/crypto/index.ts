// crypto: the door to every cryptographic primitive. Callers import functions from here and never name a library.
// It starts with the pure backend and knows nothing of Node; a host installs the native or WASM one (`installBackends`).
export type { HashBackend, Secp256k1Backend } from './backend.ts'
