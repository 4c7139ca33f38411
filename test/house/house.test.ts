import { describe, expect, it } from 'vitest'
import { RULES } from './rules.ts'
import { readProject } from './tree.ts'

// The house test: ARCHITECTURE.md as rules that complain in plain words, all complaints at once.
describe('the house', () => {
  const project = readProject()

  it('sees the project', () => {
    const paths = project.map(file => file.path)
    expect(paths).toContain('package.json')
    expect(paths).toContain('src/base/index.ts')
    expect(paths).toContain('.ci/run')
  })

  for (const [sentence, rule] of Object.entries(RULES)) {
    it(sentence, () => {
      const complaints = rule(project)
      expect(complaints, `\n${complaints.join('\n')}\n`).toHaveLength(0)
    })
  }
})
