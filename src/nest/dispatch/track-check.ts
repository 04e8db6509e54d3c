import { Timer } from '../../common/timer-wheel.js';
import type { Socket } from '../../socketio/index.js';
import type { InFlight } from '../outcome/in-flight.js';

/**
 * Counts a check of a connecting client as under way, until the client is refused because it took too long: what guards say
 * later is of no use, and a shutdown must not wait for it. The promise must not reject.
 */
export function trackCheck(inFlight: InFlight, check: Promise<void>, socket: Socket): void {
  const { wheel, options } = socket.nsp.server;
  const end = inFlight.begin();
  const timer = new Timer(end);
  wheel.schedule(timer, options.connectTimeout);
  void check.then(() => {
    wheel.cancel(timer);
    end();
  });
}
