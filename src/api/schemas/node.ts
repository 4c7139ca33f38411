import { z } from 'zod'
import { sat } from '../../base/index.ts'
import { count, feerateIn, height, msatText, netAddress, nodeIdText, satText, text, txidText } from './values.ts'

// The node itself and its coins on chain.

export const info = z
  .object({
    nodeId: nodeIdText,
    network: z.enum(['regtest', 'signet', 'testnet4', 'bitcoin']),
    version: z.string(),
    blockHeight: height,
    synced: z.boolean().meta({ description: 'All blocks that the chain has told of are known, and it answers.' }),
    peers: count.meta({ description: 'Connected now.' }),
    channels: count.meta({ description: 'Open, opening and closing.' }),
    listening: netAddress.optional().meta({ description: 'Where peers reach the node, if it listens.' }),
    lastEvent: count.meta({ description: 'The number of the last event in the log; 0 before the first.' }),
    watchtowers: z.array(
      z.object({
        nodeId: nodeIdText,
        connected: z.boolean(),
        waiting: count.meta({ description: 'Revoked commitments that the tower does not have yet.' }),
        refusal: z.string().optional().meta({ description: 'Why it keeps no more, in its words.' }),
      }),
    ),
  })
  .meta({ id: 'Info' })
export type InfoJson = z.infer<typeof info>

export const address = z
  .object({ address: z.string().meta({ description: 'A P2WPKH address that nobody was given before.' }) })
  .meta({ id: 'Address' })
export type AddressJson = z.infer<typeof address>

export const balance = z
  .object({
    onchainConfirmedSat: satText,
    onchainUnconfirmedSat: satText,
    onchainImmatureSat: satText.meta({
      description: 'Mined coins that nobody may spend yet; no part of the confirmed sum.',
    }),
    onchainReservedSat: satText.meta({
      description: 'Kept back for the fees of open channels; part of the confirmed sum.',
    }),
    channelLocalMsat: msatText,
    channelRemoteMsat: msatText,
  })
  .meta({ id: 'Balance' })
export type BalanceJson = z.infer<typeof balance>

const ALL = 'all'
const amountOrAll = z
  .union([z.literal(ALL), satText], {
    error: 'expected an amount in satoshis as a string of decimal digits, or "all"',
  })
  .transform(amount => (amount === ALL ? ALL : sat(BigInt(amount))))

export const sendRequest = z
  .strictObject({
    address: text('an address on chain', { max: 128 }),
    amountSat: amountOrAll,
    feeratePerKw: feerateIn.optional(),
  })
  .meta({ id: 'SendRequest', description: '`all` leaves the reserve of open channels.' })
export type SendJson = z.input<typeof sendRequest>

export const sent = z.object({ txid: txidText }).meta({ id: 'Sent' })
export type SentJson = z.infer<typeof sent>

export const stopping = z.object({ stopping: z.literal(true) }).meta({ id: 'Stopping' })
export type StoppingJson = z.infer<typeof stopping>
