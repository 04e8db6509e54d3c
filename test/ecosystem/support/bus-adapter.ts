import { EventEmitter } from 'node:events';
import { deserialize, serialize } from 'node:v8';
import { ClusterAdapterWithHeartbeat, type ClusterMessage, type ClusterResponse } from 'socket.io-adapter';
import type { AdapterConstructor } from '../../../src/socketio/index.js';

/** Connects servers of one process as a broker does others. */
export class Bus extends EventEmitter {
  constructor() {
    super();
    this.setMaxListeners(0);
  }
}

/** The base that most published adapters have in common, on a bus instead of a broker. */
export class BusAdapter extends ClusterAdapterWithHeartbeat {
  readonly #bus: Bus;
  readonly #listener = (bytes: Buffer): void => {
    const message = deserialize(bytes) as ClusterMessage;
    if (message.nsp === this.nsp.name) this.onMessage(message);
  };

  constructor(nsp: unknown, bus: Bus) {
    super(nsp as never, {});
    this.#bus = bus;
    bus.on('message', this.#listener);
  }

  override close(): void {
    super.close();
    this.#bus.off('message', this.#listener);
  }

  protected override doPublish(message: ClusterMessage): Promise<string> {
    // As bytes, so that the servers share nothing.
    this.#bus.emit('message', serialize(message));
    return Promise.resolve('');
  }

  protected override doPublishResponse(_requester: string, response: ClusterResponse): Promise<void> {
    this.#bus.emit('message', serialize(response));
    return Promise.resolve();
  }
}

/** The constructor that a server takes. */
export function onBus(bus: Bus, Adapter: typeof BusAdapter = BusAdapter): AdapterConstructor {
  // A function and no arrow: servers call it with `new`.
  return function (nsp: unknown) {
    return new Adapter(nsp, bus);
  } as unknown as AdapterConstructor;
}
