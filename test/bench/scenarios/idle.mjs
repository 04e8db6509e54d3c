import { IdleDriver } from '../lib/idle-driver.mjs';

/** Connections that are there before those that are measured. */
const FIRST = 100;
const SOCKET_IO_SERVERS = ['ours-nest', 'ours', 'socket.io', 'platform-socket.io'];
const GOALS = [{ server: 'ours-nest', peer: 'socket.io', atMost: 0.6 }];

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'idle',
  title: 'Memory per idle connection',
  unit: 'connection',
  measures: 'memory',
  variants: [
    { label: '1000 connections, 1 handler', goals: GOALS, server: { handlers: 1 }, more: 1000 },
    {
      label: '1000 connections, 50 handlers',
      quick: true,
      goals: GOALS,
      server: { handlers: 50 },
      servers: SOCKET_IO_SERVERS,
      more: 1000,
    },
    { label: '10000 connections, 1 handler', goals: GOALS, server: { handlers: 1 }, more: 10_000 },
    {
      label: '10000 connections, 50 handlers',
      goals: GOALS,
      server: { handlers: 50 },
      servers: SOCKET_IO_SERVERS,
      more: 10_000,
    },
  ],
  createDriver({ more }, target) {
    return new IdleDriver(target, { first: FIRST, more });
  },
};
