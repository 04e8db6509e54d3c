import { openWebSocket, type Frame, type WebSocketOptions, type WireSocket } from './engine-client.js';

/** Opens a WebSocket session and reads its open packet; no namespace is joined yet. */
export async function openSession(url: string, options?: WebSocketOptions): Promise<WireSocket> {
  const wire = await openWebSocket(url, options);
  await wire.next();
  return wire;
}

/** Opens a session and joins `/`; the CONNECT reply and the `auth` event of the application under test are read. */
export async function joinMain(url: string): Promise<WireSocket> {
  const wire = await openSession(url);
  wire.send('40');
  await wire.next();
  await wire.next();
  return wire;
}

/** Joins one more namespace, where the application under test sends its `auth` event too. */
export async function joinCustom(wire: WireSocket): Promise<void> {
  wire.send('40/custom,');
  await wire.next();
  await wire.next();
}

/** The frames that answer what was sent, as many as asked for. */
export async function frames(wire: WireSocket, count: number): Promise<Frame[]> {
  const taken: Frame[] = [];
  while (taken.length < count) taken.push(await wire.next());
  return taken;
}
