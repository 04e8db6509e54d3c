/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

export type JsonObject = { readonly [key: string]: Json | undefined };

/** An AsyncAPI 3.0 document, as plain data. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: AsyncApiInfo;
  readonly servers?: Readonly<Record<string, AsyncApiServer>>;
  readonly defaultContentType: 'application/json';
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  readonly components: {
    readonly messages: Readonly<Record<string, AsyncApiMessage>>;
    readonly schemas?: Readonly<Record<string, JsonObject>>;
    readonly securitySchemes?: Readonly<Record<string, JsonObject>>;
  };
}

export interface AsyncApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string | undefined;
}

/** A server in the words of AsyncAPI. */
export interface AsyncApiServer {
  readonly host: string;
  readonly protocol: string;
  readonly pathname?: string | undefined;
  readonly description?: string | undefined;
}

/** A namespace. */
export interface AsyncApiChannel {
  /** Null if a pattern makes the namespaces. */
  readonly address: string | null;
  readonly title: string;
  readonly description?: string;
  readonly messages: Readonly<Record<string, AsyncApiMessage | Reference>>;
  readonly bindings: JsonObject;
  /** What clients connect with. */
  readonly 'x-handshake-auth'?: JsonObject;
}

/** An event that is received or sent. */
export interface AsyncApiOperation {
  readonly action: 'receive' | 'send';
  readonly channel: Reference;
  readonly title: string;
  readonly summary?: string;
  readonly description?: string;
  readonly messages: readonly Reference[];
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
  readonly security?: readonly Reference[];
  readonly 'x-deprecated'?: boolean;
}

/** What travels: the arguments of an event, or an ack. */
export interface AsyncApiMessage {
  readonly name: string;
  readonly title?: string;
  readonly summary?: string;
  readonly payload: JsonObject;
}

export interface Reference {
  readonly $ref: string;
}
