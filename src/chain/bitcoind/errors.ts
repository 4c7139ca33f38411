import { ChainError } from '../../ports/index.ts'
import type { ChainNetwork } from '../networks.ts'

// The sentences that people read when bitcoind does not serve us. None of them knows the user or the password.

/** `host:port`. */
type Where = string

export function unreachable(where: Where, reason: string, cause?: unknown): ChainError {
  const message = `No bitcoind answers at ${where} (${reason}). Start it, or name another one with --chain.`
  return new ChainError('unreachable', message, { cause })
}

/** It answers, and asks to come back later. */
export function notReady(where: Where, reason: string): ChainError {
  return new ChainError('unreachable', `The bitcoind at ${where} is not ready yet (${reason}). Try again later.`)
}

export function badUrl(): ChainError {
  const message =
    'The address of bitcoind is not one that can be used. Expected http://user:password@host:port, with % codes for special ' +
    'characters in user and password.'
  return new ChainError('unreachable', message)
}

export function noLogin(where: Where): ChainError {
  const message =
    `There is no user and password for the bitcoind at ${where}. Write them into its address, ` +
    'http://user:password@host:port, or name its cookie file.'
  return new ChainError('unauthorized', message)
}

export function noCookie(file: string, reason: string): ChainError {
  const message = `The cookie file ${file} cannot be used (${reason}). bitcoind writes it when it starts: start it, or name the right file.`
  return new ChainError('unauthorized', message)
}

export function unauthorized(where: Where): ChainError {
  const message = `The bitcoind at ${where} does not accept the user and password. Compare them with its bitcoin.conf or its cookie file.`
  return new ChainError('unauthorized', message)
}

export function forbidden(where: Where, method: string): ChainError {
  const message = `The bitcoind at ${where} does not let us call ${method}. See -rpcallowip and -rpcwhitelist in its bitcoin.conf.`
  return new ChainError('unauthorized', message)
}

export function wrongNetwork(where: Where, asked: ChainNetwork, found: string): ChainError {
  const message = `The bitcoind at ${where} is on ${found}, and this node is on ${asked}. Name one on ${asked} with --chain.`
  return new ChainError('wrong_network', message)
}

/** `what` ends the sentence "The bitcoind at … answered … with …". */
export function badAnswer(where: Where, method: string, what: string): ChainError {
  const message = `The bitcoind at ${where} answered ${method} with ${what}. Is it a Bitcoin Core, and the right port?`
  return new ChainError('bad_answer', message)
}

export function pruned(where: Where, block: string): ChainError {
  const message =
    `The bitcoind at ${where} has pruned block ${block}, which is needed. Start one without -prune, or with a larger one; what ` +
    'was pruned comes back with -reindex.'
  return new ChainError('pruned', message)
}
