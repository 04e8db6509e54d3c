import { createHash, randomUUID, type Hash } from 'node:crypto';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SocketIoException } from 'nestjs-socketio';

/** An upload that nothing is added to for this long is dropped. In milliseconds. */
const PATIENCE = 10 * 60_000;
const MAX_UPLOADS = 100;

interface Upload {
  readonly name: string;
  readonly size: number;
  readonly hash: Hash;
  file: FileHandle;
  offset: number;
  isBusy: boolean;
  timer: NodeJS.Timeout;
}

/** Files that are not complete yet, in a folder that ends with the process. */
@Injectable()
export class UploadStore implements OnModuleDestroy {
  readonly #uploads = new Map<string, Upload>();
  #folder: Promise<string> | null = null;

  async begin(name: string, size: number): Promise<string> {
    if (this.#uploads.size >= MAX_UPLOADS) throw new SocketIoException('Try later', { code: 'TOO_MANY_UPLOADS' });
    const id = randomUUID();
    const file = await open(await this.#pathOf(id), 'w');
    const timer = setTimeout(() => void this.#drop(id), PATIENCE).unref();
    this.#uploads.set(id, { name, size, file, hash: createHash('sha256'), offset: 0, isBusy: false, timer });
    return id;
  }

  offsetOf(id: string): number {
    return this.#find(id).offset;
  }

  /** Returns how far the upload is: a chunk that came already, since its ack was lost, changes nothing. */
  async write(id: string, offset: number, chunk: Buffer): Promise<number> {
    const upload = this.#find(id);
    if (offset !== upload.offset || upload.isBusy) return upload.offset;
    if (offset + chunk.length > upload.size)
      throw new SocketIoException('Larger than announced', { code: 'TOO_LARGE' });
    upload.isBusy = true;
    try {
      await upload.file.write(chunk, 0, chunk.length, offset);
    } finally {
      upload.isBusy = false;
    }
    upload.hash.update(chunk);
    upload.offset += chunk.length;
    upload.timer.refresh();
    return upload.offset;
  }

  /** An application would move the file to its place, or hand it to an object store. */
  async finish(id: string): Promise<{ name: string; size: number; sha256: string }> {
    const { name, size, hash, offset } = this.#find(id);
    if (offset < size) throw new SocketIoException(`${size - offset} bytes are missing`, { code: 'INCOMPLETE' });
    await this.#drop(id);
    return { name, size, sha256: hash.digest('hex') };
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.#uploads.keys()].map((id) => this.#drop(id)));
    if (this.#folder !== null) await rm(await this.#folder, { recursive: true, force: true });
  }

  #find(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw new SocketIoException('No such upload', { code: 'UPLOAD_UNKNOWN' });
    return upload;
  }

  async #drop(id: string): Promise<void> {
    const upload = this.#uploads.get(id);
    if (upload === undefined) return;
    this.#uploads.delete(id);
    clearTimeout(upload.timer);
    await upload.file.close();
    await rm(await this.#pathOf(id), { force: true });
  }

  async #pathOf(id: string): Promise<string> {
    this.#folder ??= mkdtemp(path.join(tmpdir(), 'uploads-'));
    return path.join(await this.#folder, id);
  }
}
