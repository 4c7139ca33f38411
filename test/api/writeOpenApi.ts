import { writeFileSync } from 'node:fs'
import { servedDocument } from './document.ts'

// Writes docs/openapi.json as the API serves it. Run it after a change of a schema or a route:
//   node test/api/writeOpenApi.ts && npx biome format --write docs/openapi.json

const document = await servedDocument()
writeFileSync(new URL('../../docs/openapi.json', import.meta.url), `${JSON.stringify(document, null, 2)}\n`)
