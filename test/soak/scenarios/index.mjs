export { runBadClients } from './bad-clients.mjs';
export { runIdle } from './idle.mjs';
export { runWaves } from './waves.mjs';
