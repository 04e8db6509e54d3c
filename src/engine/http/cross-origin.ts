import corsPackage from 'cors';
import { askForeign } from '../../common/call-foreign.js';
import type { CorsOptions, CorsOrigin, CorsOriginCallback, CorsSetting } from './cors-options.js';
import { hostOf, type EngineRequest } from './engine-request.js';
import { ResponseStandIn } from './response-stand-in.js';
import type { HttpHeaders } from './http-exchange.js';
import type { ProxyTrust } from './proxy-trust.js';

export interface CrossOriginRules {
  readonly cors: CorsSetting | null;
  readonly checkOrigin: boolean;
}

export interface CrossOriginVerdict {
  readonly allowed: boolean;
  /** Headers for whatever is answered. */
  readonly headers: HttpHeaders | null;
  /** The answer to a preflight, where `cors` gave one. */
  readonly preflightStatus: number | null;
}

const NOTHING_TO_SAY: CrossOriginVerdict = { allowed: true, headers: null, preflightStatus: null };

/**
 * Checks the origin of a request, by the same rule for both transports: the server's own origin, or what the `cors` package
 * allows. The package also makes the headers, so the two cannot disagree.
 */
export class CrossOrigin {
  readonly #cors: ReturnType<typeof corsPackage> | null;
  readonly #namesOrigins: boolean;

  constructor(
    private readonly rules: CrossOriginRules,
    private readonly proxies: ProxyTrust,
  ) {
    this.#cors = rules.cors === null ? null : corsPackage(withPromises(rules.cors) as never);
    this.#namesOrigins = typeof rules.cors === 'function' || rules.cors?.origin !== undefined;
  }

  /** `decide` is called once, at once unless `cors.origin` takes its time; with null and the error if that failed. */
  check(
    request: EngineRequest,
    isUpgrade: boolean,
    decide: (verdict: CrossOriginVerdict | null, error?: unknown) => void,
  ): void {
    const origin = request.headers.origin;
    if (this.#cors === null) {
      const allowed = origin === undefined || !this.rules.checkOrigin || this.#isSameOrigin(request, origin);
      decide(allowed ? NOTHING_TO_SAY : { allowed, headers: null, preflightStatus: null });
      return;
    }
    const collected = new ResponseStandIn();
    let decided = false;
    const finish = (error?: unknown): void => {
      if (decided) return;
      decided = true;
      if (error) {
        decide(null, error);
        return;
      }
      decide({
        allowed: this.#isAllowed(request, isUpgrade, origin, collected),
        headers: collected.getHeaders(),
        preflightStatus: collected.ended ? collected.statusCode : null,
      });
    };
    collected.onEnd = finish;
    askForeign(this.#cors, undefined, [request, collected, finish], (error) => {
      if (error !== null) finish(error);
    });
  }

  #isAllowed(
    request: EngineRequest,
    isUpgrade: boolean,
    origin: string | undefined,
    collected: ResponseStandIn,
  ): boolean {
    const isChecked = this.rules.checkOrigin || (isUpgrade && this.#namesOrigins);
    if (!isChecked || origin === undefined) return true;
    const allowed = collected.getHeader('Access-Control-Allow-Origin');
    return allowed === '*' || allowed === origin || this.#isSameOrigin(request, origin);
  }

  /** Host and port decide; the scheme does not, since a proxy may have ended TLS. */
  #isSameOrigin(request: EngineRequest, origin: string): boolean {
    const { host } = request.headers;
    // As browsers write it; taking both apart costs more than all other checks together (bench: connect).
    if (host !== undefined && isPlainHost(host) && (origin === `http://${host}` || origin === `https://${host}`))
      return true;
    let url: URL;
    try {
      url = new URL(origin);
    } catch {
      return false;
    }
    const defaultPort = url.protocol === 'https:' ? /:443$/ : /:80$/;
    return this.#hostsOf(request).some((host) => url.host !== '' && host.replace(defaultPort, '') === url.host);
  }

  #hostsOf(request: EngineRequest): string[] {
    const hosts = [hostOf(request)];
    const forwarded = request.headers['x-forwarded-host'];
    if (forwarded !== undefined && this.proxies.trustsPeerOf(request)) hosts.push(String(forwarded).split(',')[0]);
    return hosts.filter((host) => typeof host === 'string').map((host) => host.trim().toLowerCase());
  }
}

/** Whether a URL would take it as it is. */
function isPlainHost(host: string): boolean {
  return PLAIN_HOST.test(host);
}

const PLAIN_HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/;

/** Lets `origin` be an async function as well as one with a callback, and a function that gives the options fail late. */
function withPromises(setting: CorsSetting): CorsSetting {
  if (typeof setting !== 'function') return withAsyncOrigin(setting);
  return (request, callback) => {
    const answer: typeof callback = (error, options) => callback(error, options && withAsyncOrigin(options));
    askForeign(setting, undefined, [request, answer], (error) => {
      if (error !== null) callback(failure(error));
    });
  };
}

function withAsyncOrigin(options: CorsOptions): CorsOptions {
  if (typeof options.origin !== 'function') return options;
  const decide = options.origin as (...args: Parameters<CorsOriginCallback>) => CorsOrigin | undefined;
  const origin: CorsOriginCallback = (requested, callback) => {
    let isDecided = false;
    const answer: typeof callback = (error, allowed) => {
      if (!isDecided) callback(error, allowed);
      isDecided = true;
    };
    askForeign(decide, undefined, [requested, answer], (error, allowed) => {
      if (error !== null) answer(failure(error));
      else if (allowed !== undefined) answer(null, allowed);
    });
  };
  return { ...options, origin };
}

/** The `cors` package takes what is falsy for no error. */
function failure(error: unknown): Error {
  return new Error('the cors option failed', { cause: error });
}
