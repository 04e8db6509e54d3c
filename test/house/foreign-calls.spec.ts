/**
 * `common/call-foreign.ts` is the way to call what users, adapters, stores and loggers hand in (HOUSE 2.6). A `try` around
 * the call of a function that is only known by its type may be another one: each is named here, with the reason why it is
 * not. A new one fails until it goes through the helpers, or has its line.
 */
import path from 'node:path';
import { jest } from '@jest/globals';
import ts from 'typescript';

jest.setTimeout(60_000);

const ROOT = path.resolve(import.meta.dirname, '../..');
const FUNCTION_TYPES = new Set([
  ts.SyntaxKind.FunctionType,
  ts.SyntaxKind.ConstructorType,
  ts.SyntaxKind.MethodSignature,
  ts.SyntaxKind.CallSignature,
  ts.SyntaxKind.ConstructSignature,
]);

/** Our own code behind an interface of ours: the `try` is about malformed bytes, or lets a loop over many go on. */
const OWN = {
  'engine/handshake/handshake-decision.ts': ['step'],
  'engine/session/session.ts': ['receiver.onMessage'],
  'engine/transport/flush-queue.ts': ['this.#waiting[i].flush'],
  'engine/transport/polling/polling-transport.ts': ['work'],
  'engine/transport/websocket/websocket-transport-v3.ts': ['decode'],
  'engine/transport/webtransport/webtransport-transport.ts': [
    'this.handler.onControl',
    'this.handler.onMessage',
    'this.handler.onMessage',
  ],
  'ledger/ledger-node.ts': ['this.#spaces.get(envelope.nsp)?.onEntry', 'this.#spaces.get(nsp)?.onQuestion'],
  'ledger/retry.ts': ['call'],
  'socketio/broadcast/partial-operator.ts': ['this.whole.emitWithAck', 'this.whole.fetchSockets'],
  'socketio/cluster/cluster-requests.ts': ['handler', 'this.context.send'],
  // A namespace, whose error is for its caller: the timer goes first.
  'socketio/cluster/server-side-events.ts': ['namespace.serverSideEmit'],
  'socketio/events/outbound-contract.ts': ['this.#answers.get(event)!'],
  'socketio/inbound/event-queue.ts': ['target.receive', 'target.takes'],
};

/** A handler, guard or filter of Nest: what it throws is an outcome, which filters map and the client's ack tells. */
const PIPELINES = {
  'nest/adapter/gateway-failure.ts': ['filter', 'inner.invoke'],
  'nest/dispatch/connect-guards.ts': ['handler.resolvePipeline', 'pipeline.guard', 'pipeline.invoke'],
  'nest/dispatch/connect-handlers.ts': ['call.pipeline.invoke', 'handlers[i].resolvePipeline', 'pipeline.invoke'],
  'nest/dispatch/global-connect-guards.ts': ['guard'],
  'nest/dispatch/event-binding.ts': [
    'pipeline.run',
    'rule.resolve',
    'rule.resolve',
    'rule.take',
    'this.rule.conclude',
    'this.rule.refusable',
    'this.rule.take',
  ],
  'nest/dispatch/idempotency.ts': ['claims.claim'],
  'nest/dispatch/namespace-binding.ts': ['call.pipeline.invoke', 'handler.resolvePipeline'],
  'nest/outcome/failure-handler.ts': ['filter', 'filter'],
};

/** A library that is asked something: that it throws is an answer, or its error is the caller's. */
const LIBRARIES = {
  'asyncapi/json-schemas.ts': ['jsonSchema.input'],
  'engine/transport/websocket/ws-internals.ts': ['Server'],
  'engine/transport/webtransport/webtransport-session.ts': ['session.close'],
  'ledger/store/postgres-store.ts': [...Array<string>(5).fill('client.query'), 'client.release'].toSorted(),
  'ledger/store/redis-store.ts': ['this.#commands.send'],
  'nest/platform/fastify-exchange.ts': ['this.instance.routing'],
  'nest/platform/nest-internals.ts': ['agent'],
};

/** Tools that listen to channels: they report to a listener of their own. */
const TOOLS = {
  'common/channels.ts': ['enclosure', 'work'],
  'diagnostics/subscriptions.ts': ['listener', 'onEnd', 'onStart'],
};

describe('a try around a function that is known by its type alone', () => {
  it('is in call-foreign, or has its reason', () => {
    expect(triedCalls()).toEqual({ ...OWN, ...PIPELINES, ...LIBRARIES, ...TOOLS });
  });
});

/** What is called between `try` and `catch`, by file. */
function triedCalls(): Record<string, string[]> {
  const config = ts.getParsedCommandLineOfConfigFile(path.join(ROOT, 'tsconfig.json'), {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(String(messageText));
    },
  } as ts.ParseConfigFileHost)!;
  const program = ts.createProgram(config.fileNames, config.options);
  const checker = program.getTypeChecker();
  const found: Record<string, string[]> = {};
  for (const source of program.getSourceFiles()) {
    const file = path.relative(path.join(ROOT, 'src'), source.fileName);
    if (file.startsWith('..') || file === 'common/call-foreign.ts') continue;
    const calls = new Set<ts.CallExpression | ts.NewExpression>();
    const visit = (node: ts.Node): void => {
      if (ts.isTryStatement(node) && node.catchClause !== undefined) collect(node.tryBlock, calls);
      ts.forEachChild(node, visit);
    };
    visit(source);
    const foreign = [...calls].filter((call) => isByType(call, checker)).map((call) => call.expression.getText());
    if (foreign.length > 0) found[file] = foreign.toSorted();
  }
  return found;
}

/** Calls that run within the block: not those of functions that it makes. */
function collect(node: ts.Node, calls: Set<ts.CallExpression | ts.NewExpression>): void {
  ts.forEachChild(node, (child) => {
    if (ts.isFunctionLike(child)) return;
    if (ts.isCallExpression(child) || ts.isNewExpression(child)) calls.add(child);
    collect(child, calls);
  });
}

/** Whether all that is known of the function is a type, which is not one of the language or of Node. */
function isByType(call: ts.CallExpression | ts.NewExpression, checker: ts.TypeChecker): boolean {
  const declaration = checker.getResolvedSignature(call)?.declaration;
  if (declaration === undefined || !FUNCTION_TYPES.has(declaration.kind)) return false;
  return !/node_modules\/(?:typescript|@types\/node)\//.test(declaration.getSourceFile().fileName);
}
