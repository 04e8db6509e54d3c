import type { SchemaResult, StandardSchema } from './standard-schema.js';

/** What can be sent as binary data. */
export type BinaryData = ArrayBuffer | ArrayBufferView | BlobLike;

/** A `Blob` or `File` of a browser. */
export interface BlobLike {
  /** Its length in bytes. */
  readonly size: number;
  /** Its media type. */
  readonly type: string;
  /** Resolves to its bytes. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What a handler gets: a `Buffer` of Node, where its types are installed. */
export type Bytes = typeof globalThis extends { Buffer: { alloc(size: number): infer NodeBuffer } }
  ? NodeBuffer
  : Uint8Array;

export interface BinaryOptions {
  /** How many bytes are accepted. @default as many as `maxHttpBufferSize` lets through */
  maxBytes?: number | undefined;
}

/**
 * The schema of an argument that is binary as a whole.
 *
 * @example
 * avatar: event(binary({ maxBytes: 200_000 }))
 */
export function binary({ maxBytes = Infinity }: BinaryOptions = {}): StandardSchema<BinaryData, Bytes> {
  if (typeof maxBytes !== 'number' || !(maxBytes >= 0)) {
    throw new TypeError(`binary() takes maxBytes as a number of at least 0, got ${String(maxBytes)}`);
  }
  return {
    '~standard': {
      version: 1,
      vendor: 'nestjs-socketio',
      validate: (value): SchemaResult<Bytes> => {
        const size = sizeOf(value);
        if (size === null) return { issues: [{ message: 'Expected binary data' }] };
        if (size <= maxBytes) return { value: value as Bytes };
        return { issues: [{ message: `Expected at most ${maxBytes} bytes, received ${size}` }] };
      },
      jsonSchema: {
        input: () => ({
          type: 'string',
          format: 'binary',
          description: maxBytes === Infinity ? 'Binary data' : `Binary data, at most ${maxBytes} bytes`,
        }),
      },
    },
  };
}

/** In bytes; null for what is not binary. */
function sizeOf(value: unknown): number | null {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  const blob = value as Partial<BlobLike> | null;
  const isBlob = typeof blob === 'object' && blob !== null && typeof blob.arrayBuffer === 'function';
  return isBlob && typeof blob.size === 'number' ? blob.size : null;
}
