/** A browser or a proxy sends a request once more by itself if its connection ended before the answer came. */
import { Agent, request as httpRequest } from 'node:http';
import { openPolling, type PollingSession } from '../../../support/engine-client.js';
import { cleanup } from '../../../support/cleanup.js';
import { RawSocket } from '../../../support/raw-socket.js';
import { startEngine } from '../../../support/server.js';
import type { Session } from '../../../../src/engine/session/session.js';
import { nextEvent, until } from '../../../support/until.js';

describe('a poll that comes again after its answer was given', () => {
  it('ends the session: what the answer carried is lost', async () => {
    const { session, sessions } = await opened();
    const [server] = sessions();
    const closed = nextEvent(server, 'close');
    server.send('one');
    expect(await ask(session, 'GET', 'p1')).toEqual([200, '4one']);
    server.send('two');

    expect(await ask(session, 'GET', 'p1')).toEqual([400, expect.stringContaining('"code":3')]);

    expect(await closed).toEqual(['transport error', expect.objectContaining({ code: 'ANSWER_LOST' })]);
    expect(sessions()).toEqual([]);
  });

  it('ends it at the first poll behind the handshake as well', async () => {
    const { session, sessions } = await opened();
    const closed = nextEvent(sessions()[0], 'close');
    sessions()[0].send('one');
    await ask(session, 'GET', 'p1');
    await ask(session, 'GET', 'p1');
    expect((await closed)[1]).toMatchObject({ code: 'ANSWER_LOST' });
  });

  it.each([
    ['has no t', [undefined, undefined, undefined]],
    ['always has the same', ['open', 'open', 'open']],
    ['has seconds', ['1764599000', '1764599001', '1764599001']],
    ['has milliseconds in base 36', [millisecond(0), millisecond(1), millisecond(1)]],
    ['has more than anybody needs', ['x'.repeat(65), 'y'.repeat(65), 'y'.repeat(65)]],
    ['has another one each time', ['a', 'b', 'c']],
  ])('is a new one of a client that %s', async (_what, [atOpen, first, second]) => {
    const { session, sessions } = await opened(atOpen);
    for (const [t, text] of [
      [first, 'one'],
      [second, 'two'],
    ]) {
      sessions()[0].send(text!);
      expect(await ask(session, 'GET', t)).toEqual([200, `4${text}`]);
    }
  });

  it('is a new one over the connection that had the answer', async () => {
    const { session, sessions } = await opened();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanup(() => agent.destroy());
    for (const text of ['one', 'two']) {
      sessions()[0].send(text);
      expect(await ask(session, 'GET', 'p1', '', agent)).toEqual([200, `4${text}`]);
    }
  });
});

describe('a POST that comes again after it was read', () => {
  it('is answered, and its packets are not dispatched a second time', async () => {
    const { session, sessions } = await opened();
    const received: unknown[] = [];
    sessions()[0].on('message', (text: unknown) => received.push(text));
    expect(await ask(session, 'POST', 'm0', '4zero')).toEqual([200, 'ok']);
    expect(await ask(session, 'POST', 'm1', '4one')).toEqual([200, 'ok']);

    expect(await ask(session, 'POST', 'm1', '4one')).toEqual([200, 'ok']);
    expect(await ask(session, 'POST', 'm2', '4two')).toEqual([200, 'ok']);

    expect(received).toEqual(['zero', 'one', 'two']);
  });

  it('is told from a poll with the same t', async () => {
    const { session, sessions } = await opened();
    const received: unknown[] = [];
    sessions()[0].on('message', (text: unknown) => received.push(text));
    sessions()[0].send('one');
    await ask(session, 'GET', 'x1');
    expect(await ask(session, 'POST', 'x1', '4one')).toEqual([200, 'ok']);
    expect(received).toEqual(['one']);
  });
});

describe('a poll behind an answer that was cut off', () => {
  it.each([
    [
      'while the kernel took it',
      (server: Session) => until(() => server.transport.bytesSent > LARGE, 'it is on its way'),
    ],
    ['before it was given', async () => {}],
  ])('%s ends the session, whatever it calls itself', async (_when, settle) => {
    const { session, sessions, port } = await opened(undefined);
    const [server] = sessions();
    const closed = nextEvent(server, 'close');
    const { pathname, search } = new URL(session.url);
    const raw = new RawSocket(port);
    raw.socket.pause();
    raw.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(() => server.transport.writable, 'the poll waits');
    server.send('x'.repeat(LARGE));
    await settle(server);
    raw.drop(false);
    await until(() => server.transport.queuedBytes === 0, 'the connection is gone');

    expect((await ask(session, 'GET', undefined))[0]).toBe(400);

    expect((await closed)[1]).toMatchObject({ code: 'ANSWER_LOST' });
  });
});

/** More than the kernel takes of an answer that is not read. */
const LARGE = 30_000_000;

function millisecond(n: number): string {
  return (Date.now() + n).toString(36);
}

async function opened(t: string | undefined = 'open') {
  const engine = await startEngine();
  return { ...engine, session: await openPolling(engine.url, t === undefined ? {} : { t }) };
}

/** Over a connection of its own, unless an agent has one. */
function ask(
  session: PollingSession,
  method: string,
  t: string | undefined,
  body = '',
  agent: Agent | false = false,
): Promise<[status: number | undefined, body: string]> {
  const url = t === undefined ? session.url : `${session.url}&t=${t}`;
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { method, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => (text += piece));
      answer.on('end', () => resolve([answer.statusCode, text]));
    });
    asked.once('error', reject);
    asked.end(body);
  });
}
