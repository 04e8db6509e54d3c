import { Module, type DynamicModule } from '@nestjs/common';
import { Redis } from 'ioredis';
import { SocketIoModule } from 'nestjs-socketio';
import { redisLedger } from 'nestjs-socketio/ledger';
import { FleetGateway, NODE_NAME } from './fleet.gateway.js';

/** One node of the fleet. */
export function nodeModule(name: string, redis: string): DynamicModule {
  const client = new Redis(redis);
  // The ledger tells of an outage, and waits until it is over.
  client.on('error', () => {});
  const urls = new Map<string, string>();
  process.on('message', (told: Record<string, string>) => {
    urls.clear();
    for (const [node, url] of Object.entries(told)) urls.set(node, url);
  });
  return {
    module: NodeModule,
    imports: [
      SocketIoModule.forRoot({
        // #region fleet
        ledger: redisLedger(client, { name: 'fleet' }),
        nodes: { self: name, urlOf: (node) => urls.get(node) },
        presence: { gracePeriod: 3_000, heartbeatInterval: 1_000 },
        trustProxy: true,
        // #endregion
        serveClient: true,
        logBindings: false,
        pingInterval: 2_000,
        pingTimeout: 3_000,
        shutdownTimeout: 6_000,
        shutdownSlices: 5,
      }),
    ],
    providers: [FleetGateway, { provide: NODE_NAME, useValue: name }],
  };
}

@Module({})
class NodeModule {}
