/** One client that sends events as fast as they are taken. */
import { answerCalls } from '../../bench/lib/rpc.mjs';
import { WireClient, text } from '../lib/wire-client.mjs';

const EVENT = text(`42["event","${'x'.repeat(100)}"]`);
const EVENTS_PER_WRITE = 500;
const WRITE = Buffer.alloc(EVENT.length * EVENTS_PER_WRITE, EVENT);

const state = { floods: true };

answerCalls({
  async start({ port }) {
    const client = new WireClient(port);
    await client.join();
    void flood(client);
  },

  stop() {
    state.floods = false;
  },
});

async function flood(client) {
  while (state.floods) {
    if (!client.write(WRITE)) await client.drained();
    else await new Promise(setImmediate);
  }
  client.drop();
}
