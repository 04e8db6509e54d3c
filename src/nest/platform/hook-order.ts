import type { ModulesContainer } from '@nestjs/core';

/*
 * Nest starts modules by falling distance from the root module, which has 0, and calls the hooks of the end the other way
 * round. It orders modules, not providers: what needs a place of its own needs a module of its own.
 */

/** Starts last and ends first. */
export const LAST_IN_FIRST_OUT = -1;

/** Ends last; no application nests modules that deep. */
export const LAST_OUT = 1_000_000;

/** Gives the hooks of a provider's module their place. */
export function orderHooksOf(provider: Function, modules: ModulesContainer, distance: number): void {
  for (const module of modules.values()) if (module.providers.has(provider as never)) module.distance = distance;
}
