/** How time passes for a node. The host has timers; a simulated world has a clock of its own. Neither call ever calls back at once. */
export interface Timers {
  /**
   * Calls back once, when so many milliseconds are over. What comes back calls that off, and may be called at any time. With
   * `background` it does not keep a process alive that has nothing else to do.
   */
  after(ms: number, act: () => void, options?: { readonly background?: boolean }): () => void
  /** Calls back once, when what waits now has been done. */
  whenIdle(act: () => void): void
}
