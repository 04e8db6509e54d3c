/** What a finding means for the reader, in the order of the report. */
export const FINDING_KINDS = ['migrated', 'left', 'change', 'todo'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** Path, line and column, or a path alone. */
  readonly place: string;
  readonly text: string;
}

const TITLES: Readonly<Record<FindingKind, string>> = {
  migrated: 'Migrated',
  left: 'Left as it was, and still working',
  change: 'What clients and operators notice',
  todo: 'Left to do',
};

/** What the migration did and what is left, in the order of the files. */
export class Report {
  readonly #findings = new Map<string, Finding>();

  add(kind: FindingKind, place: string, text: string): void {
    this.#findings.set(`${kind} ${place} ${text}`, { kind, place, text });
  }

  of(kind: FindingKind): Finding[] {
    return [...this.#findings.values()].filter((each) => each.kind === kind);
  }

  toString(): string {
    const sections = FINDING_KINDS.map((kind) => [TITLES[kind], this.of(kind)] as const)
      .filter(([, findings]) => findings.length > 0)
      .map(([title, findings]) => [title, ...findings.map(({ place, text }) => `  ${place}  ${text}`)].join('\n'));
    return sections.length === 0 ? 'Nothing to migrate.\n' : `${sections.join('\n\n')}\n`;
  }
}
