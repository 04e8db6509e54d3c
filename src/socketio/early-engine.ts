import { EngineServer } from '../engine/index.js';

/**
 * Stands for the engine of a server that has none yet: what is registered with it, and what is assigned, is kept for the engine
 * to come. Everything else says when that is. Whoever has kept the stand-in has the engine from then on.
 */
export class EarlyEngine {
  readonly stand: EngineServer = new Proxy(Object.create(EngineServer.prototype) as EngineServer, {
    get: (target, name) => this.#get(target, name),
    set: (_target, name, value) => this.#do((engine) => Reflect.set(engine, name, value)),
  });
  #steps: ((engine: EngineServer) => void)[] = [];
  #engine: EngineServer | null = null;

  /** Takes the engine's place from now on. */
  replaceBy(engine: EngineServer): void {
    if (this.#engine !== null) return;
    this.#engine = engine;
    for (const step of this.#steps.splice(0)) step(engine);
  }

  #get(target: EngineServer, name: string | symbol): unknown {
    const engine = this.#engine;
    if (engine !== null) {
      const value: unknown = Reflect.get(engine, name, engine);
      return typeof value === 'function' && name !== 'constructor' ? value.bind(engine) : value;
    }
    if (name === 'clientsCount') return 0;
    if (!(name in target) && name !== 'opts') return undefined;
    if (typeof name === 'symbol' || name === 'constructor') return Reflect.get(target, name) as unknown;
    if (!REGISTERING.has(name)) throw tooEarly(name);
    return (...args: unknown[]): EngineServer => {
      this.#do((present) => Reflect.apply(present[name as 'on'], present, args));
      return this.stand;
    };
  }

  #do(step: (engine: EngineServer) => void): true {
    if (this.#engine === null) this.#steps.push(step);
    else step(this.#engine);
    return true;
  }
}

/** What may come before the engine. */
const REGISTERING: ReadonlySet<string> = new Set([
  'on',
  'once',
  'addListener',
  'prependListener',
  'prependOnceListener',
  'off',
  'removeListener',
  'removeAllListeners',
  'use',
]);

function tooEarly(name: string): Error {
  return new Error(
    `server.engine.${name} is not available before the server is attached (attach(), listen(), bind()), which in a Nest ` +
      'application happens before onApplicationBootstrap. Only use(), on() and the like can be called earlier.',
  );
}
