import { binary, defineContract, event } from 'nestjs-socketio/contract';
import { z } from 'zod';

/** A chunk, which waits for the ack of the one before: one is in memory at a time for each client. */
export const CHUNK_BYTES = 256 * 1_024;
export const MAX_BYTES = 1_000_000_000;

export const uploads = defineContract('/uploads', {
  in: {
    /** Returns the id with which the upload goes on, also over another connection. */
    begin: event(z.object({ name: z.string().min(1).max(200), size: z.number().int().min(1).max(MAX_BYTES) })).ack<{
      id: string;
      chunkBytes: number;
    }>(),
    /** How far it came. */
    resume: event(z.uuid()).ack<{ offset: number }>(),
    chunk: event(z.object({ id: z.uuid(), offset: z.number().int().min(0) }), binary({ maxBytes: CHUNK_BYTES })).ack<{
      offset: number;
    }>(),
    finish: event(z.uuid()).ack<{ name: string; size: number; sha256: string }>(),
  },
});
