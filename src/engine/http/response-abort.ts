import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';

/** Calls the listener once, later, if the peer leaves before the response was ended; over HTTP/2 too. */
export function onResponseAbort(response: ServerResponse, listener: () => void): void {
  // The peer may have left while a hook decided about it; its 'close' event is over then.
  if (isDestroyed(response)) {
    process.nextTick(listener);
    return;
  }
  // Not `writableFinished`: a stream of HTTP/2 that is reset ends and finishes by itself.
  response.once('close', () => {
    if (!response.writableEnded) listener();
  });
}

/** Node's response of HTTP/2 has no `destroyed`; its stream has. */
function isDestroyed(response: ServerResponse | Http2ServerResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed;
}
