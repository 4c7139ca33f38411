import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/api/schemas/error.ts'
import { servedDocument, versionOfPackage } from './document.ts'

// The document of the API, by the OpenAPI Specification 3.1: served to everyone, whole, and the same as the one that is published.

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into at many depths, and a test fails where it has another shape.
type Json = any

const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  '/v1/info': ['get'],
  '/v1/addresses': ['post'],
  '/v1/balance': ['get'],
  '/v1/send': ['post'],
  '/v1/peers': ['get', 'post'],
  '/v1/peers/{nodeId}': ['delete'],
  '/v1/channels': ['get', 'post'],
  '/v1/channels/{channelId}': ['get'],
  '/v1/channels/{channelId}/explanation': ['get'],
  '/v1/channels/{channelId}/close': ['post'],
  '/v1/channels/{channelId}/policy': ['post'],
  '/v1/policies': ['get'],
  '/v1/invoices': ['get', 'post'],
  '/v1/invoices/settle': ['post'],
  '/v1/invoices/{paymentHash}': ['delete', 'get'],
  '/v1/decode': ['post'],
  '/v1/routes': ['post'],
  '/v1/graph': ['get'],
  '/v1/graph/channels': ['get'],
  '/v1/graph/nodes/{nodeId}': ['get'],
  '/v1/payments': ['get', 'post'],
  '/v1/payments/{paymentHash}': ['get'],
  '/v1/events': ['get'],
  '/v1/tokens': ['get', 'post'],
  '/v1/tokens/{id}': ['delete'],
  '/v1/backup': ['post'],
  '/v1/stop': ['post'],
}

const document: Json = await servedDocument()

/** Every object in the document, with the way to it. */
function* objects(value: Json, path = '#'): Generator<readonly [string, Json]> {
  if (typeof value !== 'object' || value === null) return
  yield [path, value]
  for (const [key, part] of Object.entries(value)) yield* objects(part, `${path}/${key.replaceAll('/', '~1')}`)
}

const at = (pointer: string): Json =>
  pointer
    .split('/')
    .slice(1)
    .reduce((value, key) => value?.[key.replaceAll('~1', '/')], document)

const operations = (): readonly (readonly [string, Json])[] =>
  Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  )

describe('the document', () => {
  it('is OpenAPI 3.1 of this version', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: 'Bookend', version: versionOfPackage() })
  })

  it('is the one in docs/openapi.json: after a change run test/api/writeOpenApi.ts', () => {
    const published = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8')
    expect(JSON.parse(published)).toEqual(document)
  })

  it('has every route, and no other', () => {
    const methods = Object.entries<Json>(document.paths).map(([path, item]) => [path, Object.keys(item).sort()])
    expect(Object.fromEntries(methods)).toEqual(OPERATIONS)
  })

  it('gives each operation a name of its own, a summary, a success and the shape of failures', () => {
    const names = operations().map(([where, { operationId, summary, responses, security }]) => {
      expect(summary, where).toMatch(/\.$/)
      expect(Object.keys(responses), where).toEqual([expect.stringMatching(/^20[024]$/), 'default'])
      expect(responses.default.content['application/json'].schema, where).toEqual({
        $ref: '#/components/schemas/Error',
      })
      expect(security, where).toEqual([{ bearer: expect.arrayContaining(['admin']) }])
      return operationId
    })
    expect(new Set(names).size).toBe(names.length)
  })

  it('declares each parameter in a path, and the one key of each call that moves money', () => {
    for (const [where, { parameters = [] }] of operations()) {
      const inPath = parameters.filter((parameter: Json) => parameter.in === 'path')
      expect(inPath.map(({ name }: Json) => `{${name}}`)).toEqual(where.match(/\{\w+\}/g) ?? [])
      expect(inPath.every((parameter: Json) => parameter.required)).toBe(true)
    }
    const keyed = operations().filter(([, { parameters = [] }]) =>
      parameters.some(({ name }: Json) => name === 'Idempotency-Key'),
    )
    expect(keyed.map(([where]) => where).sort()).toEqual(['post /v1/channels', 'post /v1/payments', 'post /v1/send'])
  })

  it('has references that lead somewhere, and no schema that nobody uses', () => {
    const used = new Set<string>()
    for (const [path, { $ref }] of objects(document)) {
      if ($ref === undefined) continue
      used.add($ref)
      expect(at($ref), `${path} refers to ${$ref}`).toBeTypeOf('object')
    }
    const unused = Object.keys(document.components.schemas).filter(name => !used.has(`#/components/schemas/${name}`))
    expect(unused).toEqual([])
  })

  it('says of each amount that it is text, and of each request that it takes nothing unknown', () => {
    const schemas: Record<string, Json> = document.components.schemas
    for (const [path, { properties = {} }] of objects(schemas)) {
      for (const [name, schema] of Object.entries<Json>(properties)) {
        if (!/(Sat|Msat)$/.test(name)) continue
        expect(JSON.stringify(schema), `${path} ${name}`).toMatch(/schemas\/(Sat|Msat)"|^\{"type":"string","pattern":/)
      }
    }
    expect([schemas.Sat?.type, schemas.Msat?.type]).toEqual(['string', 'string'])
    for (const [where, { requestBody }] of operations()) {
      const $ref = requestBody?.content['application/json'].schema.$ref
      if ($ref !== undefined) expect(at($ref).additionalProperties, where).toBe(false)
    }
  })

  it('knows every code of an error and every type of an event', () => {
    expect(document.components.schemas.ErrorCode.enum).toEqual([...ERROR_CODES])
    const { mapping } = document.components.schemas.Event.discriminator
    expect(Object.keys(mapping)).toHaveLength(17)
    for (const [type, $ref] of Object.entries<string>(mapping)) expect(at($ref).properties.type.enum).toEqual([type])
  })
})
