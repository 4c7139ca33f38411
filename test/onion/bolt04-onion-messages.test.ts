import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encode, fromHex, msat, type NodeId, nodeId, toHex } from '../../src/base/index.ts'
import { ecdh, publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  type BlindedPath,
  blindedPathCodec,
  buildOnion,
  buildOnionMessage,
  createBlindedPath,
  encodeRecipientData,
  type MessagePlan,
  type OnionMessageContent,
  type OnionMessageFields,
  openOnionMessage,
  type RecipientData,
} from '../../src/onion/index.ts'
import { deriveKey } from '../../src/onion/keys.ts'
import { decodeMessage, encodeMessage, featureBits, shortChannelId } from '../../src/wire/index.ts'
import vectors from './bolt04-blinded-onion-message.vectors.json' with { type: 'json' }
import { arbitraryUnknown, errorOf, idOf, NOTHING, okOf, secret, spoil } from './fixture.ts'
import { dataOf } from './recipientData.ts'

describe.each(vectors.cases)('BOLT 4, blinded onion message test vector: $name', vector => {
  const nodes = vector.decrypt.map(({ nodePrivateKey }) => fromHex(nodePrivateKey))
  const hops = vector.hops.map(({ tlvs }, i) => ({ nodeId: idOf(nodes[i] ?? NOTHING), data: dataOf(tlvs) }))
  const [alice, bob] = vector.hops
  const pathSecret = fromHex(alice?.pathKeySecret ?? '')
  const content = { unknown: [{ type: 1n, value: new TextEncoder().encode('hello') }] }
  const received = vector.decrypt.map(({ onionMessage }) => okOf(decodeMessage(fromHex(onionMessage))))

  // Alice's part is ours, the rest is the path that Dave gave us.
  const given = okOf(createBlindedPath({ pathSecret: fromHex(bob?.pathKeySecret ?? ''), hops: hops.slice(1) }))
  const plan: MessagePlan = {
    sessionKey: fromHex(vector.sessionKey),
    pathSecret,
    intermediateNodes: hops.slice(0, 1).map(({ nodeId }) => nodeId),
    destination: { type: 'path', path: given },
    content,
  }

  test('has these paths', () => {
    const own = okOf(createBlindedPath({ pathSecret, hops: hops.slice(0, 1) }))
    expect({ ...own, path: [...own.path, ...given.path] }).toEqual({
      firstNodeId: vector.route.firstNodeId,
      firstPathKey: fromHex(vector.route.firstPathKey),
      path: vector.route.hops.map(hop => ({
        blindedNodeId: hop.blindedNodeId,
        encryptedRecipientData: fromHex(hop.encryptedRecipientData),
      })),
    })
  })

  test('has these keys and this data', () => {
    for (const [i, hop] of vector.hops.entries()) {
      const sharedSecret = ecdh(fromHex(hop.pathKey), nodes[i] ?? NOTHING) ?? NOTHING
      expect(toHex(sharedSecret)).toBe(hop.sharedSecret)
      expect(toHex(deriveKey('rho', sharedSecret))).toBe(hop.rho)
      expect(toHex(deriveKey('blinded_node_id', sharedSecret))).toBe(hop.blindingFactor)
      expect(toHex(encodeRecipientData(hops[i]?.data ?? {}))).toBe(hop.encryptedDataTlv)
    }
  })

  test('builds the message for the first node', () => {
    const { firstNodeId, message } = okOf(buildOnionMessage(plan))
    expect(firstNodeId).toBe(vector.route.firstNodeId)
    expect(toHex(message.onionMessagePacket)).toBe(vector.onionMessage.onionMessagePacket)
    expect(toHex(encodeMessage({ type: 'onion_message', ...message }))).toBe(vector.decrypt[0]?.onionMessage)
  })

  test('takes it from node to node', () => {
    expect(received).toHaveLength(4)
    for (const [i, message] of received.entries()) {
      if (message.type !== 'onion_message') throw new Error('expected an onion message')
      const opened = okOf(openOnionMessage({ message, nodeSecret: nodes[i] ?? NOTHING }))
      if (opened.type === 'final') {
        expect(i).toBe(3)
        expect(opened).toEqual({ type: 'final', content, pathId: hops[3]?.data.pathId })
        return
      }
      expect(opened.nextHop).toEqual({ type: 'node', nodeId: vector.decrypt[i]?.nextNodeId })
      expect({ type: 'onion_message', ...opened.message }).toEqual(received[i + 1])
    }
    throw new Error('the message never arrived')
  })
})

