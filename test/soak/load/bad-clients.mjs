/** Clients that each leave one thing undone: reading, polling, acking, the handshake. */
import http from 'node:http';
import { answerCalls } from '../../bench/lib/rpc.mjs';
import { PollingClient } from '../lib/polling-client.mjs';
import { WireClient, upgradeRequest } from '../lib/wire-client.mjs';

const AT_ONCE = 50;

const agent = new http.Agent({ keepAlive: false, maxSockets: AT_ONCE });
const clients = [];

/** Each resolves once the client is where it stops, to its port where it has one connection. */
const KINDS = {
  async 'never reads'(port, room) {
    const client = open(port);
    await client.join();
    await told(client, `42["join","${room}"]`);
    client.stall();
  },
  async 'never polls'(port, room) {
    const polling = await (await new PollingClient(port, agent).open()).join();
    await polling.push(`42["join","${room}"]`);
  },
  async 'never acks'(port, room) {
    const client = open(port);
    await client.join();
    await told(client, `42["join","${room}"]`);
  },
  /** Every other one not even that of HTTP. */
  async 'never finishes its handshake'(port, _room, index) {
    const client = open(port);
    await client.connected;
    client.onOpen = () => {};
    client.write(index % 2 === 0 ? upgradeRequest() : upgradeRequest().slice(0, 100));
    return client.port;
  },
};

answerCalls({
  kinds: () => Object.keys(KINDS),

  async open({ port, kind, count }) {
    const ports = [];
    let next = 0;
    const opener = async () => {
      for (let index = next++; index < count; index = next++) ports.push(await KINDS[kind](port, kind, index));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, opener));
    return ports;
  },

  close() {
    for (const client of clients) client.drop();
    agent.destroy();
  },
});

function open(port) {
  const client = new WireClient(port);
  clients.push(client);
  return client;
}

/** Sends an event and waits until it has been handled: an echo comes back behind it. */
function told(client, packet) {
  return new Promise((resolve) => {
    client.onPacket = (answer) => answer.startsWith('42["echo"') && resolve();
    client.send(packet);
    client.send('42["echo"]');
  });
}
