import { documentsOf } from '../lib/documents.mjs';

/**
 * A server that is asked for documents, instead of the usual handlers: what its settings cost is what it costs to send.
 *
 * - `ask` a number is answered with the document of that number as `news`, so many times, and with `true` where an ack
 *   is asked for
 * - `take` a document is acknowledged with `true`
 *
 * @typedef {object} Feed
 * @property {number} bytes of a document
 * @property {number} [times] 1 where it is not set
 * @property {boolean} [toAll] whether every socket gets them
 * @property {number} [work] milliseconds that the handler works on after it has sent
 *
 * @param {import('socket.io').Server} io
 * @param {Feed} feed
 * @param {boolean} compress false: for no message, by `compress(false)`
 */
export function addFeed(io, { bytes, times = 1, toAll = false, work = 0 }, compress) {
  const documents = documentsOf(bytes);
  io.on('connection', (socket) => {
    const audience = toAll ? io : socket;
    socket.on('ask', (number, ack) => {
      const document = documents[number % documents.length];
      for (let time = 0; time < times; time++) {
        if (compress) audience.emit('news', document);
        else audience.compress(false).emit('news', document);
      }
      ack?.(true);
      if (work > 0) workFor(work);
    });
    socket.on('take', (_document, ack) => ack(true));
  });
}

function workFor(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
