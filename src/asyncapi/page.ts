import type {
  AsyncApiChannel,
  AsyncApiDocument,
  AsyncApiMessage,
  AsyncApiOperation,
  JsonObject,
  Reference,
} from './asyncapi-types.js';

/** Where the page's links lead. */
export interface PageLinks {
  /** Where the document is served as JSON. */
  json: string;
  /** Where it is served as YAML. */
  yaml: string;
}

/** A page of HTML for people, readable without scripts. */
export function renderPage(document: AsyncApiDocument, links?: PageLinks): string {
  const { info, servers = {}, channels, operations } = document;
  const sections = Object.entries(channels).map(([key, channel]) => {
    const own = Object.entries(operations).filter(([, operation]) => operation.channel.$ref === `#/channels/${key}`);
    const auth = channel['x-handshake-auth'];
    return `<section id="${text(key)}" aria-labelledby="${text(key)}-title">
<h2 id="${text(key)}-title">${code(nameOf(channel))}</h2>
${paragraph(channel.description)}${auth === undefined ? '' : `<h3>Connects with</h3>${schemaBlock('auth', auth)}`}
${group('Clients emit', own, 'receive', document)}${group('The server emits', own, 'send', document)}</section>`;
  });
  const contents = Object.entries(channels)
    .map(([key, channel]) => `<li><a href="#${text(key)}">${code(nameOf(channel))}</a></li>`)
    .join('');
  const where = Object.entries(servers)
    .map(
      ([name, { protocol, host, pathname = '', description }]) =>
        `<li><b>${text(name)}</b> ${code(`${protocol}://${host}${pathname}`)}${description === undefined ? '' : ` – ${text(description)}`}</li>`,
    )
    .join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(info.title)} ${text(info.version)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<p class="kind">Socket.IO events · AsyncAPI ${document.asyncapi}</p>
<h1>${text(info.title)} <small>${text(info.version)}</small></h1>
${paragraph(info.description)}${links === undefined ? '' : `<p><a href="${text(links.json)}">JSON</a> · <a href="${text(links.yaml)}">YAML</a></p>`}
${where === '' ? '' : `<ul class="servers">${where}</ul>`}
<nav aria-label="Namespaces"><ul>${contents}</ul></nav>
</header>
<main>
${sections.join('\n')}
</main>
</body>
</html>
`;
}

/** The name of a namespace, or the pattern of its names. */
function nameOf({ address, title }: AsyncApiChannel): string {
  return address ?? title.replace('Namespace ', '');
}

type OperationEntry = [id: string, operation: AsyncApiOperation];

function group(
  title: string,
  operations: readonly OperationEntry[],
  action: AsyncApiOperation['action'],
  document: AsyncApiDocument,
): string {
  const own = operations.filter(([, operation]) => operation.action === action);
  if (own.length === 0) return '';
  return `<h3>${title}</h3>\n${own.map((entry) => event(entry, document)).join('\n')}\n`;
}

function event([id, operation]: OperationEntry, document: AsyncApiDocument): string {
  const { title, summary, description, messages, reply } = operation;
  const [payload] = messages.map((each) => messageOf(each, document).payload);
  const [ack] = (reply?.messages ?? []).map((each) => messageOf(each, document).payload);
  const marks = `${reply === undefined ? '' : '<span class="mark">ack</span>'}${operation['x-deprecated'] === true ? '<span class="mark old">deprecated</span>' : ''}`;
  return `<article id="${text(id)}">
<h4>${code(title)}${code(signature(payload), 'arguments')} ${marks}</h4>
${paragraph(summary)}${paragraph(description)}${argumentsBlock(payload)}${ack === undefined ? '' : schemaBlock('ack', ack)}</article>`;
}

/** A line as in the source: what each argument is, as far as a word says it. */
function signature(payload: JsonObject): string {
  const items = payload.items as readonly JsonObject[] | undefined;
  if (items === undefined) return '(…)';
  const required = payload.minItems as number;
  return `(${items.map((item, i) => `${wordFor(item)}${i < required ? '' : '?'}`).join(', ')})`;
}

function wordFor({ type, $ref, format, ...rest }: JsonObject): string {
  if (format === 'binary') return 'binary';
  if (typeof type === 'string') return type;
  if (typeof $ref === 'string') return $ref.slice($ref.lastIndexOf('/') + 1);
  return 'anyOf' in rest || 'oneOf' in rest || Array.isArray(type) ? 'one of several' : 'any';
}

function argumentsBlock(payload: JsonObject): string {
  const items = payload.items as readonly JsonObject[] | undefined;
  if (items === undefined) return paragraph(payload.description as string | undefined);
  return items.map((item, i) => (isPlain(item) ? '' : schemaBlock(`argument ${i}`, item))).join('');
}

/** Nothing to tell beside its type. */
function isPlain(schema: JsonObject): boolean {
  return Object.keys(schema).every((key) => key === 'type');
}

function schemaBlock(label: string, schema: JsonObject): string {
  return `<details open><summary>${label}</summary><pre tabindex="0" role="group" aria-label="${label}">${text(JSON.stringify(schema, null, 2))}</pre></details>\n`;
}

function messageOf({ $ref }: Reference, document: AsyncApiDocument): AsyncApiMessage {
  const keys = $ref
    .slice(2)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let found: unknown = document;
  for (const key of keys) found = (found as Record<string, unknown>)[key];
  return '$ref' in (found as object) ? messageOf(found as Reference, document) : (found as AsyncApiMessage);
}

function paragraph(content: string | undefined): string {
  return content === undefined ? '' : `<p>${text(content)}</p>\n`;
}

function code(content: string, name?: string): string {
  return `<code${name === undefined ? '' : ` class="${name}"`}>${text(content)}</code>`;
}

function text(content: string): string {
  return content.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #566173; --line: #dfe4ea; --paper: #fff; --tint: #f5f7fa; --accent: #b3122f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #a5b0c0; --line: #303846; --paper: #14181f; --tint: #1d232c; --accent: #ff8a9c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 5rem; font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
a { color: var(--accent); }
h1 { margin: .2rem 0 .6rem; font-size: 2.1rem; line-height: 1.15; }
h1 small { font-size: 1rem; font-weight: 400; color: var(--soft); }
.kind { margin: 0; color: var(--soft); }
nav ul, .servers { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem 1rem; }
section { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: .5rem; }
h2 { font-size: 1.5rem; margin: 1rem 0 .5rem; }
h3 { font-size: .95rem; color: var(--soft); text-transform: uppercase; letter-spacing: .06em; margin: 1.8rem 0 .6rem; }
article { background: var(--tint); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1.1rem; margin: 0 0 .8rem; }
h4 { font-size: 1.05rem; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.arguments { color: var(--soft); font-weight: 400; }
p { margin: .4rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: .92em; }
.mark { font-size: .75rem; border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .55rem; margin-left: .3rem; color: var(--accent); }
.old { color: var(--soft); }
details { margin-top: .6rem; }
summary { cursor: pointer; color: var(--soft); }
pre { overflow: auto; margin: .4rem 0 0; padding: .7rem .9rem; background: var(--paper); border: 1px solid var(--line); border-radius: .4rem; }
`;
