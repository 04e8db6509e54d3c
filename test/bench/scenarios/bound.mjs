import { ClosedLoop } from '../lib/closed-loop.mjs';
import { echoRing } from '../lib/wire.mjs';

/**
 * The echo of a handler with what applications bind to theirs. The servers without Nest have nothing to bind: theirs is
 * the plain echo, which shows what it costs.
 *
 * @type {import('./index.mjs').Scenario}
 */
export default {
  name: 'bound',
  title: 'Acknowledged echo through a guard, a pipe and parameter decorators',
  unit: 'message',
  measures: 'cpu',
  variants: [{ label: '100 connections x 4 in flight, 64 B', quick: true, server: { bound: true } }],
  createDriver(_variant, target) {
    return new ClosedLoop(target, { ring: echoRing(64), connections: 100, inFlight: 4 });
  },
};
