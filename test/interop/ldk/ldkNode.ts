import {
  BestBlock,
  BumpTransactionEventHandler,
  ChainMonitor,
  ChainParameters,
  ChannelManager,
  type ChannelMonitor,
  ConfirmationTarget,
  DefaultMessageRouter,
  DefaultRouter,
  FeeEstimator,
  IgnoringMessageHandler,
  KeysManager,
  Logger,
  MultiThreadedLockableScore,
  Network,
  NetworkGraph,
  Option_FilterZ,
  PeerManager,
  ProbabilisticScorer,
  ProbabilisticScoringDecayParameters,
  ProbabilisticScoringFeeParameters,
  type TwoTuple_ThirtyTwoBytesChannelManagerZ,
  type TwoTuple_ThirtyTwoBytesChannelMonitorZ,
  UtilMethods,
  Wallet,
} from 'lightningdevkit'
import { Broadcaster } from './broadcaster.ts'
import { ok, resultOf, unhex } from './bytes.ts'
import { blockAt, catchUp, feed, tipOf, type Voices } from './chainFeed.ts'
import { configOf } from './config.ts'
import { LdkDisk } from './disk.ts'
import type { LdkEvent, LdkOptions } from './protocol.ts'
import { type ChainRpc, chainRpc } from './rpc.ts'
import { SyncedDisk } from './syncedDisk.ts'
import { LdkWallet } from './wallet.ts'

/** What it wants of others at least: no more than the floor, whatever it would pay itself. */
const FLOOR_PER_KW = 253
const LEAST: ReadonlySet<ConfirmationTarget> = new Set([
  ConfirmationTarget.LDKConfirmationTarget_MinAllowedAnchorChannelRemoteFee,
  ConfirmationTarget.LDKConfirmationTarget_MinAllowedNonAnchorChannelRemoteFee,
  ConfirmationTarget.LDKConfirmationTarget_ChannelCloseMinimum,
])
const KEPT_LOG_LINES = 20_000

/** All parts of one node of LDK. What LDK holds on to is held here too, so that nothing of it is collected. */
export class LdkNode {
  readonly rpc: ChainRpc
  readonly options: LdkOptions
  readonly wallet: LdkWallet
  readonly keys: KeysManager
  readonly broadcaster: Broadcaster
  readonly monitors: ChainMonitor
  readonly bumps: BumpTransactionEventHandler
  readonly log: string[] = []
  readonly voices: Voices
  readonly #disk: LdkDisk | SyncedDisk
  #feeratePerKw: number
  #height = 0
  #manager: ChannelManager | undefined
  #peers: PeerManager | undefined

