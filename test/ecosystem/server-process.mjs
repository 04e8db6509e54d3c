import { fork } from 'node:child_process';
import path from 'node:path';

/** A server that can be ended in both ways, and started again on its port. */
export class ServerProcess {
  #child;

  constructor(child, port) {
    this.#child = child;
    this.port = port;
  }

  static async start(kind, port) {
    const child = fork(path.join(import.meta.dirname, 'server.mjs'), [kind, String(port)]);
    const { port: taken } = await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`the server "${kind}" ended with ${code}`)));
    });
    child.removeAllListeners('exit');
    return new ServerProcess(child, taken);
  }

  async crash() {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Returns how long it took, or null if the process ended before it said so. */
  async shutDown() {
    const closed = new Promise((resolve) => {
      this.#child.once('message', ({ closedAfter }) => resolve(closedAfter));
      this.#child.once('exit', () => resolve(null));
    });
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.send('shut down');
    await exited;
    return closed;
  }
}
