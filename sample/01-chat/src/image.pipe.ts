import type { PipeTransform } from '@nestjs/common';
import { SocketIoException } from 'nestjs-socketio';
import type { Image } from './chat.contract.js';

export const MAX_IMAGE_BYTES = 1_000_000;

/** No SVG: it is a document that can carry scripts. */
const MIMES: ReadonlySet<unknown> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** Lets images of the usual kinds through, up to `MAX_IMAGE_BYTES`. */
export class ImagePipe implements PipeTransform<unknown, Image> {
  transform(value: unknown): Image {
    const { name, mime, data } = (value ?? {}) as Partial<Record<keyof Image, unknown>>;
    if (!Buffer.isBuffer(data) || !MIMES.has(mime)) {
      throw new SocketIoException('This is not a PNG, JPEG, GIF or WebP image.', { code: 'NOT_AN_IMAGE' });
    }
    if (data.length > MAX_IMAGE_BYTES) {
      throw new SocketIoException(`The image is larger than ${MAX_IMAGE_BYTES} bytes.`, { code: 'TOO_LARGE' });
    }
    return { name: String(name).slice(0, 100), mime: mime as string, data };
  }
}