  private constructor(options: LdkOptions, tell: (event: LdkEvent) => void) {
    const seed = unhex(options.seed)
    this.options = options
    this.rpc = chainRpc(options.chain)
    this.wallet = new LdkWallet(seed)
    this.#disk = options.synced === true ? new SyncedDisk(options.dataDir) : new LdkDisk(options.dataDir)
    this.#feeratePerKw = options.feeratePerKw
    const now = Date.now()
    this.keys = KeysManager.constructor_new(seed, BigInt(Math.floor(now / 1000)), (now % 1000) * 1_000_000)
    this.broadcaster = new Broadcaster(this.rpc, tell)
    const estimator = FeeEstimator.new_impl({
      get_est_sat_per_1000_weight: target => (LEAST.has(target) ? FLOOR_PER_KW : this.#feeratePerKw),
    })
    // What it says is of use to tests, and costs those who measure it.
    const logger = Logger.new_impl({
      log: options.synced === true ? () => undefined : record => this.#note(record.get_args()),
    })
    this.voices = { broadcaster: this.broadcaster.voice, estimator, logger }
    this.monitors = ChainMonitor.constructor_new(
      Option_FilterZ.constructor_none(),
      this.broadcaster.voice,
      logger,
      estimator,
      this.#disk.persist(),
    )
    const coins = Wallet.constructor_new(this.wallet.source(), logger).as_CoinSelectionSource()
    this.bumps = BumpTransactionEventHandler.constructor_new(
      this.broadcaster.voice,
      coins,
      this.keys.as_SignerProvider(),
      logger,
    )
  }

  /** New, or from what the disk holds, and at the tip of the chain. */
  static async create(options: LdkOptions, tell: (event: LdkEvent) => void): Promise<LdkNode> {
    const node = new LdkNode(options, tell)
    const tip = await tipOf(node.rpc)
    for (let height = 1; height <= tip; height++) {
      for (const tx of (await blockAt(node.rpc, height)).transactions) node.wallet.onTransaction(tx)
    }
    await node.#load(tip)
    node.#height = tip
    return node
  }

  get manager(): ChannelManager {
    if (this.#manager === undefined) throw new Error('LDK is not loaded')
    return this.#manager
  }

  get peers(): PeerManager {
    if (this.#peers === undefined) throw new Error('LDK is not loaded')
    return this.#peers
  }

  get height(): number {
    return this.#height
  }

  set feeratePerKw(perKw: number) {
    this.#feeratePerKw = perKw
  }

  get feeratePerKw(): number {
    return this.#feeratePerKw
  }

  async sync(): Promise<void> {
    const tip = await tipOf(this.rpc)
    while (this.#height < tip) {
      const block = await blockAt(this.rpc, this.#height + 1)
      for (const tx of block.transactions) this.wallet.onTransaction(tx)
      feed({ manager: this.manager, monitors: this.monitors }, block)
      this.#height = block.height
    }
  }

  /** Before anything that follows from it leaves: a manager that is older than its monitors closes its channels. */
  persist(): void {
    if (this.manager.get_and_clear_needs_persistence()) this.#disk.writeManager(this.manager.write())
  }

  persistAll(): void {
    this.#disk.writeManager(this.manager.write())
  }

  #note(line: string): void {
    this.log.push(line)
    if (this.log.length > KEPT_LOG_LINES) this.log.shift()
  }

  async #load(tip: number): Promise<void> {
    const { keys, voices } = this
    const { broadcaster, estimator, logger } = voices
    const entropy = keys.as_EntropySource()
    const graph = NetworkGraph.constructor_new(Network.LDKNetwork_Regtest, logger)
    const decay = ProbabilisticScoringDecayParameters.constructor_default()
    const scorer = ProbabilisticScorer.constructor_new(decay, graph, logger)
    const score = MultiThreadedLockableScore.constructor_new(scorer.as_Score()).as_LockableScore()
    const fees = ProbabilisticScoringFeeParameters.constructor_default()
    const router = DefaultRouter.constructor_new(graph, logger, entropy, score, fees).as_Router()
    const messages = DefaultMessageRouter.constructor_new(graph, entropy).as_MessageRouter()
    const watch = this.monitors.as_Watch()
    const signers = keys.as_SignerProvider()
    const stored = this.#disk.manager()
    if (stored === undefined) {
      const hash = unhex(String(await this.rpc('getblockhash', tip))).reverse()
      const best = ChainParameters.constructor_new(Network.LDKNetwork_Regtest, BestBlock.constructor_new(hash, tip))
      const now = Math.floor(Date.now() / 1000)
      const node = keys.as_NodeSigner()
      this.#manager = ChannelManager.constructor_new(
        estimator,
        watch,
        broadcaster,
        router,
        messages,
        logger,
        entropy,
        node,
        signers,
        configOf(this.options),
        best,
        now,
      )
    } else {
      const monitors = this.#disk.monitors().map(bytes => this.#monitorOf(bytes))
      const read = UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelManagerZ_read(
        stored,
        entropy,
        keys.as_NodeSigner(),
        signers,
        estimator,
        watch,
        broadcaster,
        router,
        messages,
        logger,
        configOf(this.options),
        monitors,
      )
      this.#manager = resultOf<TwoTuple_ThirtyTwoBytesChannelManagerZ>(read, 'the manager on the disk').get_b()
      await catchUp(this.rpc, tip, this.#manager, monitors, voices)
      for (const monitor of monitors) ok(watch.watch_channel(monitor.get_funding_txo().get_a(), monitor), 'a monitor')
    }
    const ignore = IgnoringMessageHandler.constructor_new()
    this.#peers = PeerManager.constructor_new(
      this.#manager.as_ChannelMessageHandler(),
      ignore.as_RoutingMessageHandler(),
      ignore.as_OnionMessageHandler(),
      ignore.as_CustomMessageHandler(),
      Math.floor(Date.now() / 1000),
      entropy.get_secure_random_bytes(),
      logger,
      keys.as_NodeSigner(),
    )
  }

  #monitorOf(bytes: Uint8Array): ChannelMonitor {
    const { keys } = this
    const read = UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelMonitorZ_read(
      bytes,
      keys.as_EntropySource(),
      keys.as_SignerProvider(),
    )
    return resultOf<TwoTuple_ThirtyTwoBytesChannelMonitorZ>(read, 'a monitor on the disk').get_b()
  }
}
