/** Mutants that nothing has killed yet, and what is known of why. Whoever finds the plan that does takes its mutant off. */
export const OPEN: Readonly<Record<string, string>> = {}
