import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { parseEngineRequest } from '../../../dist/cjs/engine/index.js';

/**
 * A request as `node:http` hands it over.
 *
 * @param {string} method
 * @param {string} url
 * @param {Record<string, string>} headers
 */
export function memoryRequest(method, url, headers = {}, socket = { remoteAddress: '127.0.0.1' }) {
  return { method, url, headers, socket, httpVersion: '1.1', rawHeaders: Object.entries(headers).flat() };
}

export const UPGRADE_HEADERS = Object.freeze({
  host: 'localhost',
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AQEBAQEBAQEBAQEBAQEBAQ==',
});

/** An HTTP exchange of the engine without HTTP; its answer is in `answer`. */
export class MemoryExchange {
  /** @type {{ status: number; headers: object; body: string | Buffer } | null} */
  answer = null;
  answers = 0;
  response = new EventEmitter();
  #aborted = null;

  /** @param {readonly Buffer[]} body in the chunks in which it arrives */
  constructor(request, body = []) {
    this.request = parseEngineRequest(request);
    this.body = Readable.from(body, { objectMode: false });
  }

  respond(status, headers, body) {
    this.answers++;
    this.answer ??= { status, headers, body };
  }

  onAbort(listener) {
    this.#aborted = listener;
  }

  /** The peer leaves. */
  abort() {
    if (this.answer === null) this.#aborted?.();
  }
}
