/** Sessions that do nothing but answer pings, and write down when they came. */
import { answerCalls } from '../../bench/lib/rpc.mjs';
import { WireClient } from '../lib/wire-client.mjs';

const AT_ONCE = 50;

let clients = [];
/** Gaps between two pings of one session, in milliseconds. */
let gaps = [];
let lost = 0;

answerCalls({
  async open({ port, sessions }) {
    let opened = 0;
    const opener = async () => {
      while (opened++ < sessions) clients.push(await openOne(port));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, opener));
    return clients.length;
  },

  /** Begins to count. */
  watch() {
    gaps = [];
  },

  report() {
    return { gaps, lost, open: clients.length };
  },

  async close() {
    for (const client of clients) {
      client.onClose = () => {};
      client.drop();
    }
    clients = [];
  },
});

async function openOne(port) {
  const client = new WireClient(port);
  await client.join();
  let last = 0;
  client.onPacket = (packet) => {
    if (packet !== '2') return;
    const now = performance.now();
    if (last > 0) gaps.push(now - last);
    last = now;
  };
  client.onClose = () => void lost++;
  return client;
}
