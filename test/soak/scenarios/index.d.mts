import type { Server } from '../../../src/server.js';

interface Setup {
  Server: typeof Server;
  /** Whether the table is printed. @default true */
  print?: boolean;
}

interface Outcome {
  /** What did not hold; empty where all did. */
  failures: string[];
}

export function runWaves(
  setup: Setup & { seconds: number; size?: number; seed?: number; heapTolerance?: number },
): Promise<Outcome & { clients: number; echoes: number }>;

export function runIdle(
  setup: Setup & { seconds: number; sessions: number; pingInterval?: number },
): Promise<Outcome & { late: number; heartbeats: number; lost: number }>;

export function runBadClients(setup: Setup & { clients: number; heartbeat?: number }): Promise<Outcome>;
