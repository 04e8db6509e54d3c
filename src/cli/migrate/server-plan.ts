import type ts from 'typescript';
import type { GatewayClass, Obstacle } from './gateway-class.js';
import { importsOf, type NeededImport } from './gateway-options.js';
import type { Project } from './project.js';
import type { OptionText } from './root-modules.js';

/** What `forRoot` is told for the gateways of one application, and which gateways cannot be on its server. */
export interface ServerPlan {
  readonly options: readonly OptionText[];
  readonly imports: readonly NeededImport[];
  readonly obstacles: ReadonlyMap<GatewayClass, readonly Obstacle[]>;
  readonly conflicts: readonly OptionConflict[];
  /** Options of one gateway that others on the server do not name. */
  readonly shared: readonly GivenOption[];
  /** Options that this package does not have. */
  readonly unknown: readonly GivenOption[];
}

export interface GivenOption {
  readonly gateway: GatewayClass;
  readonly name: string;
  readonly value: ts.Expression;
}

export interface OptionConflict {
  readonly name: string;
  readonly taken: GivenOption;
  readonly other: GivenOption;
}

/** Options of `@WebSocketGateway` that `forRoot` takes under the same name. */
export const SERVER_OPTIONS: ReadonlySet<string> = new Set([
  'adapter',
  'addTrailingSlash',
  'allowEIO3',
  'allowRequest',
  'allowUpgrades',
  'cleanupEmptyChildNamespaces',
  'connectTimeout',
  'connectionStateRecovery',
  'cookie',
  'cors',
  'destroyUpgrade',
  'httpCompression',
  'maxHttpBufferSize',
  'parser',
  'path',
  'perMessageDeflate',
  'pingInterval',
  'pingTimeout',
  'serveClient',
  'transports',
  'upgradeTimeout',
]);

/** Decides which port and path the module's server has, and gathers the options of the gateways on it. */
export function planServer(project: Project, gateways: readonly GatewayClass[]): ServerPlan {
  const obstacles = new Map<GatewayClass, Obstacle[]>();
  const add = (gateway: GatewayClass, node: ts.Node, text: string): void => {
    obstacles.set(gateway, [...(obstacles.get(gateway) ?? []), { node, text }]);
  };
  const readable = gateways.filter(({ options }) => options !== null);
  const place = mostCommon(readable.map(placeOf));
  const main = readable.filter((gateway) => {
    if (placeOf(gateway) === place) return true;
    add(
      gateway,
      gateway.decorator.node,
      `the gateway has a server of its own (${placeOf(gateway)}), and the module serves ${place}`,
    );
    return false;
  });
  const taken = new Map<string, GivenOption>();
  const conflicts: OptionConflict[] = [];
  const unknown: GivenOption[] = [];
  const imports: NeededImport[] = [];
  for (const gateway of main) {
    const { port, server } = gateway.options!;
    const given = [...(port === null ? [] : [['port', port] as const]), ...server];
    for (const [name, value] of given) {
      const option: GivenOption = { gateway, name, value };
      if (name !== 'port' && !SERVER_OPTIONS.has(name)) {
        unknown.push(option);
        continue;
      }
      const needed = importsOf(project, value);
      if (needed === null) {
        add(
          gateway,
          value,
          `the option ${name} uses a name that only this file has: export it, or set the option in forRoot`,
        );
        continue;
      }
      const present = taken.get(name);
      if (present === undefined || (isWide(present) && !isWide(option))) taken.set(name, option);
      if (present !== undefined && present.value.getText() !== value.getText()) {
        conflicts.push({ name, taken: taken.get(name)!, other: taken.get(name) === option ? present : option });
      }
    }
  }
  for (const { value } of taken.values()) imports.push(...importsOf(project, value)!);
  const options = [...taken.values()].map(({ name, value }) => ({ name, text: outdented(value) }));
  const shared = [...taken.values()].filter(({ name }) =>
    main.some(({ options: own }) => name !== 'port' && !own!.server.has(name)),
  );
  return { options, imports, obstacles, conflicts, shared, unknown };
}

/** An expression as it would be written at the begin of a line. */
function outdented(value: ts.Expression): string {
  const [first, ...rest] = value.getText().split('\n');
  const depth = Math.min(...rest.filter((line) => line.trim() !== '').map((line) => /^[ \t]*/.exec(line)![0].length));
  return [first, ...rest.map((line) => line.slice(depth))].join('\n');
}

/** A server is one by its port and its path. */
function placeOf({ options }: GatewayClass): string {
  const path = options!.server.get('path')?.getText() ?? "'/socket.io'";
  const port = options!.port === null ? 'that of the application' : options!.port.getText();
  return `port ${port}, path ${path}`;
}

/** The first of those that occur most often. */
function mostCommon(values: readonly string[]): string | undefined {
  const count = (value: string): number => values.filter((each) => each === value).length;
  return values.reduce<string | undefined>(
    (best, each) => (best === undefined || count(each) > count(best) ? each : best),
    undefined,
  );
}

/** Of two values of `cors` the one that lets everyone in loses: no check of an origin is lost. */
function isWide({ name, value }: GivenOption): boolean {
  const text = value.getText();
  return (
    name === 'cors' &&
    (text === 'true' || /origin:\s*(?:true|(?:\[\s*)?['"`]\*['"`])/.test(text) || !/origin/.test(text))
  );
}
