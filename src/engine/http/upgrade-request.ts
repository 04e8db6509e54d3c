import type { Duplex } from 'node:stream';
import type { EngineRequest } from './engine-request.js';
import { ResponseStandIn } from './response-stand-in.js';

/** An upgrade request until it is accepted or refused; an error of its socket meanwhile concerns nobody. */
export class UpgradeRequest {
  readonly headers = new ResponseStandIn();
  #onAbort: (() => void) | null = null;

  constructor(
    readonly request: EngineRequest,
    readonly socket: Duplex,
    readonly head: Buffer,
  ) {
    socket.on('error', ignoreSocketError);
    this.headers.onEnd = () => socket.destroy();
  }

  /** Calls the listener once if the peer leaves before it was accepted. */
  onAbort(listener: () => void): void {
    this.#onAbort = listener;
    if (this.socket.destroyed) process.nextTick(listener);
    else this.socket.once('close', listener);
  }

  /** From here on whoever accepts it listens for errors. */
  release(): void {
    this.socket.off('error', ignoreSocketError);
    if (this.#onAbort !== null) this.socket.off('close', this.#onAbort);
  }
}

function ignoreSocketError(): void {}
