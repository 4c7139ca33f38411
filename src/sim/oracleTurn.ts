// One turn of one end of a channel, followed by the specification.
import type { FundedChannel } from '../channel/index.ts'
import { differenceOf, sideOf } from './oracleView.ts'
import { type Heard, isOf } from './oracleWire.ts'
import {
  askForFeerate,
  decide,
  drop,
  greet,
  type Message,
  mayAskForFeerate,
  mayDecide,
  maySign,
  offer,
  type Party,
  receive,
  type Side,
  type Step,
  sign,
} from './spec.ts'

/** What one channel had in a turn. */
export interface Said {
  readonly received: Heard[]
  readonly sent: Heard[]
}

/** What the specification knows of the end. */
export interface Standing {
  readonly party: Party
  readonly side: Side
  /** The last one on which it has greeted. */
  readonly connection: number | undefined
}

export interface FollowedTurn {
  readonly side: Side
  readonly said: readonly { readonly connection: number; readonly message: Message }[]
  /** The one on which it has greeted in this turn. */
  readonly connection: number | undefined
}

/** Where the turn leads by the specification, or what of it the specification does not have. */
export function followTurn(
  end: Standing,
  said: Said,
  incoming: readonly Message[],
  real: FundedChannel,
): FollowedTurn | string {
  const isCut = said.sent.some(({ type }) => type === 'reestablish') || real.session.connection === 'disconnected'
  // Where a connection ended within the turn, what came after its end was not heard.
  let wrong: string | undefined
  for (let ignored = 0; ignored <= (isCut ? said.received.length : 0); ignored++) {
    const attempt = followHearing(end, said, incoming, real, ignored)
    if (typeof attempt !== 'string') return attempt
    wrong ??= attempt
  }
  return wrong ?? 'nothing'
}

function followHearing(
  end: Standing,
  said: Said,
  incoming: readonly Message[],
  real: FundedChannel,
  ignored: number,
): FollowedTurn | string {
  const { party } = end
  const greetings = said.sent.filter(({ type }) => type === 'reestablish').map(({ connection }) => connection)
  const greeted = greetings.at(-1)
  // One that was replaced in the turn in which it was greeted on came to nothing.
  const isReplaced = (connection: number): boolean => connection !== greeted && greetings.includes(connection)
  const turn = new Turn(end.side, party)
  const old = end.connection
  let left = said.received.filter(({ connection }) => connection !== greeted).length - ignored
  for (const [index, heard] of said.received.entries()) {
    if (heard.connection === greeted) continue
    const message = incoming[index]
    const isHeard = isHeardOn(end, heard.connection) && !isReplaced(heard.connection)
    if (left > 0 && message !== undefined && isHeard) turn.hear(message)
    left -= 1
  }
  const isSaidOn = (connection: number): boolean => (old === undefined ? !isReplaced(connection) : connection === old)
  turn.say(said.sent.filter(({ connection }) => connection !== greeted && isSaidOn(connection)))
  if (greeted !== undefined) {
    turn.greet()
    for (const [index, heard] of said.received.entries()) {
      const message = incoming[index]
      if (heard.connection === greeted && message !== undefined) turn.hear(message)
    }
    turn.say(said.sent.filter(({ connection }) => connection === greeted))
  }
  if (real.session.connection === 'disconnected') turn.drop()
  turn.decideSilently(real)
  const wrong = turn.wrong ?? turn.owed() ?? differenceOf(turn.side, knownSide(real, party))
  return wrong ?? { side: turn.side, said: turn.said, connection: greeted }
}

/** A process that starts reads the blocks that it has missed before it looks at what no commitment of its channels covers. */
function knownSide(real: FundedChannel, party: Party): Side {
  const side = sideOf(real, party)
  return real.session.unproven === 'catching_up' ? drop(side, party) : side
}

/** A channel that has never met its peer again is on the connection that it was opened on. */
const isHeardOn = ({ side, connection }: Standing, on: number): boolean =>
  side.line !== 'down' && (connection === undefined || connection === on)

/** A turn while it is followed. */
class Turn {
  side: Side
  readonly said: { readonly connection: number; readonly message: Message }[] = []
  wrong: string | undefined
  readonly #me: Party
  /** What the specification says, and the engine has not said yet. */
  #out: Message[] = []

  constructor(side: Side, me: Party) {
    this.side = side
    this.#me = me
  }

  hear(message: Message): void {
    this.#take(receive(this.side, this.#me, message), message)
  }

  greet(): void {
    this.drop()
    this.#take(greet(this.side))
  }

  drop(): void {
    if (this.side.line === 'down') return
    this.side = drop(this.side, this.#me)
    this.#out = []
  }

  /** What the engine has said, in its order: of the updates of one commitment any may come first. */
  say(sent: readonly Heard[]): void {
    for (const heard of sent) {
      const owed = this.#owed(heard)
      const message = owed ?? this.#chosen(heard)
      if (message === undefined) {
        this.wrong ??= `it sent ${heard.type}, which the specification does not let it send here`
        return
      }
      this.said.push({ connection: heard.connection, message })
    }
  }

  owed(): string | undefined {
    const [first] = this.#out
    return first === undefined ? undefined : `it owes ${first.type} and has not sent it`
  }

  /** Decisions while the peer is away are not said. */
  decideSilently({ durable }: FundedChannel): void {
    if (this.side.line === 'up') return
    for (const { offeredBy, id, resolution } of durable.htlcs) {
      if (offeredBy !== 'remote' || resolution === undefined) continue
      const known = this.side.htlcs.find(htlc => htlc.by !== this.#me && htlc.id === id)
      if (known === undefined || !mayDecide(known, this.#me)) continue
      this.#take(decide(this.side, id, this.#me, resolution.type === 'fulfill' ? 'fulfil' : 'fail'))
    }
  }

  #take(step: Step, message?: Message): void {
    this.side = step.side
    this.#out.push(...step.out)
    if (step.broken !== undefined) this.wrong ??= `it got ${message?.type}, and it breaks a rule: ${step.broken}`
  }

  #owed(heard: Heard): Message | undefined {
    for (const [index, message] of this.#out.entries()) {
      if (isOf(heard, message)) {
        this.#out.splice(index, 1)
        return message
      }
      if (!isUpdate(message) || !isUpdate(heard)) return undefined
    }
    return undefined
  }

  #chosen(heard: Heard): Message | undefined {
    const step = this.#choice(heard)
    const [message] = step?.out ?? []
    if (step === undefined || message === undefined || !isOf(heard, message)) return undefined
    this.side = step.side
    return message
  }

  #choice(heard: Heard): Step | undefined {
    const me = this.#me
    const { side } = this
    switch (heard.type) {
      case 'add':
        return side.line === 'up' ? offer(side, me, heard.amount) : undefined
      case 'remove': {
        const known = side.htlcs.find(htlc => htlc.by !== me && htlc.id === heard.id)
        return known !== undefined && mayDecide(known, me) ? decide(side, heard.id, me, heard.end) : undefined
      }
      case 'fee':
        return mayAskForFeerate(side) ? askForFeerate(side, me, heard.rate) : undefined
      case 'sign':
        return maySign(side, me) ? sign(side, me) : undefined
      default:
        return undefined
    }
  }
}

const isUpdate = ({ type }: { readonly type: string }): boolean => type === 'add' || type === 'remove' || type === 'fee'
