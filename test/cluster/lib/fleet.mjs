/** Processes of `node.mjs`, which are killed, stopped and started again. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export class Fleet {
  /** Running nodes, in no order. */
  nodes = [];
  errors = [];
  kills = 0;
  /** When the last one was killed. */
  killedAt = -Infinity;

  /** @param program beside `lib`, which each node runs */
  constructor(settings, program = 'node.mjs') {
    this.settings = settings;
    this.program = path.join(import.meta.dirname, '..', program);
  }

  async start(count) {
    await Promise.all(Array.from({ length: count }, () => this.add()));
  }

  async add() {
    const child = fork(this.program, [JSON.stringify(this.settings)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const node = { child, port: 0, uid: '', isStopped: false };
    child.on('message', (message) => {
      if (message.error !== undefined) this.errors.push(message.error);
      this.onMessage?.(message);
    });
    const { port, uid } = await answer(child, 'port');
    Object.assign(node, { port, uid });
    this.nodes.push(node);
    return node;
  }

  /** Without a farewell to anybody. */
  async kill(node = this.any()) {
    this.nodes = this.nodes.filter((each) => each !== node);
    this.kills++;
    this.killedAt = performance.now();
    node.child.kill('SIGKILL');
    await once(node.child, 'exit');
  }

  /** Stands still for a while; its connections stay open. */
  async freeze(ms, node = this.any()) {
    node.isStopped = true;
    node.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, ms));
    node.child.kill('SIGCONT');
    node.isStopped = false;
  }

  any() {
    return this.nodes[Math.floor(Math.random() * this.nodes.length)];
  }

  /** Nothing more is emitted; resolves to the last number of each stream. */
  async stopEmitting() {
    const all = await Promise.all(this.nodes.map((node) => ask(node.child, 'stop', 'stopped')));
    return new Map(all.flatMap(({ stopped }) => stopped));
  }

  async stats() {
    const all = await Promise.all(this.nodes.map((node) => ask(node.child, 'stats', 'stats')));
    return all.map(({ stats }) => stats);
  }

  end() {
    for (const { child } of this.nodes) child.kill('SIGKILL');
    this.nodes = [];
  }
}

/** Asks a node, and resolves to the message that has this key. */
export async function ask(child, question, key) {
  const answered = answer(child, key);
  child.send(question);
  return answered;
}

function answer(child, key) {
  return new Promise((resolve, reject) => {
    const onExit = (code) => reject(new Error(`a node ended with ${code}`));
    const onMessage = (message) => {
      if (message[key] === undefined) return;
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(message);
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
