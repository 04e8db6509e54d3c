import type { StandardSchema } from '../contract/index.js';
import { AsyncApiError } from './asyncapi-error.js';
import type { Json, JsonObject } from './asyncapi-types.js';

/** Turns schemas into JSON Schema, and keeps those that refer to parts of themselves under `components`. */
export class JsonSchemas {
  readonly #shared: Record<string, JsonObject> = {};

  /** What refers to itself; undefined if nothing does. */
  get shared(): Readonly<Record<string, JsonObject>> | undefined {
    return Object.keys(this.#shared).length === 0 ? undefined : this.#shared;
  }

  /**
   * What a schema takes, in draft-07. `name` is for the part under `components`, `where` for messages.
   *
   * @throws AsyncApiError if the library cannot describe it
   */
  describe(schema: StandardSchema, name: string, where: string): JsonObject {
    const { vendor, jsonSchema } = schema['~standard'];
    if (jsonSchema === undefined) throw new AsyncApiError(`${where} has no JSON Schema: ${adviceFor(vendor)}`);
    let described: JsonObject;
    try {
      described = jsonSchema.input({ target: 'draft-07' }) as JsonObject;
    } catch (cause) {
      throw new AsyncApiError(`${where} has no JSON Schema: ${(cause as Error).message}`, { cause });
    }
    const { $schema: _draft, ...rest } = described;
    return refersToItself(rest) ? this.#share(rest, name) : rest;
  }

  #share(schema: JsonObject, name: string): JsonObject {
    const { definitions = {}, $defs = {}, ...root } = schema;
    const own = `#/components/schemas/${name}`;
    const relocate = (value: Json | undefined): Json | undefined => {
      if (Array.isArray(value)) return value.map((each) => relocate(each as Json)!);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value as JsonObject).map(([key, each]) => {
          if (key !== '$ref' || typeof each !== 'string') return [key, relocate(each)];
          return [key, each === '#' ? own : each.replace(/^#\/(?:definitions|\$defs)\//, `${own}.`)];
        }),
      );
    };
    this.#shared[name] = relocate(root) as JsonObject;
    for (const [key, part] of Object.entries({ ...(definitions as JsonObject), ...($defs as JsonObject) })) {
      this.#shared[`${name}.${key}`] = relocate(part) as JsonObject;
    }
    return { $ref: own };
  }
}

function refersToItself(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, each]) => (key === '$ref' ? true : refersToItself(each as Json)));
}

function adviceFor(vendor: string): string {
  return vendor === 'valibot'
    ? 'wrap it with toStandardJsonSchema() of @valibot/to-json-schema'
    : `the library "${vendor}" does not provide one`;
}
