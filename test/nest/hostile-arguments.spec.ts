import { ParseIntPipe, UsePipes, ValidationPipe } from '@nestjs/common';
import { IsString } from 'class-validator';
import { Ack, Arg, Args, MessageBody, OnConnect, OnEvent } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { startWith } from './support/start-app.js';

class Body {
  @IsString()
  name!: string;
}

/** Written as if a client always sent what it should. */
class TrustingGateway {
  @OnConnect()
  connected(socket: Socket): void {
    socket.on('listener', (body: { name: string }, ack: (name: string) => void) => ack(body.name.trim()));
    socket.on('async listener', async (body: { name: string }, ack: (name: string) => void) => ack(body.name.trim()));
  }

  @Ack('method')
  method(_socket: Socket, body: { name: string }, other: { deep: { deeper: string } }): string {
    return body.name.trim() + other.deep.deeper;
  }

  @OnEvent('async method')
  async asyncMethod(@MessageBody() body: { name: string }): Promise<string> {
    return body.name.trim();
  }

  @OnEvent('callback')
  callback(@Args() args: unknown[], @Ack() ack: (value: unknown) => void): void {
    ack((args[0] as string[]).map((entry) => entry.trim()));
  }

  @Ack('pipe')
  pipe(@Arg(0, ParseIntPipe) value: number): number {
    return value;
  }

  @UsePipes(new ValidationPipe())
  @Ack('validated')
  validated(@MessageBody() body: Body): string {
    return body.name;
  }
}

describe('pain 6: whatever a client leaves out or adds', () => {
  const events = ['listener', 'async listener', 'method', 'async method', 'callback', 'pipe', 'validated'];

  it.each(events)('"%s" answers each event that asks for an ack, and the server lives', async (event) => {
    const errors: unknown[] = [];
    const options = { onError: (error: unknown) => void errors.push(error) };
    const { url } = await startWith({ providers: [TrustingGateway], options });
    const client = await connectClient(url);
    const given: unknown[][] = [[], [null], ['x'], [{ name: {} }], [[], {}, 1], Array(20).fill(0)];
    for (const args of given) {
      client.emit(event, ...args);
      await client.timeout(1_000).emitWithAck(event, ...args);
    }
    expect(await client.emitWithAck('pipe', '1')).toBe(1);
    const isMeantForClients = event === 'pipe' || event === 'validated';
    expect(errors.length > 0).toBe(!isMeantForClients);
    expect(errors.every((error) => error instanceof TypeError)).toBe(true);
  });
});
