const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether JSON text nests deeper than `limit`, found before it is parsed.
 *
 * Text that has not even that many opening brackets, which is nearly all text, is passed after a few native searches;
 * only the rest is walked.
 */
export function jsonDepthExceeds(json: string, limit: number): boolean {
  if (json.length <= limit) return false;
  const brackets = countUpTo(json, '[', limit + 1);
  if (brackets <= limit && brackets + countUpTo(json, '{', limit + 1 - brackets) <= limit) return false;
  return walkDepth(json, limit);
}

function countUpTo(text: string, character: string, enough: number): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1 && count < enough; at = text.indexOf(character, at + 1)) count++;
  return count;
}

function walkDepth(json: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case OPEN_BRACKET:
      case OPEN_BRACE:
        if (++depth > limit) return true;
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth--;
        break;
      case QUOTE:
        i = endOfString(json, i + 1);
        break;
    }
  }
  return false;
}

function endOfString(json: string, from: number): number {
  for (let i = from; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return json.length;
}
