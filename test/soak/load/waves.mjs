/** Clients that come in waves and go in every way that there is: in order, by a reset, in the middle of something, or never. */
import http from 'node:http';
import { answerCalls } from '../../bench/lib/rpc.mjs';
import { Random } from '../../fuzz/lib/random.mjs';
import { PollingClient } from '../lib/polling-client.mjs';
import { WireClient, text, upgradeRequest } from '../lib/wire-client.mjs';

const SLOT = '{"_placeholder":true,"num":0}';
const ECHO_PAUSE_MS = 100;
const STAY_MS = 50;
/** Above what the server's bounds of time come to. */
const LINGER_MS = 4_000;

/** What a client does; what it leaves open stays so until the server ends it. */
const WAYS = {
  async 'joins, talks and leaves'(client) {
    await client.join();
    for (const packet of ['42["join","a","b"]', '421["echo",1]', '40/room-1,', '42/room-1,["join","c"]', '42["ask"]'])
      client.send(packet);
    await elapse(STAY_MS);
    await client.leave();
  },
  async 'is reset after it has joined'(client) {
    await client.join();
    client.send('42["join","a"]');
    client.send('42["ask"]');
    client.reset();
  },
  async 'is reset within its handshake'(client) {
    await client.connected;
    client.write(upgradeRequest().slice(0, 150));
    client.reset();
  },
  async 'is reset upon the 101'(client) {
    await client.connected;
    client.write(upgradeRequest());
    client.reset();
  },
  async 'is reset within a frame'(client) {
    await client.join();
    client.write(text('42["echo","half of it"]').subarray(0, 12));
    client.reset();
  },
  async 'goes silent, half open'(client) {
    await client.join();
    client.answers = false;
  },
  async 'reads nothing of what it asks for'(client) {
    await client.join();
    client.stall();
    client.send('42["pour"]');
  },
  async 'joins no namespace'(client) {
    client.onOpen = () => {};
    client.write(upgradeRequest());
    await client.connected;
  },
  async 'sends half an attachment'(client) {
    await client.join();
    client.send(`451-["echo",${SLOT}]`);
  },
  async 'breaks the protocol'(client) {
    await client.join();
    client.send('42[]');
  },
  async 'joins and leaves namespaces'(client) {
    await client.join();
    for (let i = 0; i < 10; i++)
      for (const packet of [`40/room-${i},`, `42/room-${i},["join","x"]`, `41/room-${i},`]) client.send(packet);
    await elapse(STAY_MS);
    await client.leave();
  },
  async 'polls, and leaves in order'(_client, polling) {
    await (await polling.open()).join();
    await polling.push('42["join","a"]\x1e421["echo",1]');
    await polling.poll();
    await polling.push('1');
  },
  async 'polls, and never comes back'(_client, polling) {
    await (await polling.open()).join();
    await polling.push('42["ask"]');
  },
  async 'aborts a poll'(_client, polling) {
    await (await polling.open()).join();
    await polling.abortPoll();
  },
  async 'upgrades, and leaves'(client, polling) {
    await (await polling.open()).join();
    client.write(
      Buffer.concat([Buffer.from(upgradeRequest(polling.sid)), text('2probe'), text('5'), text('42["join","a"]')]),
    );
    await elapse(STAY_MS);
    await client.leave();
  },
  async 'is reset while it upgrades'(client, polling) {
    await (await polling.open()).join();
    client.write(Buffer.concat([Buffer.from(upgradeRequest(polling.sid)), text('2probe')]));
    await elapse(STAY_MS);
    client.reset();
    await polling.push('1');
  },
};

let bystander;
const state = { isLost: false };
let slowestEcho = 0;
let echoes = 0;

answerCalls({
  async start({ port }) {
    bystander = new WireClient(port);
    await bystander.join();
    void keepEchoing();
  },

  /** A wave of clients, all of which are gone soon after its end. */
  async wave({ port, size, seed }) {
    const random = new Random(seed);
    const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
    const clients = [];
    const outcomes = await Promise.allSettled(
      Array.from({ length: size }, () => {
        const client = new WireClient(port);
        clients.push(client);
        return random.pick(Object.values(WAYS))(client, new PollingClient(port, agent));
      }),
    );
    // Those that wait for the server to let them go are given the time for it.
    setTimeout(() => {
      for (const client of clients) client.drop();
      agent.destroy();
    }, LINGER_MS);
    return outcomes.filter(({ status }) => status === 'rejected').length;
  },

  async end() {
    const { isLost } = state;
    await bystander.leave();
    return { echoes, slowestEcho, isLost };
  },
});

/** A client that behaves: it is to be served all the time. */
async function keepEchoing() {
  bystander.onClose = () => void (state.isLost = true);
  while (!state.isLost) {
    const started = performance.now();
    await new Promise((resolve) => {
      bystander.onPacket = (packet) => packet.startsWith('42["echo"') && resolve();
      bystander.send('42["echo",1]');
    });
    echoes++;
    slowestEcho = Math.max(slowestEcho, performance.now() - started);
    await elapse(ECHO_PAUSE_MS);
  }
}

function elapse(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
