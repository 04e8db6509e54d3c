import type { EngineRequest } from './engine-request.js';

/** What may be given as `cors`: the options of the `cors` package, or a function that gives them per request. */
export type CorsSetting = CorsOptions | CorsDelegate;

export type CorsDelegate = (
  request: EngineRequest,
  callback: (error: Error | null, options?: CorsOptions) => void,
) => void;

export interface CorsOptions {
  /** Origins that may talk to this server. Unset: every origin gets the header `*`, as in the `cors` package. */
  origin?: CorsOrigin | CorsOriginCallback | undefined;
  /** Methods that a preflight allows. */
  methods?: string | string[] | undefined;
  /** Request headers that a preflight allows. */
  allowedHeaders?: string | string[] | undefined;
  /** Response headers that scripts may read. */
  exposedHeaders?: string | string[] | undefined;
  /** Whether cookies are allowed. */
  credentials?: boolean | undefined;
  /** Seconds. */
  maxAge?: number | undefined;
  /** Accepted for compatibility: the engine answers every preflight. */
  preflightContinue?: boolean | undefined;
  /** The status of a preflight's answer. */
  optionsSuccessStatus?: number | undefined;
}

export type CorsOrigin = boolean | string | RegExp | (string | RegExp)[];

/** Decides per request; may answer later. */
export type CorsOriginCallback = (
  origin: string | undefined,
  callback: (error: Error | null, allowed?: CorsOrigin) => void,
) => void;

const CORS_OPTION_NAMES = [
  'origin',
  'methods',
  'allowedHeaders',
  'headers',
  'exposedHeaders',
  'credentials',
  'maxAge',
  'preflightContinue',
  'optionsSuccessStatus',
];

/** What the `cors` package knows of options that were meant for another package as well. */
export function pickCorsOptions(options: object): CorsOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => CORS_OPTION_NAMES.includes(name)));
}
