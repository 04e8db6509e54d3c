/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

export type JsonObject = { readonly [key: string]: Json | undefined };

/** An AsyncAPI 3.0 document, as plain data. */
export interface AsyncApiDocument {
  /** The version of AsyncAPI. */
  readonly asyncapi: '3.0.0';
  /** What the document is about. */
  readonly info: AsyncApiInfo;
  /** Where the application runs. */
  readonly servers?: Readonly<Record<string, AsyncApiServer>>;
  /** How payloads are encoded. */
  readonly defaultContentType: 'application/json';
  /** One channel for each namespace. */
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  /** What is sent and received, by name. */
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  /** Messages, schemas and security schemes that others refer to. */
  readonly components: {
    readonly messages: Readonly<Record<string, AsyncApiMessage>>;
    readonly schemas?: Readonly<Record<string, JsonObject>>;
    readonly securitySchemes?: Readonly<Record<string, JsonObject>>;
  };
}

export interface AsyncApiInfo {
  /** The name of the application. */
  readonly title: string;
  /** The version of its events. */
  readonly version: string;
  /** A text about the application; Markdown is allowed. */
  readonly description?: string | undefined;
}

/** A server in the words of AsyncAPI. */
export interface AsyncApiServer {
  /** Host and port. */
  readonly host: string;
  /** `ws`, `wss`, `http` or `https`. */
  readonly protocol: string;
  /** The path of the Socket.IO server. */
  readonly pathname?: string | undefined;
  /** What runs there. */
  readonly description?: string | undefined;
}

/** A namespace. */
export interface AsyncApiChannel {
  /** Null if a pattern makes the namespaces. */
  readonly address: string | null;
  /** The name of the namespace, for people. */
  readonly title: string;
  /** What the namespace is for. */
  readonly description?: string;
  /** Every message of the channel, by its name. */
  readonly messages: Readonly<Record<string, AsyncApiMessage | Reference>>;
  /** What the WebSocket binding says of the handshake. */
  readonly bindings: JsonObject;
  /** What clients connect with. */
  readonly 'x-handshake-auth'?: JsonObject;
}

/** An event that is received or sent. */
export interface AsyncApiOperation {
  /** Seen from the server: it receives what clients send. */
  readonly action: 'receive' | 'send';
  /** The channel of the operation. */
  readonly channel: Reference;
  /** The name of the event, for people. */
  readonly title: string;
  /** What the event is for, in one line. */
  readonly summary?: string;
  /** More about the event. */
  readonly description?: string;
  /** The messages of the operation. */
  readonly messages: readonly Reference[];
  /** The message of its ack. */
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
  /** What a client needs for it. */
  readonly security?: readonly Reference[];
  /** Whether clients should stop using it. */
  readonly 'x-deprecated'?: boolean;
}

/** What travels: the arguments of an event, or an ack. */
export interface AsyncApiMessage {
  /** The name of the event. */
  readonly name: string;
  /** The name of the event, for people. */
  readonly title?: string;
  /** What the event is for, in one line. */
  readonly summary?: string;
  /** The schema of its arguments. */
  readonly payload: JsonObject;
}

export interface Reference {
  /** A JSON pointer into the document. */
  readonly $ref: string;
}
