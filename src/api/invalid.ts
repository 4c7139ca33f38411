import type { z } from 'zod'
import { BookendError } from '../base/index.ts'
import { type Refusal, refusalOf } from './failures.ts'

/** Where a value stood, as people call it. */
const PLACE: Readonly<Record<string, string>> = {
  json: 'body',
  query: 'query',
  param: 'path',
  header: 'headers',
}

const MOST_TOLD = 5

/** What does not fit the schema, in words: which field of what, what was expected, what kind of thing came. */
export function invalidRequest(target: string, issues: readonly z.core.$ZodIssue[]): Refusal {
  const place = PLACE[target] ?? target
  const fields = [...new Set(issues.flatMap(fieldsOf))]
  const sentences = issues.slice(0, MOST_TOLD).map(issue => sentenceOf(issue, place))
  return refusalOf(
    new BookendError('bad_request', sentences.join(' '), {
      advice: 'GET /v1/openapi.json says what this route takes.',
      facts: { place, fields: fields.slice(0, MOST_TOLD).join(', ') },
    }),
  )
}

function sentenceOf(issue: z.core.$ZodIssue, place: string): string {
  const names = fieldsOf(issue).map(name => `\`${name}\``)
  if (issue.code === 'unrecognized_keys') return `The ${place} has unknown fields: ${names.join(', ')}.`
  const subject = names.length === 0 ? `The ${place}` : `The field ${names.join(', ')} of the ${place}`
  const separator = issue.message.startsWith('is ') ? ' ' : ': '
  return `${subject}${separator}${issue.message}.`
}

const LONGEST_NAME = 60

/** The names are the caller's own where they are unknown: shortened, so that the answer stays short. */
function fieldsOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MOST_TOLD).map(key => shortened([...issue.path, key].join('.')))
  return issue.path.length === 0 ? [] : [shortened(issue.path.join('.'))]
}

const shortened = (name: string): string => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name)
