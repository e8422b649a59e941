/** One rule of how a broker behaves. */
export interface Rule {
  /** What holds, in a sentence or a few. */
  readonly says: string;
  /** Why no case can prove it from outside; a rule without this has a case. */
  readonly unproven?: string;
}

export type Catalogue = Readonly<Record<string, Rule>>;
