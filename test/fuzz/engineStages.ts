import type { NodeId } from '../../src/base/index.ts'
import type { EngineContext, EngineState } from '../../src/engine/index.ts'
import { decodeMessage, encodeMessage } from '../../src/wire/index.ts'
import type { Side } from '../engine/side.ts'
import { Stage } from '../engine/stage.ts'
import { MESSAGES } from './targets/wire.ts'

// A node that has a good channel with Carol, and Mallory at the other end of one connection: in each state of that connection, and of
// the channel that the two may have.

export interface EngineStage {
  readonly name: string
  readonly state: EngineState
  readonly context: EngineContext
  readonly records: ReadonlyMap<string, Uint8Array>
  /** Whom nobody may harm. */
  readonly friend: NodeId
  readonly peer: NodeId
  readonly connection: number
  /** Good messages of Mallory's: what there is of every type, and what she has really said. */
  readonly messages: readonly Uint8Array[]
}

class Scene {
  readonly stage = new Stage()
  readonly said: Uint8Array[] = []
  readonly bob: Side
  readonly carol: Side
  readonly mallory: Side

  constructor() {
    const [bob, carol] = this.stage.sidesOf(['bob', 'carol'])
    ;[this.bob, this.carol] = [bob, carol]
    this.stage.ready(bob, carol, { push: 50_000n })
    this.mallory = this.stage.side('mallory')
    this.mallory.fund(2_000_000n)
    this.stage.mine()
    this.stage.onSent = (from, bytes) => {
      if (from === this.mallory) this.said.push(bytes)
    }
  }

  /** As it is now. `connection`: that of the two, or one that is not there. */
  at(name: string, connection: number): EngineStage {
    const { bob, carol, mallory, said } = this
    return {
      name,
      state: bob.state,
      context: bob.context(),
      records: new Map(bob.records),
      friend: carol.id,
      peer: mallory.id,
      connection,
      messages: [...MESSAGES.map(encodeMessage), ...newest(said)],
    }
  }

  meet(): void {
    this.stage.connect(this.mallory, this.bob)
  }

  get wire(): number {
    return this.stage.wireOf(this.mallory, this.bob)
  }
}

/** The last one of each type. */
function newest(said: readonly Uint8Array[]): readonly Uint8Array[] {
  const byType = new Map<string, Uint8Array>()
  for (const bytes of said) {
    const decoded = decodeMessage(bytes)
    if (decoded.ok) byType.set(decoded.value.type, bytes)
  }
  return [...byType.values()]
}

function connecting(): readonly EngineStage[] {
  const scene = new Scene()
  const stages = [scene.at('nobody there', 99)]
  scene.stage.dial(scene.mallory, scene.bob)
  scene.stage.answer(scene.mallory)
  scene.stage.answer(scene.mallory)
  scene.stage.answer(scene.bob)
  stages.push(scene.at('before init', scene.stage.wires.size))
  scene.stage.settle()
  stages.push(scene.at('up', scene.wire), scene.at('up, another connection', 99))
  scene.stage.join(scene.mallory, scene.bob)
  scene.stage.answer(scene.bob)
  stages.push(scene.at('up, a second one before init', scene.stage.wires.size))
  return stages
}

/** A channel of Mallory's with Bob on its way from its opening to its end. */
function channelOf(opener: 'mallory' | 'bob'): readonly EngineStage[] {
  const scene = new Scene()
  scene.meet()
  const { stage, bob, mallory } = scene
  const [from, to] = opener === 'bob' ? [bob, mallory] : [mallory, bob]
  const stages: EngineStage[] = []
  const note = (name: string) => stages.push(scene.at(`${name}, opened by ${opener}`, scene.wire))
  const request = stage.askToOpen(from, to)
  note('open_channel sent')
  for (const name of ['open_channel read', 'accept_channel read', 'funding_created read', 'funding_signed read']) {
    stage.deliver(scene.wire, to)
    stage.deliver(scene.wire, from)
    note(name)
  }
  stage.settle()
  const reply = from.replyTo(request)
  if (reply?.type !== 'opened') throw new Error('the channel is opened')
  const id = reply.channelId
  stage.mine(1)
  note('one confirmation')
  stage.mine(2)
  note('normal')
  stage.keysend(from, to, 20_000n)
  stage.deliver(scene.wire, to)
  note('an HTLC read')
  stage.deliver(scene.wire, to)
  note('an HTLC signed')
  stage.settle()
  note('paid')
  stage.cut(bob, mallory)
  scene.meet()
  note('met again')
  stage.cut(bob, mallory)
  stage.dial(mallory, bob)
  for (let i = 0; i < 4; i++) stage.answer(mallory)
  stage.answer(bob)
  stage.deliver(stage.wires.size, bob)
  note('before channel_reestablish')
  stage.settle()
  from.ask(number => ({ type: 'close_channel', request: number, channelId: id, force: false }))
  note('shutdown asked for')
  stage.deliver(scene.wire, to)
  note('shutdown read')
  stage.settle()
  note('mutually closed')
  stage.mine(1)
  note('close confirmed')
  return stages
}

function failing(): readonly EngineStage[] {
  const scene = new Scene()
  scene.meet()
  const { stage, bob, mallory } = scene
  const id = stage.ready(mallory, bob, { push: 30_000n })
  stage.keysend(mallory, bob, 5_000n)
  stage.settle()
  stage.close(bob, id, true)
  const stages = [scene.at('forced', scene.wire)]
  stage.mine(1)
  stages.push(scene.at('commitment confirmed', scene.wire))
  stage.mine(12)
  stages.push(scene.at('resolved', scene.wire))
  return stages
}

let made: readonly EngineStage[] | undefined

/** All of them, made when they are first asked for. */
export function engineStages(): readonly EngineStage[] {
  made ??= [...connecting(), ...channelOf('mallory'), ...channelOf('bob'), ...failing()]
  return made
}
