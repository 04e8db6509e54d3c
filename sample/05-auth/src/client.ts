import { request, type ClientOf } from 'nestjs-socketio/client';
import { io } from 'socket.io-client';
import { z } from 'zod';
import type { account } from './account.contract.js';

const Credentials = z.object({ access: z.string(), refresh: z.string() });

const url = process.env.URL ?? 'http://localhost:3000';
let credentials = await post('/sign-in', { name: process.env.NAME ?? 'ada', password: 'tea' });

const socket: ClientOf<typeof account> = io(`${url}/account`, {
  // Asked at every connect, so that a reconnect shows the newest token.
  auth: (send) => send({ token: credentials.access }),
});
socket.on('connect', async () => console.log('connected as', (await request(socket, 'whoami')).id));
socket.on('announcement', (text, from) => console.log(`${from} announces: ${text}`));
socket.on('credentials_expired', async (expiresAt) => {
  console.log(`the token ends in ${Math.round((expiresAt - Date.now()) / 1_000)} s`);
  await refresh();
  const renewed = await request(socket, 'renew', credentials.access);
  console.log('renewed until', new Date(renewed.expiresAt).toISOString());
});
socket.on('connect_error', async (error) => {
  console.log(error.message);
  // Away for so long that the token ended: not active means that the server refused.
  if (!socket.active) {
    await refresh();
    socket.connect();
  }
});
socket.on('disconnect', (reason) => console.log('disconnected:', reason));

async function refresh(): Promise<void> {
  credentials = await post('/refresh', { refresh: credentials.refresh });
}

async function post(path: string, body: object): Promise<z.infer<typeof Credentials>> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return Credentials.parse(await response.json());
}
