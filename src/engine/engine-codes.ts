import { PROTOCOL_ERROR_CODES } from './codec/protocol-error.js';
import { REFUSALS } from './http/refusal.js';
import { UPGRADE_CODES } from './session/upgrade.js';
import { SESSION_CODES } from './transport/close-reason.js';

/** The catalogue of this layer: every code that it gives to a user. */
export const ENGINE_CODES: readonly string[] = [
  ...SESSION_CODES,
  ...UPGRADE_CODES,
  ...PROTOCOL_ERROR_CODES,
  ...Object.keys(REFUSALS),
  'INVALID_OPTION',
];
