import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';

export type NodeState = 'starting' | 'up' | 'draining' | 'down';

interface FleetNode {
  readonly name: string;
  state: NodeState;
  url: string | undefined;
  process: ChildProcess | undefined;
}

/** The nodes, each a process of its own, which can be killed, started and drained. */
export class Fleet {
  readonly #nodes: readonly FleetNode[];
  #turn = 0;

  constructor(
    names: readonly string[],
    private readonly redis: string,
  ) {
    this.#nodes = names.map((name) => ({ name, state: 'down', url: undefined, process: undefined }));
  }

  get states(): { name: string; state: NodeState }[] {
    return this.#nodes.map(({ name, state }) => ({ name, state }));
  }

  /** Where the next request goes: to each node that is up, in turn. */
  next(): string | undefined {
    const up = this.#nodes.filter(({ state }) => state === 'up');
    return up.length === 0 ? undefined : up[this.#turn++ % up.length].url;
  }

  async startAll(): Promise<void> {
    await Promise.all(this.#nodes.map(({ name }) => this.start(name)));
  }

  /** Resolves once the node serves; does nothing for one that runs. */
  async start(name: string): Promise<void> {
    const node = this.#find(name);
    if (node.state !== 'down') return;
    node.state = 'starting';
    const child = fork(path.join(import.meta.dirname, 'node.js'), [name, this.redis]);
    node.process = child;
    child.once('exit', () => this.#leave(node, child));
    await new Promise<void>((resolve) => {
      child.once('message', (url: string) => {
        node.url = url;
        node.state = 'up';
        this.#tellUrls();
        resolve();
      });
      child.once('exit', () => resolve());
    });
  }

  /** As the system does when memory is out: nothing is said or saved. */
  kill(name: string): void {
    this.#find(name).process?.kill('SIGKILL');
  }

  /** The node gets no new clients, lets the ones it has go in slices, and ends. */
  drain(name: string): void {
    const node = this.#find(name);
    if (node.state !== 'up') return;
    node.state = 'draining';
    node.process!.kill('SIGTERM');
  }

  async stop(): Promise<void> {
    const running = this.#nodes.flatMap((node) => node.process ?? []);
    const ended = running.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of running) child.kill('SIGTERM');
    await Promise.all(ended);
  }

  has(name: string): boolean {
    return this.#nodes.some((node) => node.name === name);
  }

  #find(name: string): FleetNode {
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  #leave(node: FleetNode, child: ChildProcess): void {
    if (node.process !== child) return;
    node.state = 'down';
    node.process = node.url = undefined;
    this.#tellUrls();
  }

  /** Nodes hand requests for each other's sessions on. */
  #tellUrls(): void {
    const urls = Object.fromEntries(this.#nodes.map(({ name, url }) => [name, url]));
    // One that ends at this moment takes no message any more.
    for (const { process } of this.#nodes) if (process?.connected) process.send(urls, () => {});
  }
}
