import type { PipeTransform } from '@nestjs/common';
import { SocketIoException } from 'nestjs-socketio';

/** Lets trimmed, non-empty text of a bounded length through. */
export class TextPipe implements PipeTransform<unknown, string> {
  constructor(
    private readonly what: string,
    private readonly maxLength: number,
  ) {}

  transform(value: unknown): string {
    const text = typeof value === 'string' ? value.trim() : '';
    if (text === '') throw new SocketIoException(`The ${this.what} is empty.`, { code: 'EMPTY' });
    if (text.length <= this.maxLength) return text;
    throw new SocketIoException(`The ${this.what} is longer than ${this.maxLength} characters.`, { code: 'TOO_LONG' });
  }
}
