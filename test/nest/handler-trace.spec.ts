/** Which handlers a shutdown knows among its callers, and so does not wait for. */
import {
  Catch,
  UseFilters,
  UseGuards,
  UsePipes,
  type CanActivate,
  type ExceptionFilter,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Ack, OnConnect, OnEvent, OnHandshake, type Websocket } from '../../src/index.js';
import { createClient } from '../support/nest-app.js';
import { elapse, within } from '../support/until.js';
import { startWith } from './support/start-app.js';

/** What a handler calls to end the server. */
type Stop = () => Promise<unknown>;

const guard = (canActivate: CanActivate['canActivate']): CanActivate => ({ canActivate });
const LATE_GUARD = guard(() => elapse(1).then(() => true));
const LATE_PIPE: PipeTransform = { transform: (value: unknown) => elapse(1).then(() => value) };

const HANDLERS: Readonly<Record<string, (stop: Stop) => Type>> = {
  'that listens': (stop) => {
    class Stopping {
      @OnEvent('stop')
      listen(): Promise<unknown> {
        return stop();
      }
    }
    return Stopping;
  },
  'beside another one': (stop) => {
    class Stopping {
      @OnEvent('stop')
      async listen(): Promise<void> {
        await stop();
      }

      @Ack('stop')
      answer(): string {
        return 'done';
      }
    }
    return Stopping;
  },
  'with an asynchronous pipe': (stop) => {
    class Stopping {
      @UsePipes(LATE_PIPE)
      @Ack('stop')
      async answer(): Promise<void> {
        await stop();
      }
    }
    return Stopping;
  },
  'behind an asynchronous guard': (stop) => {
    class Stopping {
      @UseGuards(LATE_GUARD)
      @Ack('stop')
      async answer(): Promise<void> {
        await stop();
      }
    }
    return Stopping;
  },
  'whose guard stops the server': (stop) => {
    class Stopping {
      @UseGuards(guard(() => stop().then(() => true)))
      @Ack('stop')
      answer(): void {}
    }
    return Stopping;
  },
  'whose exception filter stops the server': (stop) => {
    @Catch()
    class Stopper implements ExceptionFilter {
      catch(): Promise<unknown> {
        return stop();
      }
    }
    class Stopping {
      @UseFilters(Stopper)
      @Ack('stop')
      fail(): void {
        throw new Error('on purpose');
      }
    }
    return Stopping;
  },
  'of a handshake': (stop) => {
    class Stopping {
      @OnHandshake()
      async check(): Promise<void> {
        await stop();
      }
    }
    return Stopping;
  },
  'of a connection': (stop) => {
    class Stopping {
      @OnConnect()
      async welcome(): Promise<void> {
        await stop();
      }
    }
    return Stopping;
  },
  'of a gateway of Nest': (stop) => {
    @WebSocketGateway()
    class Stopping {
      @SubscribeMessage('stop')
      async answer(@MessageBody() _body: unknown): Promise<void> {
        await stop();
      }
    }
    return Stopping;
  },
};

const WAYS: Readonly<Record<string, (stop: Stop) => Promise<unknown>>> = {
  'at once': (stop) => stop(),
  'after something else': async (stop) => {
    await elapse(1);
    await stop();
  },
};

const CASES = Object.keys(HANDLERS).flatMap((handler) => Object.keys(WAYS).map((way) => [handler, way] as const));

it.each(CASES)('a handler %s is not waited for if it awaits the end %s', async (handler, way) => {
  let onStopped: (took: number) => void;
  const stopped = new Promise<number>((resolve) => (onStopped = resolve));
  let websocket: Websocket | null = null;
  const stop: Stop = async () => {
    const began = performance.now();
    await websocket!.shutdown();
    onStopped(performance.now() - began);
  };
  const app = await startWith({ providers: [HANDLERS[handler](() => WAYS[way](stop))] });
  websocket = app.websocket;
  const client = createClient(app.url, { transports: ['websocket'], reconnection: false });
  client.on('connect', () => client.emit('stop', 'now', () => {}));
  client.connect();
  expect(await within(stopped, 'the shutdown', 10_000)).toBeLessThan(4_000);
});
