import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createBalancer } from './balancer.js';
import { Fleet } from './fleet.js';
import { startRedis, type Redis } from './redis.js';

const redis = await startRedis().catch((error: Error): never => {
  console.error(error.message);
  process.exit(1);
});
const fleet = new Fleet(['a', 'b', 'c'], redis.url);
const balancer = createBalancer(fleet);
process.once('SIGINT', () => void stop(redis));
process.once('SIGTERM', () => void stop(redis));

await fleet.startAll();
balancer.listen(Number(process.env.PORT ?? 3000));
await once(balancer, 'listening');
const { port } = balancer.address() as AddressInfo;
console.log(`The fleet is at http://localhost:${port} (the variable PORT chooses another port)`);

async function stop({ stop: stopRedis }: Redis): Promise<void> {
  await fleet.stop();
  balancer.close();
  balancer.closeAllConnections();
  stopRedis();
  process.exit(0);
}
