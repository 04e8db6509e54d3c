/** Lines around a change. */
const CONTEXT = 3;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** A unified diff of two texts, as `patch` and `git apply` read it; empty if they are equal. */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return '';
  const lines = compareLines(linesOf(before), linesOf(after));
  const hunks = hunksOf(lines);
  return [`--- a/${file}`, `+++ b/${file}`, ...hunks, ''].join('\n');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  const last = lines.pop()!;
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

function hunksOf(lines: readonly Line[]): string[] {
  const hunks: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  let index = 0;
  while (index < lines.length) {
    const change = lines.findIndex(({ sign }, at) => at >= index && sign !== ' ');
    if (change < 0) break;
    const start = Math.max(index, change - CONTEXT);
    oldLine += start - index;
    newLine += start - index;
    const hunk = lines.slice(start, endOfHunk(lines, change));
    const oldCount = hunk.filter(({ sign }) => sign !== '+').length;
    const newCount = hunk.filter(({ sign }) => sign !== '-').length;
    hunks.push(`@@ -${oldLine},${oldCount} +${newLine},${newCount} @@`, ...hunk.map(({ sign, text }) => sign + text));
    oldLine += oldCount;
    newLine += newCount;
    index = start + hunk.length;
  }
  return hunks;
}

/** Changes that share their context are one hunk. */
function endOfHunk(lines: readonly Line[], change: number): number {
  let end = change + 1;
  for (let at = end; at < lines.length && at <= end + 2 * CONTEXT; at++) if (lines[at].sign !== ' ') end = at + 1;
  return Math.min(lines.length, end + CONTEXT);
}

/** By the longest common subsequence of what lies between the equal begin and the equal end. */
function compareLines(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let oldEnd = before.length;
  let newEnd = after.length;
  while (oldEnd > start && newEnd > start && before[oldEnd - 1] === after[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  const same = (text: string): Line => ({ sign: ' ', text });
  const middle = compareMiddle(before.slice(start, oldEnd), after.slice(start, newEnd));
  return [...before.slice(0, start).map(same), ...middle, ...before.slice(oldEnd).map(same)];
}

function compareMiddle(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: ' ', text: before[i++] });
      j++;
    } else if (j >= after.length || (i < before.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) {
      lines.push({ sign: '-', text: before[i++] });
    } else {
      lines.push({ sign: '+', text: after[j++] });
    }
  }
  return lines;
}