const nodeSecrets = [secret(1), secret(2), secret(3), secret(4)]
const ids = nodeSecrets.map(idOf)
const sessionKey = secret(0x55)
const pathSecret = secret(0x66)

/** Hands a message from node to node, whoever it names, until it is opened for the last time. */
function deliver(firstNodeId: NodeId, first: OnionMessageFields) {
  let to = firstNodeId
  let message = first
  const passed: NodeId[] = []
  for (;;) {
    passed.push(to)
    const opened = okOf(openOnionMessage({ message, nodeSecret: nodeSecrets[ids.indexOf(to)] ?? NOTHING }))
    if (opened.type === 'final') return { ...opened, passed }
    if (opened.nextHop.type !== 'node') throw new Error('these paths name nodes')
    to = opened.nextHop.nodeId
    message = opened.message
  }
}

const plan = (changes: Partial<MessagePlan>): MessagePlan => ({
  sessionKey,
  pathSecret,
  intermediateNodes: [],
  destination: { type: 'node', nodeId: ids[3] ?? ('' as NodeId) },
  content: { invoiceRequest: fromHex('abcd') },
  ...changes,
})

/** A path of node 2, 3 and 4, the last one twice: the second time is for show. */
const givenPath: BlindedPath<NodeId> = okOf(
  createBlindedPath({
    pathSecret: secret(0x77),
    hops: [
      { nodeId: ids[1] ?? ('' as NodeId), data: { nextNodeId: ids[3] ?? ('' as NodeId) } },
      { nodeId: ids[3] ?? ('' as NodeId), data: { nextNodeId: ids[3] ?? ('' as NodeId) } },
      { nodeId: ids[3] ?? ('' as NodeId), data: { pathId: secret(9) } },
    ],
  }),
)

describe('building a message', () => {
  const content: OnionMessageContent = { invoiceRequest: fromHex('abcd'), replyPath: givenPath }

  test('to a peer, straight', () => {
    const { firstNodeId, message } = okOf(buildOnionMessage(plan({ content })))
    expect(deliver(firstNodeId, message)).toEqual({ type: 'final', content, pathId: undefined, passed: [ids[3]] })
  })

  test('to a node behind others, whose data has one length', () => {
    const { firstNodeId, message } = okOf(buildOnionMessage(plan({ content, intermediateNodes: ids.slice(0, 3) })))
    expect(message.onionMessagePacket).toHaveLength(1366)
    expect(deliver(firstNodeId, message)).toEqual({ type: 'final', content, pathId: undefined, passed: ids })
  })

  test('along a path that we were given, from its first node or through others', () => {
    const destination = { type: 'path', path: givenPath } as const
    const straight = okOf(buildOnionMessage(plan({ content, destination })))
    expect(straight.message.pathKey).toEqual(givenPath.firstPathKey)
    expect(deliver(straight.firstNodeId, straight.message)).toMatchObject({
      content,
      pathId: secret(9),
      passed: [ids[1], ids[3], ids[3]],
    })
    const intermediateNodes = [ids[0], ids[2]].flatMap(id => id ?? [])
    const through = okOf(buildOnionMessage(plan({ content, destination, intermediateNodes })))
    expect(deliver(through.firstNodeId, through.message)).toMatchObject({
      content,
      pathId: secret(9),
      passed: [ids[0], ids[2], ids[1], ids[3], ids[3]],
    })
  })

  test('in a large packet where the content does not fit the one of a payment, and not above that', () => {
    const of = (length: number) => buildOnionMessage(plan({ content: { invoice: new Uint8Array(length) } }))
    const lengths = new Set<number>()
    for (const length of [1000, 1220, 1300, 32_000]) {
      const { firstNodeId, message } = okOf(of(length))
      lengths.add(message.onionMessagePacket.length)
      expect(deliver(firstNodeId, message).content).toEqual({ invoice: new Uint8Array(length) })
    }
    expect(lengths).toEqual(new Set([1366, 32_834]))
    expect(errorOf(of(33_000))).toMatchObject({ code: 'payloads_too_long' })
  })

  test('fails where a node id is no point, in our part or in the path', () => {
    const bad = `02${'ff'.repeat(32)}` as NodeId
    expect(errorOf(buildOnionMessage(plan({ intermediateNodes: [bad] })))).toMatchObject({ code: 'invalid_node_id' })
    const path = { ...givenPath, path: [{ blindedNodeId: bad, encryptedRecipientData: NOTHING }] }
    const destination = { type: 'path', path } as const
    expect(errorOf(buildOnionMessage(plan({ destination })))).toMatchObject({ code: 'invalid_node_id' })
  })
})

