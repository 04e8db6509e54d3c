import { z } from 'zod';
import { defineContract, event } from '../../../src/contract/index.js';
import { Gateway, Websocket } from '../../../src/index.js';
import { closeTestClients, createTestClient, nextEvent } from '../../../src/testing/index.js';
import { createApp } from '../support/start-app.js';

const news = defineContract('/news', {
  out: { said: event(z.string()), maybe: event(z.string(), z.string().optional()), typed: event<[text: string]>() },
});

@Gateway(news)
class NewsGateway {}

afterEach(() => closeTestClients());

describe('nextEvent with connection state recovery', () => {
  it('gives a typed client the arguments alone', async () => {
    const app = await createApp({ providers: [NewsGateway], options: { connectionStateRecovery: {} } });
    const client = await createTestClient(app, news);
    const namespace = app.get(Websocket).of(news);
    namespace.emit('said', 'one');
    expect(await nextEvent(client, 'said')).toEqual(['one']);
    namespace.emit('typed', 'two');
    expect(await nextEvent(client, 'typed')).toEqual(['two']);
    namespace.emit('maybe', 'a', 'b');
    expect(await nextEvent(client, 'maybe')).toEqual(['a', 'b']);
    namespace.emit('maybe', 'a');
    expect(await nextEvent(client, 'maybe')).toEqual(['a']);
    // Volatile packets have no offset.
    namespace.volatile.emit('said', 'three');
    expect(await nextEvent(client, 'said')).toEqual(['three']);
    client.disconnect();
    expect(await nextEvent(client, 'disconnect')).toEqual(['io client disconnect', undefined]);
  });

  it('takes nothing off where recovery is off', async () => {
    const app = await createApp({ providers: [NewsGateway] });
    const client = await createTestClient(app, news);
    app.get(Websocket).of(news).emit('typed', 'two');
    expect(await nextEvent(client, 'typed')).toEqual(['two']);
  });
});
