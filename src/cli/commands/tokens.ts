import type { Command } from 'commander'
import type { TokenJson } from '../../api/index.ts'
import { type NodeOptions, newCommand, nodeCommand } from '../command.ts'
import { answer, type Column, facts, table } from '../print.ts'
import { usage } from '../problems.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { msatTyped } from '../typed.ts'
import { msatInSat, shortened, timeOf } from '../words.ts'

const SCOPES = ['read', 'invoice', 'spend', 'admin'] as const
type Scope = (typeof SCOPES)[number]

const HELP = `
What a token may do:
  read     look at everything
  invoice  be paid: make invoices, settle and cancel them
  spend    pay and send, up to its budget in all
  admin    everything`

export function tokensCommand(shell: Shell): Command {
  return newCommand(shell, 'tokens', 'keys to the API that may do less than everything')
    .addCommand(createCommand(shell))
    .addCommand(listCommand(shell))
    .addCommand(revokeCommand(shell))
}

interface CreateOptions extends NodeOptions {
  readonly scope?: string
  readonly budgetMsat?: string
}

function createCommand(shell: Shell): Command {
  return nodeCommand(shell, 'create', 'make a token; its secret is shown once')
    .argument('<name>', 'what it is for')
    .requiredOption('--scope <list>', `what it may do: ${SCOPES.join(', ')}, or several with commas between them`)
    .option('--budget-msat <msat>', 'what it may spend in all, fees included; needed with spend')
    .addHelpText('after', HELP)
    .action((name: string, { scope = '', budgetMsat, ...options }: CreateOptions) => {
      const scopes = scopesTyped(scope)
      const budget = budgetMsat === undefined ? {} : { budgetMsat: msatTyped(budgetMsat, '--budget-msat') }
      return atNode(shell, options, async ({ node, signal }) => {
        const made = await node.createToken({ name, scopes, ...budget, signal })
        answer(shell, made, paint =>
          facts(
            [
              ['secret', `${paint('strong', made.secret)}  (shown this once)`],
              ['id', made.token.id],
              ['may', made.token.scopes.join(', ')],
              ['budget', budgetOf(made.token)],
            ],
            paint,
          ),
        )
      })
    })
}

function listCommand(shell: Shell): Command {
  return nodeCommand(shell, 'list', 'the tokens, without their secrets').action((options: NodeOptions) =>
    atNode(shell, options, async ({ node, signal }) => {
      const tokens = await node.tokens({ signal })
      answer(shell, tokens, paint => (tokens.length === 0 ? ['No tokens.'] : table(tokens, COLUMNS, paint)))
    }),
  )
}

function revokeCommand(shell: Shell): Command {
  return nodeCommand(shell, 'revoke', 'end a token')
    .argument('<id>', 'its id, as the list shows it')
    .action((id: string, options: NodeOptions) =>
      atNode(shell, options, async ({ node, signal }) => {
        await node.revokeToken({ id, signal })
        answer(shell, { id, revoked: true }, () => [`The token ${id} is no longer valid.`])
      }),
    )
}

function scopesTyped(typed: string): Scope[] {
  return typed.split(',').map(part => {
    const scope = SCOPES.find(name => name === part.trim())
    if (scope !== undefined) return scope
    throw usage(`--scope is '${typed}'.`, `Choose from ${SCOPES.join(', ')}, with commas between them.`, {
      expected: SCOPES.join(', '),
      got: typed,
    })
  })
}

const budgetOf = ({ budgetMsat }: TokenJson): string | undefined =>
  budgetMsat === undefined ? undefined : msatInSat(budgetMsat)

const LONGEST_NAME = 30

const COLUMNS: readonly Column<TokenJson>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'name', of: ({ name }) => shortened(name, LONGEST_NAME) },
  { title: 'may', of: ({ scopes }) => scopes.join(', ') },
  { title: 'spent', of: ({ spentMsat }) => msatInSat(spentMsat), right: true },
  { title: 'budget', of: token => budgetOf(token) ?? 'none', right: true },
  { title: 'made', of: ({ createdAt }) => timeOf(createdAt) },
]