/** A message whose payload for us is this, with the data of our hop behind `04`; we pass it on, or it ends with us. */
function messageWith(data: RecipientData, hex: (encrypted: string) => string, final: boolean): OnionMessageFields {
  const hops = nodeSecrets.slice(0, 2).map(node => ({ nodeId: idOf(node), data }))
  const { firstPathKey, path } = okOf(createBlindedPath({ pathSecret, hops }))
  const encrypted = path[0]?.encryptedRecipientData ?? NOTHING
  const record = `04${encrypted.length.toString(16).padStart(2, '0')}${toHex(encrypted)}`
  const payloads = [fromHex(hex(record)), ...(final ? [] : [fromHex('0400')])]
  const onionHops = payloads.map((payload, i) => ({ nodeId: nodeId(fromHex(path[i]?.blindedNodeId ?? '')), payload }))
  const { packet } = okOf(buildOnion({ sessionKey, associatedData: NOTHING, hops: onionHops }))
  return { pathKey: firstPathKey, onionMessagePacket: packet }
}

describe('a message that came', () => {
  const nodeSecret = secret(1)
  const open = (message: OnionMessageFields) => openOnionMessage({ message, nodeSecret })
  const next: RecipientData = { nextNodeId: idOf(secret(2)) }
  const scid = shortChannelId({ blockHeight: 1, txIndex: 2, outputIndex: 3 })

  test('is passed on to a node, or else through a channel', () => {
    const forwarded = (data: RecipientData) => okOf(open(messageWith(data, record => record, false)))
    expect(forwarded(next)).toMatchObject({ type: 'forward', nextHop: { type: 'node', nodeId: idOf(secret(2)) } })
    expect(forwarded({ shortChannelId: scid })).toMatchObject({ nextHop: { type: 'channel', shortChannelId: scid } })
    expect(forwarded({ ...next, shortChannelId: scid })).toMatchObject({ nextHop: { type: 'node' } })
    const override = publicKeyFromSecret(secret(8))
    expect(forwarded({ ...next, nextPathKeyOverride: override })).toMatchObject({ message: { pathKey: override } })
  })

  test('keeps for the last hop what the protocol does not know', () => {
    const opened = okOf(open(messageWith({ pathId: secret(9) }, record => `010568656c6c6f${record}4402abcd`, true)))
    expect(opened).toEqual({
      type: 'final',
      content: { invoiceError: fromHex('abcd'), unknown: [{ type: 1n, value: fromHex('68656c6c6f') }] },
      pathId: secret(9),
    })
  })

  test.each<readonly [string, RecipientData, (record: string) => string]>([
    [
      'a reply path',
      next,
      record =>
        `02${toHex(Uint8Array.of(encode(blindedPathCodec, givenPath).length))}${toHex(encode(blindedPathCodec, givenPath))}${record}`,
    ],
    ['content', next, record => `${record}4002abcd`],
    ['an odd record that nobody knows', next, record => `${record}0500`],
    ['an even record that nobody knows', next, record => `${record}0600`],
    ['no data', next, () => '0500'],
  ])('is not passed on with %s in its payload', (_, data, hex) => {
    expect(errorOf(open(messageWith(data, hex, false)))).toMatchObject({
      code: 'invalid_payload',
      message: expect.stringContaining('BOLT 4, onion messages'),
    })
  })

  test.each<readonly [string, RecipientData]>([
    ['no next hop', {}],
    ['a path id', { ...next, pathId: NOTHING }],
    ['an allowed feature, which nobody knows', { ...next, allowedFeatures: featureBits(1) }],
  ])('is not passed on with %s in its data', (_, data) => {
    expect(errorOf(open(messageWith(data, record => record, false)))).toMatchObject({ code: 'invalid_recipient_data' })
  })

  test('may be passed on with data that has no meaning for messages', () => {
    const paymentConstraints = { maxCltvExpiry: 1, htlcMinimumMsat: msat(1) }
    const data = { ...next, allowedFeatures: NOTHING, paymentConstraints, padding: new Uint8Array(3) }
    expect(okOf(open(messageWith(data, record => record, false))).type).toBe('forward')
  })

  test.each<readonly [string, (record: string) => string]>([
    ['two contents', record => `${record}400042${'00'}`],
    ['three contents', record => `${record}400042004400`],
    ['no data', () => '4000'],
    ['an even record that nobody knows', record => `${record}4600`],
    ['a reply path without hops', record => `0243${toHex(publicKeyFromSecret(secret(1))).repeat(2)}00${record}`],
    ['bytes that are no stream', record => `${record}40ff`],
  ])('does not end with %s in its payload', (_, hex) => {
    expect(errorOf(open(messageWith({}, hex, true)))).toMatchObject({ code: 'invalid_payload' })
  })

  test('is ignored when its data is for somebody else, or its packet is', () => {
    expect(errorOf(open(messageWith({}, () => '0403abcdef', true)))).toMatchObject({ code: 'invalid_recipient_data' })
    const message = messageWith(next, record => record, false)
    for (const wrong of [
      { ...message, pathKey: publicKeyFromSecret(secret(8)) },
      { ...message, pathKey: new Uint8Array(33) },
      { ...message, onionMessagePacket: spoil(message.onionMessagePacket, 100) },
      { ...message, onionMessagePacket: NOTHING },
    ]) {
      expect(errorOf(open(wrong))).toMatchObject({ code: 'invalid_packet' })
    }
  })
})

