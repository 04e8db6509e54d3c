/** An instance may have a method of its own in front of that of its class, which has what the decorators wrote. */
import { SetMetadata, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Ack } from '../../src/index.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { startGateways } from './adapter/support/start-gateways.js';
import { startWith } from './support/start-app.js';

/** Lets in who has the role that the method says. */
const byRole: CanActivate = {
  canActivate: (context: ExecutionContext) =>
    Reflect.getMetadata('role', context.getHandler()) === context.switchToWs().getData<unknown>(),
};

describe('a method that the constructor binds', () => {
  it('keeps its guards, and they find its metadata', async () => {
    class BindingGateway {
      readonly #answer = 'reached';

      constructor() {
        this.open = this.open.bind(this);
      }

      @UseGuards(byRole)
      @SetMetadata('role', 'admin')
      @Ack('open')
      open(): string {
        return this.#answer;
      }
    }
    const { url } = await startWith({ providers: [BindingGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('open', 'admin')).toBe('reached');
    expect(await client.emitWithAck('open', 'guest')).toMatchObject({ statusCode: 403 });
  });

  it('keeps them in a gateway of @nestjs/websockets', async () => {
    @WebSocketGateway()
    class BindingGateway {
      constructor() {
        this.open = this.open.bind(this);
      }

      @UseGuards(byRole)
      @SetMetadata('role', 'admin')
      @SubscribeMessage('open')
      open(@MessageBody() role: string): string {
        return role;
      }
    }
    const { url } = await startGateways({ providers: [BindingGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('open', 'admin')).toBe('admin');
    const exception = nextEvent(client, 'exception');
    client.emit('open', 'guest');
    expect((await exception)[0]).toMatchObject({ message: 'Forbidden resource' });
  });
});

describe('a hook that is a property', () => {
  it('runs as with IoAdapter', async () => {
    @WebSocketGateway()
    class PropertyGateway {
      readonly handleConnection = (client: { emit(event: string): void }): void => client.emit('welcome');
    }
    const { url } = await startGateways({ providers: [PropertyGateway] });
    const client = createClient(url);
    const welcome = nextEvent(client, 'welcome');
    client.connect();
    expect(await welcome).toEqual([]);
  });
});
