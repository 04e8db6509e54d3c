import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import path from 'node:path';
import { createProxyServer } from 'httpxy';
import type { Fleet } from './fleet.js';

const PUBLIC = path.join(import.meta.dirname, '../public');
const FILES: Readonly<Record<string, [file: string, type: string] | undefined>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/fleet.css': ['fleet.css', 'text/css; charset=utf-8'],
  '/fleet.js': ['fleet.js', 'text/javascript; charset=utf-8'],
};

/** Deals requests and connections out in turn, without sticky sessions; serves the page, and does what its buttons say. */
export function createBalancer(fleet: Fleet): Server {
  const proxy = createProxyServer({ xfwd: true });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const file = FILES[pathname];
    if (file !== undefined) {
      response.writeHead(200, { 'content-type': file[1] }).end(readFileSync(path.join(PUBLIC, file[0])));
    } else if (pathname.startsWith('/fleet')) control(fleet, pathname, request, response);
    else forward(request, response);
  });

  function forward(request: IncomingMessage, response: ServerResponse): void {
    const target = fleet.next();
    if (target === undefined) response.writeHead(503).end();
    else proxy.web(request, response, { target }).catch(() => response.destroy());
  }

  server.on('upgrade', (request, socket: Socket, head) => {
    const target = fleet.next();
    socket.on('error', () => {});
    if (target === undefined) socket.destroy();
    else proxy.ws(request, socket, { target }, head).catch(() => socket.destroy());
  });
  return server;
}

/** `GET /fleet`, and `POST /fleet/a/kill`, `start` or `drain`. */
function control(fleet: Fleet, pathname: string, request: IncomingMessage, response: ServerResponse): void {
  const [, , name = '', action = ''] = pathname.split('/');
  // Another site must not press the buttons.
  const isOwn = request.headers['x-fleet'] !== undefined;
  if (request.method === 'POST' && isOwn && fleet.has(name)) {
    if (action === 'kill') fleet.kill(name);
    else if (action === 'drain') fleet.drain(name);
    else if (action === 'start') void fleet.start(name);
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(fleet.states));
}
