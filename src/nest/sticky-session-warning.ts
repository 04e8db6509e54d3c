import cluster from 'node:cluster';
import { EngineErrorCode, MemoryAdapter, type ConnectionError, type Server } from '../socketio/index.js';

/**
 * Says once, in a cluster, that a request named a session of another server: nothing else tells an operator why clients
 * fail to connect. Alone, a server knows of no other, and such a request comes from a client of before a restart.
 */
export function warnOfLostSessions(server: Server): void {
  const onError = ({ code }: ConnectionError): void => {
    const isAlone = !cluster.isWorker && server.sockets.adapter instanceof MemoryAdapter;
    if (code !== EngineErrorCode.UNKNOWN_SID || isAlone) return;
    server.engine.off('connection_error', onError);
    server.settings.onWarning(
      'A client asked for a session that this server does not have. Long-polling needs every request of a client to ' +
        "reach the same server (sticky sessions); without them, set transports: ['websocket'] here and in the clients.",
    );
  };
  server.engine.on('connection_error', onError);
}
