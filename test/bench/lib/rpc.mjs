import { spawn } from 'node:child_process';
import process from 'node:process';

/**
 * Runs in a child: answers the calls of the parent, one method each.
 *
 * @param {Record<string, (params: any) => unknown>} methods
 */
export function answerCalls(methods) {
  process.on('message', async ({ id, method, params }) => {
    try {
      process.send({ id, result: await methods[method](params) });
    } catch (error) {
      const { message = String(error), code } = error instanceof Error ? error : {};
      process.send({ id, error: { message, code } });
    }
  });
  process.on('disconnect', () => process.exit());
}

/** A Node process of its own, on a core of its own, that answers calls over IPC. */
export class Child {
  #process;
  #calls = new Map();
  #nextId = 0;
  #exit;

  /**
   * @param {string} file the module to run
   * @param {string[]} args
   * @param {string[]} prefix what to put before `node`, such as `taskset -c 0`
   */
  constructor(file, args, prefix) {
    const [command, ...rest] = [...prefix, process.execPath, '--expose-gc', file, ...args];
    this.#process = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#process.on('error', (error) => this.#rejectAll(error));
    this.#process.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) resolve(result);
      else reject(Object.assign(new Error(error.message), { code: error.code }));
    });
    this.#exit = new Promise((resolve) => this.#process.once('exit', resolve));
    void this.#exit.then((code) => this.#rejectAll(new Error(`${args[0] ?? file} exited with code ${code}`)));
  }

  /** @returns {Promise<any>} what the child's method returned; rejects with its error, or when the child is gone */
  call(method, params) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#process.send({ id, method, params }, (error) => {
        if (error !== null && this.#calls.delete(id)) reject(error);
      });
    });
  }

  async stop() {
    this.#process.kill('SIGKILL');
    await this.#exit;
  }

  #rejectAll(error) {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}
