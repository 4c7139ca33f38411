// The error of the public door stands in base, where a client in a browser can have it without a node.
export { BookendError, type BookendErrorCode, type BookendErrorOptions } from '../base/index.ts'
