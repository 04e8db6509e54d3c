/**
 * A table that reads well as it is; the first column is aligned left, all others right.
 *
 * @param {string[][]} table its first row is the head
 * @returns {string}
 */
export function renderRows(table) {
  const widths = table[0].map((_, column) => Math.max(3, ...table.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(table[0]), rule, ...table.slice(1).map(line)].join('\n');
}

/** Three significant digits, or so many decimals. */
export function digits(value, decimals) {
  if (value === undefined) return '-';
  return value.toFixed(decimals ?? (value < 10 ? 2 : value < 100 ? 1 : 0));
}

export function percent(share) {
  return `${Math.round(share * 100)}%`;
}
