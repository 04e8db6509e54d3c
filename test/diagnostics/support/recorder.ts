import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { OPERATION_NAMES, POINT_NAMES } from '../../../src/diagnostics/index.js';
import { cleanup } from '../../support/cleanup.js';

export interface Published {
  /** `handle start`, or the name of a point. */
  readonly what: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever a test looks at
  readonly payload: any;
}

/** All that is published during a test, in order, or of some channels only. */
export function record(...names: string[]): Published[] {
  const published: Published[] = [];
  const isWanted = (name: string): boolean => names.length === 0 || names.includes(name);
  for (const name of Object.values(OPERATION_NAMES)) {
    const short = name.replace('nestjs-socketio.', '');
    if (!isWanted(short)) continue;
    const add = (phase: string) => (payload: unknown) => void published.push({ what: `${short} ${phase}`, payload });
    const subscribers = {
      start: add('start'),
      end: add('end'),
      asyncStart: add('asyncStart'),
      asyncEnd: add('asyncEnd'),
      error: add('error'),
    };
    const channel = tracingChannel(name);
    channel.subscribe(subscribers);
    cleanup(() => void channel.unsubscribe(subscribers));
  }
  for (const name of Object.values(POINT_NAMES)) {
    const what = name.replace('nestjs-socketio.', '');
    if (!isWanted(what)) continue;
    const add = (payload: unknown): void => void published.push({ what, payload });
    subscribe(name, add);
    cleanup(() => void unsubscribe(name, add));
  }
  return published;
}

export function phases(published: readonly Published[]): string[] {
  return published.map(({ what }) => what);
}
