import type { Socket } from 'node:net';
import { ownCopyOf } from '../../../common/values.js';
import { queryValue, type EngineRequest } from '../../http/engine-request.js';

/**
 * Tells requests of a session that come once more from new ones. A browser or a proxy sends a request again by itself if its
 * connection ended before the answer came (RFC 9110, 9.2.2 and 9.3.1), and knows nothing of what the server has done by then.
 *
 * Clients give each request a `t` of its own (`timestampRequests` of the official one). One whose `t` has never changed, or tells
 * the time, which two requests may have in common, says nothing by it.
 */
export class RepeatedRequests {
  #poll: Seen | null = null;
  #push: Seen | null = null;
  #changes = false;

  /** Whether this is the last poll, or the last POST, by another connection again; otherwise it is the last from now on. */
  includes(request: EngineRequest): boolean {
    const mark = queryValue(request, 't');
    if (mark === undefined || mark.length > MAX_LENGTH) return false;
    const isPoll = request.method === 'GET';
    const last = isPoll ? this.#poll : this.#push;
    const { socket: connection } = request;
    if (last?.mark === mark) return this.#changes && last.connection !== connection && !isTime(mark);
    this.#changes ||= last !== null;
    const seen = { mark: ownCopyOf(mark), connection };
    if (isPoll) this.#poll = seen;
    else this.#push = seen;
    return false;
  }
}

/** A request, as far as the next one is compared with it. */
interface Seen {
  readonly mark: string;
  readonly connection: Socket;
}

/** Whether it is a plain number, as clients in C# and Rust have it, or milliseconds in base 36, as the one in Dart. */
function isTime(mark: string): boolean {
  return !NO_NUMBER.test(mark) || Math.abs(parseInt(mark, 36) - Date.now()) < CLOCK_ERROR_MS;
}

const MAX_LENGTH = 64;
const NO_NUMBER = /\D/;
/** By how much clocks of clients are wrong. Of the random ones, fewer than one in a thousand are so near. */
const CLOCK_ERROR_MS = 7 * 24 * 3_600_000;
