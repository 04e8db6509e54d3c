interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Changes to one text by position: what is not touched keeps its formatting and its comments. */
export class SourceEdits {
  readonly #edits: Edit[] = [];

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** Removes a range, and its lines if nothing else is on them. */
  removeLines(source: string, start: number, end: number): void {
    const lineStart = source.lastIndexOf('\n', start - 1) + 1;
    const newline = source.indexOf('\n', end);
    const lineEnd = newline < 0 ? source.length : newline + 1;
    const isAlone = (source.slice(lineStart, start) + source.slice(end, lineEnd)).trim() === '';
    if (isAlone) this.replace(lineStart, lineEnd, '');
    else this.replace(start, end, '');
  }

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  /** @throws Error if two edits overlap: one of them would be lost */
  apply(source: string): string {
    // A stable sort: insertions at one position keep their order, and come before a replacement that begins there.
    const edits = this.#edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
    let result = '';
    let position = 0;
    for (const { start, end, text } of edits) {
      if (start < position) throw new Error(`Edits overlap at ${start}: ${JSON.stringify(text)}`);
      result += source.slice(position, start) + text;
      position = end;
    }
    return result + source.slice(position);
  }
}
