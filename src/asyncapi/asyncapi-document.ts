import { trim } from '../common/values.js';
import type { AnyContract, StandardSchema } from '../contract/index.js';
import { authSchemaOf, eventsOf, type EntryParts } from '../contract/runtime.js';
import type {
  AsyncApiChannel,
  AsyncApiDocument,
  AsyncApiInfo,
  AsyncApiMessage,
  AsyncApiOperation,
  AsyncApiServer,
  JsonObject,
  Reference,
} from './asyncapi-types.js';
import { JsonSchemas } from './json-schemas.js';

/** What a document says beside the contracts. */
export interface AsyncApiOptions {
  /** What the document says of the application. */
  info: AsyncApiInfo;
  /** Where the servers are, in the words of AsyncAPI. */
  servers?: Readonly<Record<string, AsyncApiServer>> | undefined;
  /** How clients prove who they are: security schemes of AsyncAPI by name. They apply to every event. */
  security?: Readonly<Record<string, JsonObject>> | undefined;
}

/**
 * An AsyncAPI 3.0 document of contracts: a channel for each namespace, an operation for each event.
 *
 * @throws AsyncApiError for a schema that has no JSON Schema, naming its argument, event and namespace
 */
export function asyncApiDocument(contracts: readonly AnyContract[], options: AsyncApiOptions): AsyncApiDocument {
  const builder = new DocumentBuilder(Object.keys(options.security ?? {}));
  for (const contract of contracts) builder.add(contract);
  return builder.build(options);
}

const ERROR_REPLY: AsyncApiMessage = {
  name: 'error',
  title: 'Error reply',
  summary: 'The ack of an event that could not be handled',
  payload: {
    type: 'object',
    required: ['status', 'message'],
    properties: {
      status: { const: 'error' },
      message: { type: 'string' },
      code: { type: 'string', description: 'A stable word for programs' },
      statusCode: { type: 'integer', description: 'An HTTP status' },
      details: { description: 'More about the error, such as the paths of invalid arguments' },
    },
  },
};

/** What a WebSocket is opened with. */
const BINDINGS: JsonObject = {
  ws: {
    method: 'GET',
    query: {
      type: 'object',
      required: ['EIO', 'transport'],
      properties: {
        EIO: { type: 'string', const: '4', description: 'Version of the Engine.IO protocol' },
        transport: { type: 'string', const: 'websocket' },
      },
    },
    bindingVersion: '0.1.0',
  },
};

const TYPED_ONLY = 'Declared as a type only';

class DocumentBuilder {
  readonly #channels: Record<string, AsyncApiChannel> = {};
  readonly #operations: Record<string, AsyncApiOperation> = {};
  readonly #schemas = new JsonSchemas();
  readonly #security: readonly Reference[] | undefined;

  constructor(schemes: readonly string[]) {
    this.#security =
      schemes.length === 0 ? undefined : schemes.map((name) => ref('components', 'securitySchemes', name));
  }

  add(contract: AnyContract): void {
    const namespace: unknown = contract.namespace;
    const schema = authSchemaOf(contract);
    const channel = unused(this.#channels, namespace === '/' ? 'main' : String(namespace));
    const messages: Record<string, AsyncApiMessage | Reference> = {};
    const auth =
      schema === null
        ? undefined
        : this.#schemas.describe(schema, `${channel}.auth`, `The auth of ${String(namespace)}`);
    this.#channels[channel] = {
      address: typeof namespace === 'string' ? namespace : null,
      title: `Namespace ${String(namespace)}`,
      ...(typeof namespace === 'string' ? null : { description: `Every namespace that ${String(namespace)} matches` }),
      messages,
      bindings: BINDINGS,
      ...(auth === undefined ? null : { 'x-handshake-auth': auth }),
    };
    for (const [action, direction] of [
      ['receive', 'in'],
      ['send', 'out'],
    ] as const) {
      for (const [event, entry] of eventsOf(contract, direction) ?? [])
        this.#addEvent(channel, messages, action, event, entry);
    }
  }

  build({ info, servers, security }: AsyncApiOptions): AsyncApiDocument {
    const { shared } = this.#schemas;
    return {
      asyncapi: '3.0.0',
      info,
      ...(servers === undefined ? null : { servers }),
      defaultContentType: 'application/json',
      channels: this.#channels,
      operations: this.#operations,
      components: {
        messages: { error: ERROR_REPLY },
        ...(shared === undefined ? null : { schemas: shared }),
        ...(security === undefined ? null : { securitySchemes: security }),
      },
    };
  }

  #addEvent(
    channel: string,
    messages: Record<string, AsyncApiMessage | Reference>,
    action: 'receive' | 'send',
    event: string,
    entry: EntryParts,
  ): void {
    const id = unused(this.#operations, `${channel}.${action}.${event}`);
    const name = unused(messages, `${action}.${event}`);
    const { summary, description, deprecated } = entry.description;
    const namespace = String(entry.namespace);
    messages[name] = { name: event, payload: this.#payloadOf(entry, id, `of the event "${event}" in ${namespace}`) };
    const message = ref('channels', channel, 'messages', name);
    let reply: AsyncApiOperation['reply'];
    if (entry.hasAck) {
      const ack = unused(messages, `${name}.ack`);
      messages[ack] = {
        name: `${event}.ack`,
        payload: this.#ackOf(entry, id, `The ack of the event "${event}" in ${namespace}`),
      };
      messages.error ??= ref('components', 'messages', 'error');
      const answers = [ref('channels', channel, 'messages', ack)];
      // Acks of clients are their own; only the server answers with errors of this form.
      if (action === 'receive') answers.push(ref('channels', channel, 'messages', 'error'));
      reply = { channel: ref('channels', channel), messages: answers };
    }
    this.#operations[id] = {
      action,
      channel: ref('channels', channel),
      title: event,
      ...(summary === undefined ? null : { summary }),
      ...(description === undefined ? null : { description }),
      messages: [message],
      ...(reply === undefined ? null : { reply }),
      ...(this.#security === undefined ? null : { security: this.#security }),
      ...(deprecated === true ? { 'x-deprecated': true } : null),
    };
  }

  /** The arguments of an event, as the list that travels. */
  #payloadOf({ schemas }: EntryParts, id: string, where: string): JsonObject {
    if (schemas === null) return { type: 'array', description: TYPED_ONLY };
    return {
      type: 'array',
      items: schemas.map((schema, i) => this.#schemas.describe(schema, `${id}.${i}`, `The argument ${i} ${where}`)),
      minItems: schemas.findLastIndex((schema) => !isOptional(schema)) + 1,
      maxItems: schemas.length,
    };
  }

  #ackOf({ ackSchema }: EntryParts, id: string, where: string): JsonObject {
    return ackSchema === null ? { description: TYPED_ONLY } : this.#schemas.describe(ackSchema, `${id}.ack`, where);
  }
}

/** Whether an argument may be left out. */
function isOptional(schema: StandardSchema): boolean {
  const result = schema['~standard'].validate(undefined);
  if (!(result instanceof Promise)) return result.issues === undefined;
  result.then(undefined, () => undefined);
  return false;
}

function ref(...path: readonly string[]): Reference {
  return { $ref: `#/${path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}` };
}

/** A key of the characters that AsyncAPI allows, which no other entry has. */
function unused(taken: object, name: string): string {
  const base = trim(name.replace(/[^\w.-]+/g, '_'), '_') || 'event';
  let key = base;
  for (let i = 2; Object.hasOwn(taken, key); i++) key = `${base}_${i}`;
  return key;
}
