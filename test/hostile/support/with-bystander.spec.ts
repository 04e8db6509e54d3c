import { startServer } from '../../support/server.js';
import { attackOn, type Attack } from './with-bystander.js';

/** What attacks would leave behind if the server let them. */
const LEAVINGS: [string, Attack][] = [
  ['a room', async ({ server }) => server.io.sockets.adapter.addAll('nobody', new Set(['left']))],
  ['a namespace', async ({ server }) => void server.io.of('/left')],
  ['a listener', async ({ server }) => void server.http.on('request', () => {})],
  [
    'an ack',
    async ({ server }) => {
      for (const socket of server.io.sockets.sockets.values()) socket.emit('left', () => {});
    },
  ],
  ['an error', async ({ server }) => server.io.reportError(new Error('left'))],
  [
    'a session',
    async ({ server }) => {
      const answer = await fetch(`${server.url}?EIO=4&transport=polling`);
      await answer.text();
    },
  ],
  [
    'a client that is cut off',
    async ({ server }) => {
      for (const session of server.io.engine.sessions.values()) session.close(true);
    },
  ],
];

describe('attackOn', () => {
  it('passes an attack that leaves nothing', async () => {
    await attackOn(await startServer(), async () => {});
  });

  it.each(LEAVINGS)('fails one that leaves %s', async (_what, attack) => {
    const server = await startServer();

    await expect(attackOn(server, attack, 50)).rejects.toThrow();

    server.errors.length = 0;
  });

  it('fails with the attack', async () => {
    const attack = Promise.reject(new Error('of the attack'));

    await expect(attackOn(await startServer(), () => attack)).rejects.toThrow('of the attack');
  });
});
