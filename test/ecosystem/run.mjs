/** `npm run test:ecosystem`: see README.md beside this file. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildWhenStale } from '../bench/lib/build.mjs';
import { ServerProcess } from './server-process.mjs';
import { CLIENTS } from './toolchains.mjs';

const CHECKS = ['connect', 'refuse', 'allow', 'acks', 'binary', 'burst', 'kick', 'restart', 'shutdown'];
const TRANSPORTS = ['polling', 'websocket', 'both'];
/** A client whose program says nothing for so long is stopped. */
const SILENCE_MS = 60_000;
/** A server that takes longer to shut down is named. */
const SLOW_SHUTDOWN_MS = 2_000;

const { values } = parseArgs({
  options: {
    client: { type: 'string', multiple: true },
    transport: { type: 'string', multiple: true, default: TRANSPORTS },
    server: { type: 'string', multiple: true, default: ['official', 'server', 'nest'] },
  },
});

buildWhenStale();
const outcomes = new Map();
for (const client of CLIENTS) {
  if (values.client !== undefined && !values.client.some((part) => client.name.includes(part))) continue;
  if (spawnSync('which', [client.tool]).status !== 0) {
    console.log(`${client.name}: left out, since there is no ${client.tool}`);
    continue;
  }
  const commandOf = client.prepare();
  for (const transport of values.transport) {
    for (const server of values.server) {
      const results = await runClient(server, (url) => commandOf(url, transport));
      outcomes.set(`${client.name}, ${transport}, ${server}`, results);
      print(`${client.name}, ${transport}, ${server}`, results);
    }
  }
}
process.exit(summarize() ? 0 : 1);

async function runClient(kind, commandOf) {
  let server = await ServerProcess.start(kind, 0);
  const [command, ...args] = commandOf(`http://127.0.0.1:${server.port}`);
  const program = spawn(command, args, { stdio: ['pipe', 'pipe', process.env.VERBOSE ? 'inherit' : 'ignore'] });
  const ended = new Promise((resolve) => program.once('close', resolve));
  const silence = setTimeout(() => program.kill('SIGKILL'), SILENCE_MS);
  const results = { checks: new Map(), shutdownMs: null };
  for await (const text of createInterface({ input: program.stdout })) {
    silence.refresh();
    const line = parsed(text);
    if (line?.check !== undefined) results.checks.set(line.check, line);
    if (line?.want === undefined) continue;
    if (line.want === 'shutdown') results.shutdownMs = await server.shutDown();
    else await server.crash();
    server = await ServerProcess.start(kind, server.port);
    program.stdin.write('\n');
  }
  clearTimeout(silence);
  await ended;
  await server.crash();
  return results;
}

/** Programs of other languages may print what is not for us. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function print(name, { checks, shutdownMs }) {
  const marks = CHECKS.map((check) => (checks.get(check)?.ok ? '.' : 'x')).join('');
  console.log(`${name.padEnd(40)} ${marks}  shutdown ${shutdownMs === null ? '-' : `${shutdownMs} ms`}`);
  for (const check of CHECKS) {
    if (!checks.get(check)?.ok) console.log(`    ${check}: ${checks.get(check)?.detail ?? 'the program ended before'}`);
  }
}

/** Whether nothing fails with a server of ours that succeeds with the official one. */
function summarize() {
  const ours = [];
  for (const [name, { checks, shutdownMs }] of outcomes) {
    const [client, transport, server] = name.split(', ');
    if (server === 'official') continue;
    const official = outcomes.get(`${client}, ${transport}, official`);
    for (const check of CHECKS) {
      const isWorse = !checks.get(check)?.ok && (official === undefined || official.checks.get(check)?.ok);
      if (isWorse) ours.push(`${name}: ${check}`);
    }
    if (shutdownMs > SLOW_SHUTDOWN_MS) ours.push(`${name}: the shutdown took ${shutdownMs} ms`);
  }
  console.log(
    `\n${outcomes.size} runs; with a server of this package only: ${ours.length === 0 ? 'nothing fails' : ''}`,
  );
  for (const each of ours) console.log(`  ${each}`);
  return ours.length === 0;
}
