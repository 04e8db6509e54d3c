import { fileURLToPath } from 'node:url';
import { Child } from '../../bench/lib/rpc.mjs';
import { startServer } from '../lib/start-server.mjs';
import { printTable } from '../lib/table.mjs';

const HALF = 0.5;
/** How far a heartbeat may be off its interval. */
const TOLERANCE = 0.1;

/**
 * Idle sessions while one client floods at full speed: none is lost, and heartbeats keep their interval.
 *
 * @param {{ Server: Function; seconds: number; sessions: number; pingInterval?: number; print?: boolean }} setup
 * @returns {Promise<{ failures: string[]; late: number; heartbeats: number; lost: number }>} `late`: the part of heartbeats that
 *   were off by more than a tenth
 */
export async function runIdle({ Server, seconds, sessions, pingInterval = 5_000, print = true }) {
  const server = await startServer(Server, { pingInterval, pingTimeout: 20_000 });
  let events = 0;
  server.io.on('connection', (socket) => socket.on('event', () => void events++));
  const [idle, flood] = [start('idle.mjs'), start('flood.mjs')];
  try {
    const opened = await idle.call('open', { port: server.port, sessions });
    const calm = await observe(idle, pingInterval, seconds * HALF);
    await flood.call('start', { port: server.port });
    const before = events;
    const flooded = await observe(idle, pingInterval, seconds * HALF);
    const rate = (events - before) / (seconds * HALF);
    await flood.call('stop');
    const { lost } = await idle.call('report');
    const failures = [];
    if (opened !== sessions) failures.push(`${opened} of ${sessions} sessions were opened`);
    if (lost > 0) failures.push(`${lost} sessions were lost`);
    if (flooded.late > 0) failures.push(`${percent(flooded.late)} of the heartbeats were more than a tenth off`);
    if (print) {
      console.log(
        `idle: ${opened} sessions, pingInterval ${pingInterval} ms, ${lost} lost; the flood: ${Math.round(rate)} events/s`,
      );
      const row = (name, { count, least, median, p99, most, late }) => [
        name,
        count,
        least,
        median,
        p99,
        most,
        percent(late),
      ];
      printTable(
        ['ms between two pings', 'heartbeats', 'least', 'median', 'p99', 'most', 'off by a tenth'],
        [row('before the flood', calm), row('under the flood', flooded)],
      );
    }
    return { failures, late: flooded.late, heartbeats: flooded.count, lost };
  } finally {
    await idle.call('close');
    await Promise.all([idle.stop(), flood.stop()]);
    await server.close();
  }
}

/** The gaps between pings that sessions see within a time. */
async function observe(idle, pingInterval, seconds) {
  await idle.call('watch');
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const { gaps } = await idle.call('report');
  const sorted = gaps.sort((a, b) => a - b);
  const at = (part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  const isLate = (gap) => Math.abs(gap - pingInterval) > pingInterval * TOLERANCE;
  const late = sorted.length === 0 ? 1 : sorted.filter(isLate).length / sorted.length;
  return { count: sorted.length, least: at(0), median: at(0.5), p99: at(0.99), most: at(1), late };
}

function start(name) {
  return new Child(fileURLToPath(new URL(`../load/${name}`, import.meta.url)), [], []);
}

function percent(part) {
  return `${(part * 100).toFixed(2)} %`;
}
