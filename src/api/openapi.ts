import type { ApiApp } from './routes/desk.ts'

const DESCRIPTION = `Everything that the command line does. Amounts are decimal strings, and their key ends in the unit; absent values are
left out. Every failure has one shape, with a stable code, a sentence, and what to do about it. Calls that move money take an
\`Idempotency-Key\`: repeated with the same key they are carried out once.`

export type OpenApiDocument = ReturnType<ApiApp['getOpenAPI31Document']>

/** The document of all routes, out of the same schemas that check the requests. */
export function openApiDocument(app: ApiApp, version: string): OpenApiDocument {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description:
      'The secret in the data directory, or the secret of a token. The scopes beside each route say which tokens it serves.',
  })
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Bookend',
      version,
      description: DESCRIPTION.replaceAll('\n', ' '),
      license: { name: 'MIT' },
    },
    servers: [{ url: '/' }],
  })
}
