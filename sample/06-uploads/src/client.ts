import { open } from 'node:fs/promises';
import path from 'node:path';
import { request, RequestError, type ClientOf } from 'nestjs-socketio/client';
import { io } from 'socket.io-client';
import type { uploads } from './uploads.contract.js';

type UploadsSocket = ClientOf<typeof uploads>;

/** Sends a file in chunks; goes on behind the last one that the server has, whatever happens to the connection. */
export async function upload(socket: UploadsSocket, file: string): Promise<{ size: number; sha256: string }> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { id, chunkBytes } = await insist(() => request(patient(), 'begin', { name: path.basename(file), size }));
    const buffer = Buffer.alloc(chunkBytes);
    for (let offset = 0; offset < size;) {
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, offset);
      if (bytesRead === 0) throw new Error(`${file} has become shorter`);
      const at = offset;
      // After a loss the server says how far it came, also if only its ack was lost.
      ({ offset } = await insist(
        () => request(patient(), 'chunk', { id, offset: at }, buffer.subarray(0, bytesRead)),
        () => request(patient(), 'resume', id),
      ));
      console.log(`${Math.floor((offset * 100) / size)} %`);
    }
    return await insist(() => request(patient(), 'finish', id));
  } finally {
    await handle.close();
  }

  function patient(): ReturnType<UploadsSocket['timeout']> {
    return socket.timeout(10_000);
  }
}

/** Tries again while there is no answer; what the server refuses is an error. */
async function insist<Reply>(first: () => Promise<Reply>, next = first): Promise<Reply> {
  for (let attempt = first; ; attempt = next) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'NO_REPLY') throw error;
    }
  }
}

if (import.meta.filename === process.argv[1]) {
  const socket: UploadsSocket = io(`${process.env.URL ?? 'http://localhost:3000'}/uploads`);
  console.log(await upload(socket, process.argv[2] ?? import.meta.filename));
  socket.disconnect();
}
