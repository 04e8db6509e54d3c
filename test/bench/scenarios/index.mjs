import binary from './binary.mjs';
import broadcast from './broadcast.mjs';
import connect from './connect.mjs';
import echo from './echo.mjs';
import events from './events.mjs';
import heartbeat from './heartbeat.mjs';
import idle from './idle.mjs';

/** In the order of the report. */
export const scenarios = [echo, events, broadcast, binary, connect, heartbeat, idle];