describe('properties', () => {
  test('what was sent is what arrives, through 0 to 8 nodes', () => {
    const content: fc.Arbitrary<OnionMessageContent> = fc.oneof(
      fc.record({ invoiceRequest: fc.uint8Array({ maxLength: 2000 }), replyPath: fc.constant(givenPath) }),
      fc.record({ invoice: fc.uint8Array({ maxLength: 2000 }) }),
      fc.record({ unknown: arbitraryUnknown(70n).filter(({ length }) => length > 0) }),
    )
    const route = fc.array(fc.constantFrom(...ids), { maxLength: 8 })
    fc.assert(
      fc.property(content, route, (content, intermediateNodes) => {
        const { firstNodeId, message } = okOf(buildOnionMessage(plan({ content, intermediateNodes })))
        expect(deliver(firstNodeId, message)).toEqual({
          type: 'final',
          content,
          pathId: undefined,
          passed: [...intermediateNodes, ids[3]],
        })
      }),
      { numRuns: 20 },
    )
  })

  test('any message is opened or ignored without a throw', () => {
    const bytes = fc.uint8Array({ minLength: 33, maxLength: 33 })
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 2000 }), (pathKey, onionMessagePacket) => {
        expect(openOnionMessage({ message: { pathKey, onionMessagePacket }, nodeSecret: secret(1) }).ok).toBe(false)
      }),
    )
  })
})
