import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PAGE = 4096;

/**
 * A server outside Node, on the core of this process, which ends with it. What it spends is read from Linux.
 *
 * @param {import('./index.mjs').Application} application
 */
export async function start({ program, pingInterval }) {
  const { pid, stdout } = spawn(fileURLToPath(program), [String(pingInterval)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await once(createInterface(stdout), 'line');
  return { port: Number(port), usage: () => ({ cpu: cpuOf(pid), rss: rssOf(pid) }) };
}

/** CPU time of all threads, user and system, in microseconds. */
function cpuOf(pid) {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [running] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(running);
  });
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}

function rssOf(pid) {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE;
}
