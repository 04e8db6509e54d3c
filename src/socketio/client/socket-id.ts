import { askForeign, type ForeignErrorSink } from '../../common/call-foreign.js';
import { randomId } from '../../common/random-id.js';
import { isReserved } from './user-rooms.js';

/** The id of a new socket; a random one if the user's function gives none, or one that is taken or reserved. */
export function newSocketId<Socket>(
  generate: ((socket: Socket) => string) | null,
  socket: Socket,
  taken: { has(id: string): boolean },
  sink: ForeignErrorSink<Socket>,
): string {
  if (generate === null) return randomId();
  let failure: unknown = new TypeError(
    'generateSocketId must return a string that is not empty, not the id of another socket and not a reserved room',
  );
  let given: unknown;
  askForeign(generate, undefined, [socket], (error, id) => {
    failure = error ?? failure;
    given = id;
  });
  if (typeof given === 'string' && given !== '' && !taken.has(given) && !isReserved(given)) return given;
  sink.onForeignError(failure, socket);
  return randomId();
}

/** The id by which a client of Socket.IO 2 knows its socket. */
export function legacySocketId(nsp: string, sessionId: string): string {
  return nsp === '/' ? sessionId : `${nsp}#${sessionId}`;
}
