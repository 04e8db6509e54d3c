import type { CanActivate, Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { ExtendedError, Socket } from '../../socketio/index.js';
import { BindingError } from '../errors/binding.error.js';
import { createScope } from '../pipeline/async-scope.js';
import { OWN_STYLE } from '../pipeline/call-style.js';
import { authOf, type Call } from '../pipeline/parameters.js';
import { compileGuards, contextFactory } from '../pipeline/pipeline.js';
import type { DispatchContext } from './dispatch-context.js';
import { trackCheck } from './track-check.js';

/** A guard of the option `connectGuards`: a class, or an instance. */
export type ConnectGuard = CanActivate | Type<CanActivate>;

/** Asks the guards of the option `connectGuards` about every connection, to any namespace, before all else decides. */
export class GlobalConnectGuards {
  #guard: Call<void | Promise<void>> | null = null;

  constructor(private readonly context: DispatchContext) {}

  /**
   * Resolves the guards: a class that a module provides is taken from there, another one is made.
   *
   * @throws BindingError for a guard that cannot be had
   */
  async resolve(guards: readonly ConnectGuard[], moduleRef: ModuleRef): Promise<void> {
    const instances: CanActivate[] = [];
    for (const guard of guards)
      instances.push(typeof guard === 'function' ? await instanceOf(guard, moduleRef) : guard);
    this.#guard = compileGuards(
      instances,
      contextFactory(Connection, Connection.prototype.connect, true),
      OWN_STYLE.refusal,
    );
  }

  /** As a middleware of the server; `next(error)` refuses. */
  readonly ask = (socket: Socket, next: (error?: ExtendedError) => void): void => {
    const guard = this.#guard;
    if (guard === null) {
      next();
      return;
    }
    const check = createScope()
      .runInAsyncScope(() => this.#ask(guard, socket))
      .then(next);
    trackCheck(this.context.inFlight, check, socket);
  };

  async #ask(guard: Call<void | Promise<void>>, socket: Socket): Promise<ExtendedError | undefined> {
    const args = [authOf(socket)];
    try {
      await guard(socket, args, null, 'connect');
      return undefined;
    } catch (error) {
      return this.context.failures.refusalOf(error, { pipeline: null, socket, args, reply: null, event: 'connect' });
    }
  }
}

/** Stands for the class and the method that guards of handlers are told. */
class Connection {
  connect(): void {}
}

async function instanceOf(guard: Type<CanActivate>, moduleRef: ModuleRef): Promise<CanActivate> {
  const provided = providedBy(moduleRef, guard);
  if (provided !== null) return provided;
  try {
    return await moduleRef.create(guard);
  } catch (error) {
    throw new BindingError(
      `connectGuards: ${guard.name} is provided by no module, and cannot be created without one (${String(error)}). ` +
        'Add it to the providers of a module, or give an instance.',
    );
  }
}

/** @throws BindingError for a guard with a scope, which would be made for no request */
function providedBy(moduleRef: ModuleRef, guard: Type<CanActivate>): CanActivate | null {
  try {
    return moduleRef.get(guard, { strict: false });
  } catch (error) {
    if (
      (error as Error).name === 'InvalidClassScopeException' ||
      /is marked as a scoped provider/.test(String(error))
    ) {
      throw new BindingError(
        `connectGuards: ${guard.name} has a scope, but one instance serves all connections. Remove its scope, and that of what it ` +
          'injects, or bind it to @OnHandshake().',
      );
    }
    return null;
  }
}
