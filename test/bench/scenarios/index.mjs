import binary from './binary.mjs';
import bound from './bound.mjs';
import broadcast from './broadcast.mjs';
import connect from './connect.mjs';
import defaultConnect from './default-connect.mjs';
import echo from './echo.mjs';
import events from './events.mjs';
import flat from './flat.mjs';
import { growth } from './growth.mjs';
import heartbeat from './heartbeat.mjs';
import idle from './idle.mjs';
import polling from './polling.mjs';
import room from './room.mjs';
import rooms from './rooms.mjs';
import { settings } from './settings.mjs';
import scale from './scale.mjs';
import start from './start.mjs';

/**
 * What a scenario module exports as its default, and what its driver does: the definition is read by run.mjs, the driver
 * runs in the generator.
 *
 * @typedef {object} Scenario
 * @property {string} name as in `--only`
 * @property {string} title
 * @property {string} unit what one of the counted things is, in the singular
 * @property {Variant[]} variants one table each
 * @property {'cpu' | 'memory' | 'start' | 'scale'} measures see lib/sampling.mjs
 * @property {number} [warmupFactor] how many times the usual warm-up it takes until the cost is steady
 * @property {string[]} [servers] those that can play it; all where it is not set
 * @property {'growth' | 'settings' | 'scale' | 'flat'} [playedBy] the option that it takes to be played
 * @property {string} [growsWith] what the `size` of its variants counts
 * @property {Setting[]} [settings] each server plays with each of them in turn, the first is what the others are held against
 * @property {(variant: any, target: { port: number, deflates?: boolean }) => Driver} createDriver
 *
 * @typedef {object} Variant and whatever else its driver wants to know
 * @property {string} label
 * @property {boolean} [quick] whether it stands for the scenario with `--quick` and `--profile`, and with `--check`
 * @property {boolean} [checked] whether it does so with `--check`, instead of the quick one
 * @property {import('../servers/index.mjs').Application} [server] what the server is started with
 * @property {string[]} [servers] those that can play it; as the scenario where it is not set
 * @property {{ server: string, peer: string, atMost: number }[]} [goals] ratios of costs that are to be reached
 *
 * @typedef {object} Setting
 * @property {string} label
 * @property {Partial<import('../servers/index.mjs').Application>} application what the server is started with
 * @property {boolean} [deflates] whether the server must accept permessage-deflate
 * @property {string[]} [servers] those that have it; as the scenario where it is not set
 *
 * @typedef {object} Driver
 * @property {() => Promise<void>} open
 * @property {(seconds: number) => Promise<{ count: number, p50?: number, p99?: number, bytes?: number }>} drive resolves
 *   when every answer has arrived, so that what the server spent meanwhile is what the counted things cost; rejects on a wrong one
 * @property {() => Promise<void>} [reset] between one drive and the next, where the first has left something behind
 * @property {() => Promise<void>} close
 */

/** In the order of the report. */
export const scenarios = [
  echo,
  bound,
  events,
  broadcast,
  room,
  rooms,
  binary,
  polling,
  connect,
  defaultConnect,
  heartbeat,
  idle,
  start,
  ...growth,
  ...settings,
  scale,
  flat,
];

/**
 * Those of the servers that can play, each with every setting that it has.
 *
 * @param {import('../servers/index.mjs').Server[]} servers
 * @param {Scenario} scenario
 * @param {Variant} variant
 * @returns {import('../servers/index.mjs').Server[]}
 */
export function playersOf(servers, scenario, variant) {
  const players = servers.filter(
    (server) => isAmong(variant.servers ?? scenario.servers, server) && (server.plays?.includes(scenario.name) ?? true),
  );
  if (scenario.settings === undefined) return players;
  return players.flatMap((server) =>
    scenario.settings
      .filter((setting) => isAmong(setting.servers, server))
      .map((setting) => ({ ...server, name: `${server.name}, ${setting.label}`, player: server.name, setting })),
  );
}

function isAmong(files, { file }) {
  return files === undefined || files.includes(file);
}
