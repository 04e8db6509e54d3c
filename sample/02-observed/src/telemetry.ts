import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { ConsoleSpanExporter, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { SocketIoInstrumentation } from 'nestjs-socketio/otel';

/** SPANS=console prints spans; else they stay in memory, for /spans. */
const memory = new InMemorySpanExporter();
const exporter = process.env.SPANS === 'console' ? new ConsoleSpanExporter() : memory;

const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
registerInstrumentations({ tracerProvider: provider, instrumentations: [new SocketIoInstrumentation()] });

/** The names of the spans that have ended. */
export function spanNames(): string[] {
  return memory.getFinishedSpans().map(({ name }) => name);
}
