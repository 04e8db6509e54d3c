import type { ImageType } from '../chat.contract.js';

const MAX_BYTES = 1_000_000;
const MAX_SIDE = 1_600;
const SENT_AS_IT_IS: readonly ImageType[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

export interface Picture {
  readonly name: string;
  readonly type: ImageType;
  readonly data: Blob;
}

/**
 * Makes an image one that the server accepts: what a phone's camera takes is larger, and other kinds become a JPEG.
 *
 * @throws Error with a sentence for people
 */
export async function toPicture(file: File): Promise<Picture> {
  const type = SENT_AS_IT_IS.find((each) => each === file.type);
  if (type !== undefined && file.size <= MAX_BYTES) return { name: file.name.slice(0, 100), type, data: file };
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is not an image that this browser can read.`);
  });
  for (const [side, quality] of [
    [MAX_SIDE, 0.85],
    [MAX_SIDE, 0.6],
    [MAX_SIDE / 2, 0.6],
  ]) {
    const data = await shrink(bitmap, side, quality);
    if (data.size <= MAX_BYTES) {
      return { name: file.name.replace(/\.\w+$/, '.jpg').slice(-100), type: 'image/jpeg', data };
    }
  }
  throw new Error(`${file.name} is too large.`);
}

function shrink(bitmap: ImageBitmap, side: number, quality: number): Promise<Blob> {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob === null ? reject(new Error('The image cannot be made smaller.')) : resolve(blob)),
      'image/jpeg',
      quality,
    );
  });
}
