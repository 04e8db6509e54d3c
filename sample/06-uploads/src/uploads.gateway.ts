import { Ack, Arg, Gateway, MessageBody } from 'nestjs-socketio';
import type { BodyOf, SentArgsOf } from 'nestjs-socketio/contract';
import { UploadStore } from './upload-store.js';
import { CHUNK_BYTES, uploads } from './uploads.contract.js';

/** A chunk is acked once it is written: a slow disk slows the client, and nothing piles up. */
@Gateway(uploads)
export class UploadsGateway {
  constructor(private readonly store: UploadStore) {}

  @Ack(uploads.in.begin)
  async begin(
    @MessageBody(uploads.in.begin) { name, size }: BodyOf<typeof uploads.in.begin>,
  ): Promise<{ id: string; chunkBytes: number }> {
    return { id: await this.store.begin(name, size), chunkBytes: CHUNK_BYTES };
  }

  @Ack(uploads.in.resume)
  resume(@MessageBody(uploads.in.resume) id: string): { offset: number } {
    return { offset: this.store.offsetOf(id) };
  }

  @Ack(uploads.in.chunk)
  async chunk(
    @Arg(uploads.in.chunk, 0) { id, offset }: SentArgsOf<typeof uploads.in.chunk>[0],
    @Arg(uploads.in.chunk, 1) chunk: Buffer,
  ): Promise<{ offset: number }> {
    return { offset: await this.store.write(id, offset, chunk) };
  }

  @Ack(uploads.in.finish)
  finish(@MessageBody(uploads.in.finish) id: string): Promise<{ name: string; size: number; sha256: string }> {
    return this.store.finish(id);
  }
}
