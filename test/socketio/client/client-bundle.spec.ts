import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request as httpRequest } from 'node:http';
import { ClientBundle } from '../../../src/socketio/client/client-bundle.js';
import { cleanup } from '../../support/cleanup.js';
import { request } from '../../support/engine-client.js';
import { RawSocket } from '../../support/raw-socket.js';
import { startServer } from '../../support/server.js';

const DIST = path.join(import.meta.dirname, '../../../node_modules/socket.io-client/dist');
const MANIFEST = readFileSync(path.join(DIST, '../package.json'), 'utf8');
const ETAG = `"${(JSON.parse(MANIFEST) as { version: string }).version}"`;

describe('serveClient', () => {
  it.each(['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js', 'socket.io.js.map'])(
    'serves %s',
    async (file) => {
      const { url } = await startServer({ serveClient: true });
      const answer = await request(url + file);

      expect(answer.status).toBe(200);
      expect(answer.body).toBe(readFileSync(path.join(DIST, file), 'utf8'));
      expect(answer.headers.get('content-type')).toBe(
        `application/${file.endsWith('.map') ? 'json' : 'javascript'}; charset=utf-8`,
      );
      expect(answer.headers.get('etag')).toBe(ETAG);
    },
  );

  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ] as const)('compresses it as %s for who accepts that', async (encoding, decompress) => {
    const { url } = await startServer({ serveClient: true });
    const file = `${url}socket.io.min.js`;

    for (let round = 0; round < 2; round++) {
      const { headers, body } = await raw(file, { 'accept-encoding': encoding });
      expect(headers['content-encoding']).toBe(encoding);
      expect(decompress(body)).toEqual(readFileSync(path.join(DIST, 'socket.io.min.js')));
    }
    expect((await raw(file, { 'accept-encoding': `${encoding};q=0` })).headers['content-encoding']).toBeUndefined();
  });

  it.each([ETAG, `W/${ETAG}`])('answers 304 to who has %s', async (tag) => {
    const { url } = await startServer({ serveClient: true });
    const answer = await request(`${url}socket.io.js`, { headers: { 'if-none-match': tag } });
    expect([answer.status, answer.body]).toEqual([304, '']);
  });

  describe('to HEAD', () => {
    it.each([{}, { 'accept-encoding': 'gzip' }, { 'accept-encoding': 'br, gzip' }])(
      'answers as to GET, without the body: %j',
      async (headers) => {
        const { port } = await startServer({ serveClient: true, cors: { origin: 'https://app.example' } });

        const [head, get] = await headAndGet(port, 'socket.io.min.js', { Origin: 'https://app.example', ...headers });

        expect(head.start).toBe(get.start);
        expect(head.start).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(head.body).toBe('');
        expect(get.body.length).toBe(Number(/^Content-Length: (\d+)$/m.exec(get.start)?.[1]));
      },
    );

    it('answers 304 to who has it', async () => {
      const { port } = await startServer({ serveClient: true });
      const [head, get] = await headAndGet(port, 'socket.io.js', { 'If-None-Match': ETAG });
      expect(head).toEqual(get);
      expect(head.start).toMatch(/^HTTP\/1\.1 304 /);
    });

    it('answers 404 where the package is not installed, as to GET', async () => {
      leaveApplication();
      const { port } = await startServer({ serveClient: true });
      const [head, get] = await headAndGet(port, 'socket.io.js', {});
      expect(head).toEqual({ start: get.start, body: '' });
      expect(head.start).toMatch(/^HTTP\/1\.1 404 /);
      expect(get.body).toBe('Not Found');
    });
  });

  it.each(['package.json', '../package.json', '..%2fpackage.json', 'socket.io.js/x', 'constructor', '__proto__'])(
    'serves nothing else: %s',
    async (file) => {
      const { port } = await startServer({ serveClient: true });
      const { status } = await raw(`http://127.0.0.1:${port}/socket.io/`, {}, `/socket.io/${file}`);
      expect(status).toBe(400);
    },
  );

  it('is off where it is told so', async () => {
    const { url } = await startServer({ serveClient: false });
    expect((await request(`${url}socket.io.js`)).status).toBe(400);
  });

  it('answers 404, and says so once, where the package is not installed', () => {
    leaveApplication();
    const warnings: string[] = [];
    const bundle = new ClientBundle((message) => warnings.push(message));

    for (let i = 0; i < 3; i++) {
      expect(bundle.answer('socket.io.js', { headers: {} } as never)).toMatchObject({ status: 404 });
    }

    expect(warnings).toEqual([expect.stringContaining('socket.io-client')]);
  });
});

interface RawAnswer {
  status: number | undefined;
  headers: Record<string, unknown>;
  body: Buffer;
}

/** Moves the process, until the end of the test, to where no package is installed. */
function leaveApplication(): void {
  const { argv } = process;
  const cwd = process.cwd();
  const empty = mkdtempSync(path.join(tmpdir(), 'nowhere-'));
  process.argv = [argv[0], path.join(empty, 'main.js')];
  process.chdir(empty);
  cleanup(() => {
    process.argv = argv;
    process.chdir(cwd);
  });
}

interface WireAnswer {
  /** Status line and headers, without the date. */
  start: string;
  body: string;
}

/** What two requests get that differ in their method alone. */
async function headAndGet(
  port: number,
  file: string,
  headers: Record<string, string>,
): Promise<[WireAnswer, WireAnswer]> {
  return [await answerTo('HEAD', port, file, headers), await answerTo('GET', port, file, headers)];
}

async function answerTo(
  method: string,
  port: number,
  file: string,
  headers: Record<string, string>,
): Promise<WireAnswer> {
  const socket = new RawSocket(port);
  const lines = Object.entries({ Host: 'x', Connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write(`${method} /socket.io/${file} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  await socket.ended;
  const end = socket.received.indexOf('\r\n\r\n') + 4;
  return { start: socket.received.slice(0, end).replace(/^Date: .*\r\n/m, ''), body: socket.received.slice(end) };
}

/** A GET with a path that is sent as it stands, and an answer that is not decompressed. */
function raw(url: string, headers: Record<string, string>, wirePath?: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = wirePath === undefined ? { headers } : { headers, path: wirePath };
    const outgoing = httpRequest(url, options, async (response) => {
      const body = Buffer.concat(await response.toArray());
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    outgoing.on('error', reject).end();
  });
}
