import type { Session } from '../../src/engine/index.js';
import { openRawWebSocket, type RawSocket } from './raw-socket.js';
import type { RunningEngine } from './server.js';
import { until } from './until.js';

/** More than the kernel holds for a peer that does not read. */
export const FILLER = 'x'.repeat(24_000_000);

/** A WebSocket session whose peer reads nothing from now on, although the kernel still takes some for it. */
export async function openStalled(
  engine: Pick<RunningEngine, 'engine' | 'port' | 'url' | 'sessions'>,
): Promise<{ peer: RawSocket; session: Session }> {
  const before = engine.engine.clientsCount;
  const peer = await openRawWebSocket(engine.port, new URL(engine.url).pathname);
  await until(() => engine.engine.clientsCount === before + 1, 'the session is open');
  peer.socket.pause();
  return { peer, session: engine.sessions().at(-1)! };
}
