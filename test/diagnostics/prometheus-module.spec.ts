import { buildPackage } from '../support/sample.js';
import { runFixture } from './support/run-fixture.js';

describe('@willsoto/nestjs-prometheus', () => {
  beforeAll(() => buildPackage(), 120_000);

  it('serves the metrics of a server beside its own', async () => {
    const lines = await runFixture<string[]>('prometheus-module.mjs');
    expect(lines).toContain('socketio_server_active_connections{socketio_transport="websocket"} 1');
    expect(lines).toContain(
      'rpc_server_call_duration_seconds_count{rpc_system_name="socketio",rpc_method="/chat/message"} 1',
    );
    expect(lines.some((line) => line.startsWith('process_cpu_seconds_total'))).toBe(true);
  });
});
