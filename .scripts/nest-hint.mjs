import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PEERS = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
const COMMAND = `npm i ${PEERS.join(' ')}`;

/**
 * Lets the main entry say what to install if Nest is missing, which is an optional peer: `nestjs-socketio/server` needs none.
 *
 * An ES module cannot catch that: all imports are found before the first line runs. Node's error names the module that
 * imports the missing package, though, so the first one to do so has the command for its name.
 *
 * @param {string} esm folder of the ES modules
 * @param {string} cjs folder of the CommonJS modules
 */
export function writeNestHints(esm, cjs) {
  const hint = `Nest is missing, run ${COMMAND}.js`;
  mkdirSync(path.dirname(path.join(esm, hint)), { recursive: true });
  writeFileSync(path.join(esm, hint), PEERS.map((name) => `import '${name}';\n`).join(''));
  prepend(path.join(esm, 'index.js'), `import './${hint}';\n`);
  prepend(
    path.join(cjs, 'index.js'),
    `for (const name of ${JSON.stringify(PEERS)}) {
  try {
    require.resolve(name);
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') continue;
    throw Object.assign(
      new Error(\`nestjs-socketio needs \${name}, which is not installed. Run: ${COMMAND}. Without Nest, use nestjs-socketio/server.\`, { cause }),
      { code: 'MODULE_NOT_FOUND' },
    );
  }
}
`,
  );
}

function prepend(file, lines) {
  const code = readFileSync(file, 'utf8');
  const directive = /^"use strict";\n/.exec(code)?.[0] ?? '';
  writeFileSync(file, `${directive}${lines}${code.slice(directive.length)}`);
}
