/** One address in front of the fleet. Deals connections out in turn, and breaks them in the ways networks do. */
import { connect, createServer } from 'node:net';

export const CUTS = ['reset', 'half-open', 'stall', 'deaf', 'within a frame'];

export class Balancer {
  #links = new Set();
  #next = 0;
  cuts = 0;

  constructor(fleet) {
    this.fleet = fleet;
    this.server = createServer((socket) => this.#accept(socket));
  }

  get port() {
    return this.server.address().port;
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  /** Breaks one connection, in each of the ways in turn. */
  cut(kind = CUTS[this.cuts % CUTS.length]) {
    const links = [...this.#links].filter((link) => !link.isCut);
    const link = links[Math.floor(Math.random() * links.length)];
    if (link === undefined) return;
    this.cuts++;
    link.isCut = true;
    const { down, up } = link;
    switch (kind) {
      case 'reset':
        down.resetAndDestroy();
        up.resetAndDestroy();
        return;
      case 'half-open':
        // The node is told nothing, and nothing that it writes is read.
        up.unpipe();
        up.pause();
        link.isHalfOpen = true;
        down.resetAndDestroy();
        link.timer = setTimeout(() => up.destroy(), 12_000);
        return;
      case 'stall':
        up.unpipe();
        down.unpipe();
        up.pause();
        link.timer = setTimeout(() => down.resetAndDestroy(), 1_500);
        return;
      case 'deaf':
        // The client is told nothing, and hears nothing more: a heartbeat that is missing tells it.
        up.unpipe();
        return;
      case 'within a frame':
        up.unpipe();
        up.once('data', (chunk) => {
          down.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => down.resetAndDestroy());
          up.resetAndDestroy();
        });
        // A stream without pipes stands still.
        up.resume();
    }
  }

  /** Ends every connection at once. */
  cutAll() {
    for (const { down, up } of this.#links) {
      down.resetAndDestroy();
      up.resetAndDestroy();
    }
  }

  close() {
    this.server.close();
    for (const { down, up, timer } of this.#links) {
      clearTimeout(timer);
      down.destroy();
      up.destroy();
    }
  }

  #accept(down) {
    const { nodes } = this.fleet;
    const node = nodes[this.#next++ % nodes.length];
    down.on('error', () => {});
    if (node === undefined) {
      down.destroy();
      return;
    }
    const up = connect(node.port, '127.0.0.1');
    const link = { down, up, isCut: false, isHalfOpen: false, timer: undefined };
    this.#links.add(link);
    up.on('error', () => {});
    up.pipe(down);
    down.pipe(up);
    up.on('close', () => {
      this.#links.delete(link);
      down.destroy();
    });
    down.on('close', () => {
      if (!link.isHalfOpen) up.destroy();
    });
  }
}
