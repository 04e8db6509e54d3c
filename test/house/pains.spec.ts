/**
 * What users of Socket.IO and of Nest's gateways suffer from, by the numbers of the project's list, and the tests that
 * prove the cure: their names say `pain` and the number.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const PAINS: Readonly<Record<number, { readonly pain: string; readonly files: readonly string[] }>> = {
  1: {
    pain: 'guards do not run at connect',
    files: ['nest/handshake.spec.ts', 'nest/class-guards.spec.ts', 'nest/adapter/opt-ins.spec.ts'],
  },
  2: { pain: 'exceptions never reach the ack', files: ['nest/acks.spec.ts', 'nest/ack-failures.spec.ts'] },
  3: { pain: 'an ack is silently never sent', files: ['nest/acks.spec.ts', 'nest/error-acks.spec.ts'] },
  4: {
    pain: 'messages run before the connect handler has settled',
    files: ['nest/connect.spec.ts', 'nest/adapter/opt-ins.spec.ts'],
  },
  5: {
    pain: 'an error in a lifecycle handler ends the process',
    files: ['nest/connect.spec.ts', 'nest/disconnect.spec.ts', 'nest/adapter/cures.spec.ts'],
  },
  6: { pain: 'a client ends the process by its arguments', files: ['nest/hostile-arguments.spec.ts'] },
  7: {
    pain: 'the memory of a connection grows with the handlers',
    files: ['nest/many-gateways.spec.ts', 'nest/adapter/cures.spec.ts'],
  },
  8: { pain: 'session ID unknown behind a balancer', files: ['nest/sticky-session-warning.spec.ts'] },
  9: { pain: 'CORS is not inherited', files: ['nest/cors.spec.ts', 'nest/adapter/servers.spec.ts'] },
  10: {
    pain: 'validation errors and HttpException do not reach the client',
    files: ['nest/ack-failures.spec.ts', 'nest/global-enhancers.spec.ts', 'nest/standard-schema.spec.ts'],
  },
  11: {
    pain: 'global enhancers do not reach gateways',
    files: ['nest/global-enhancers.spec.ts', 'nest/adapter/opt-ins.spec.ts'],
  },
  16: { pain: 'shutdown is not graceful', files: ['nest/shutdown.spec.ts', 'nest/adapter/shutdown.spec.ts'] },
  19: { pain: 'gaps of Fastify', files: ['nest/http.spec.ts'] },
  21: { pain: 'testing a gateway', files: ['testing/test-client.spec.ts', 'testing/runners.spec.ts'] },
  23: {
    pain: 'several gateways on one port: lost options, patterns',
    files: ['nest/namespaces.spec.ts', 'nest/adapter/gateways.spec.ts', 'nest/adapter/servers.spec.ts'],
  },
  33: { pain: 'disconnect reasons', files: ['nest/disconnect.spec.ts'] },
  34: { pain: 'events of several arguments are ambiguous', files: ['nest/params.spec.ts'] },
  35: { pain: 'an object with an event field is no ack', files: ['nest/acks.spec.ts'] },
  36: {
    pain: 'request and connection scope',
    files: ['nest/scopes.spec.ts', 'nest/connection-scope.spec.ts'],
  },
  37: { pain: 'AsyncLocalStorage is lost', files: ['nest/async-context.spec.ts', 'nest/cls.spec.ts'] },
  38: {
    pain: 'the server is not there when it is wanted',
    files: ['nest/websocket.service.spec.ts', 'nest/http.spec.ts'],
  },
  41: {
    pain: 'races of the upgrade, abandoned upgrades',
    files: ['conformance/engine-v4/upgrade.spec.ts', 'socketio/upgrade-races.spec.ts', 'nest/options.spec.ts'],
  },
  42: { pain: 'empty dynamic namespaces stay', files: ['nest/namespaces.spec.ts'] },
};

const named = namedPains();

const rows = Object.entries(PAINS).map(([number, row]) => ({ number: Number(number), ...row }));

it.each(rows)('pain $number, $pain: a test in each of its files says so', ({ number, files }) => {
  for (const file of files) expect([file, ...(named.get(file) ?? [])]).toContain(number);
});

/** The numbers in the names of tests, by file. */
function namedPains(): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  for (const file of readdirSync(path.join(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.spec.ts')) continue;
    const text = readFileSync(path.join(import.meta.dirname, '..', file), 'utf8');
    // At the beginning of a string: the name of a test, or of a row of its table.
    for (const [, numbers] of text.matchAll(/['"`]pain (\d+(?: and \d+)*):/g)) {
      const ofFile = found.get(file) ?? new Set();
      for (const number of numbers.split(' and ')) ofFile.add(Number(number));
      found.set(file, ofFile);
    }
  }
  return found;
}
