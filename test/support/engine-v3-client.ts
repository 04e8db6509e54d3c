import { openWebSocket, request, type HttpAnswer, type OpenPayload, type WireSocket } from './engine-client.js';

/** A long-polling session of Engine.IO v3. */
export interface SessionV3 {
  url: string;
  sid: string;
  open: OpenPayload;
}

/** Opens a session; `query` may ask for base64. */
export async function openPollingV3(url: string, query: Record<string, string> = {}): Promise<SessionV3> {
  const search = new URLSearchParams({ EIO: '3', transport: 'polling', ...query });
  const answer = await request(`${url}?${search}`);
  const [, length, packet] = /^([0-9]+):0(.*)$/.exec(answer.body) ?? [];
  if (packet === undefined || Number(length) !== packet.length + 1) throw new Error(`no session: ${answer.body}`);
  const open = JSON.parse(packet) as OpenPayload;
  return { url: `${url}?EIO=3&transport=polling&sid=${open.sid}`, sid: open.sid, open };
}

export function openWebSocketV3(url: string, query: Record<string, string> = {}): Promise<WireSocket> {
  return openWebSocket(url, { query: { EIO: '3', ...query } });
}

/** The answer to a poll that carries bytes. */
export async function pollBytes(session: SessionV3): Promise<{ contentType: string | null; body: Buffer }> {
  const response = await fetch(session.url);
  return { contentType: response.headers.get('content-type'), body: Buffer.from(await response.arrayBuffer()) };
}

export function pushBytes(session: SessionV3, body: Uint8Array<ArrayBuffer>): Promise<HttpAnswer> {
  return request(session.url, { method: 'POST', body, headers: { 'Content-Type': 'application/octet-stream' } });
}

/** Bytes as they are written down in the protocol's text: `00 04 ff 34`. */
export function bytes(hex: string): Buffer<ArrayBuffer> {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex') as Buffer<ArrayBuffer>;
}
