import type { Socket } from 'socket.io-client';
import { request, RequestError } from '../../src/client/index.js';
import { Server } from '../../src/server.js';
import { closeTestClients, createTestClient } from '../../src/testing/index.js';

interface ClientToServer {
  sum: (a: number, b: number, ack: (sum: number) => void) => void;
  refuse: (ack: (reply: unknown) => void) => void;
  nothing: (ack: (reply: null) => void) => void;
  silent: (ack: () => void) => void;
}

describe('request', () => {
  let client: Socket<Record<never, never>, ClientToServer>;
  let server: Server<ClientToServer>;

  beforeEach(async () => {
    server = new Server<ClientToServer>();
    server.on('connection', (socket) => {
      socket.on('sum', (a, b, ack) => ack(a + b));
      socket.on('refuse', (ack) =>
        ack({ status: 'error', message: 'Room is full', code: 'ROOM_FULL', statusCode: 409, details: { seats: 0 } }),
      );
      socket.on('nothing', (ack) => ack(null));
      socket.on('silent', () => {});
    });
    client = await createTestClient<Record<never, never>, ClientToServer>(server as never);
  });

  afterEach(async () => {
    await closeTestClients();
    await server.close();
  });

  it('resolves to the reply', async () => {
    await expect(request(client, 'sum', 1, 2)).resolves.toBe(3);
    await expect(request(client, 'nothing')).resolves.toBeNull();
    await expect(request(client.timeout(1_000), 'sum', 1, 2)).resolves.toBe(3);
  });

  it('rejects with what an error reply says', async () => {
    const error = await request(client, 'refuse').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({
      name: 'RequestError',
      message: 'Room is full',
      code: 'ROOM_FULL',
      statusCode: 409,
      details: { seats: 0 },
    });
  });

  it('rejects with NO_REPLY if none came in time', async () => {
    await expect(request(client.timeout(20), 'silent')).rejects.toMatchObject({
      code: 'NO_REPLY',
      cause: expect.any(Error),
    });
  });

  it('rejects with NO_REPLY if the connection ends', async () => {
    const reply = request(client, 'silent');
    client.disconnect();
    await expect(reply).rejects.toMatchObject({ code: 'NO_REPLY' });
  });
});
