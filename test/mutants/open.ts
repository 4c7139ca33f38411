/** Mutants that nothing has killed yet, and what is known of why. Whoever finds the plan that does takes its mutant off. */
export const OPEN: Readonly<Record<string, string>> = {
  'a-batch-stands-with-any-input': 'it was not looked for yet',
  'beaten-transactions-are-not-noted': 'nothing is known of why: it was looked for in few seeds',
  'htlc-signatures-by-hash-and-amount': 'it was not looked for yet',
  'late-words-of-a-replaced-connection': 'nothing is known of why: it was looked for in few seeds',
  'offers-outlive-the-close': 'nothing is known of why: it was looked for in few seeds',
  'older-valid-commitment-is-forgotten': 'it was not looked for yet',
  'one-fee-coin-for-many': 'nothing is known of why: it was looked for in few seeds',
  'one-state-behind-is-not-behind':
    'the plan that killed it does so no more, since a commitment is held back until a peer has proved it current: to be looked for again',
  'preimages-of-claims-are-overlooked': 'nothing is known of why: it was looked for in few seeds',
  'preimages-of-the-chain-are-not-told': 'nothing is known of why: it was looked for in few seeds',
  'publishes-after-data-loss':
    'what killed it before was a fault of the world that has been mended: to be looked at, since a node holds its commitment back now',
  'removals-are-not-sent-again': 'needs a held payment that its payee gives back while the peer is away',
  'removals-are-not-taken-back': 'the plan that killed it met a rule that complained too early: to be looked for again',
  'second-stages-are-not-punished': 'it was not looked for yet',
  'the-wrong-side-is-asked-for-the-fee':
    'no rule looks at whether an opener who offers keeps its reserve beside the fee',
  'timeouts-of-the-chain-are-not-told': 'nothing is known of why: it was looked for in few seeds',
  'timeouts-one-block-early': 'nothing is known of why: it was looked for in few seeds',
}
