import { z } from 'zod'
import { count, netAddress, nodeIdIn, nodeIdText } from './values.ts'

export const peerAddress = z
  .strictObject({
    nodeId: nodeIdIn,
    address: netAddress.optional().meta({ description: 'Needed unless the peer is connected or known.' }),
  })
  .meta({ id: 'PeerAddress' })
export type PeerAddressJson = z.input<typeof peerAddress>

export const connected = z.object({ nodeId: nodeIdText }).meta({ id: 'Connected' })
export type ConnectedJson = z.infer<typeof connected>

export const peer = z
  .object({
    nodeId: nodeIdText,
    connected: z.boolean(),
    outgoing: z.boolean().optional().meta({ description: 'We dialled it. Left out where it is not connected.' }),
    address: z.string().optional(),
    channels: count,
  })
  .meta({ id: 'Peer' })
export const peers = z.array(peer).meta({ id: 'Peers' })
export type PeerJson = z.infer<typeof peer>

export const peerPath = z.object({ nodeId: nodeIdIn })
