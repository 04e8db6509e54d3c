import type { Json } from './asyncapi-types.js';

/** Plain data as YAML 1.2: in blocks, strings in quotes where they could be read as something else. */
export function toYaml(value: unknown): string {
  return `${block(value as Json, '').replace(/^\n/, '')}\n`;
}

/** What comes behind a key or a dash: a value on the same line, or a block on the next ones. */
function block(value: Json | undefined, indent: string): string {
  if (typeof value !== 'object' || value === null) return scalar(value ?? null);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return value.map((each) => `\n${indent}- ${block(each as Json, `${indent}  `).trimStart()}`).join('');
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  if (entries.length === 0) return '{}';
  return entries
    .map(([key, each]) => {
      const text = block(each as Json, `${indent}  `);
      return `\n${indent}${scalar(key)}:${text.startsWith('\n') ? '' : ' '}${text}`;
    })
    .join('');
}

function scalar(value: string | number | boolean | null): string {
  return typeof value === 'string' && PLAIN.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}

/** Words and sentences without anything that means something in YAML. */
const PLAIN = /^[A-Za-z][\w./-]*(?: [\w./(),-]+)*$/;
const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
