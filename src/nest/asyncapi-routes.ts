import {
  HttpException,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import {
  asyncApiDocument,
  renderPage,
  toYaml,
  type AsyncApiDocument,
  type AsyncApiOptions,
} from '../asyncapi/index.js';
import type { AnyContract } from '../contract/index.js';
import { contractsOf } from './discovery/contract-catalog.js';
import { ErrorLog } from './outcome/error-log.js';
import { lastValue } from './pipeline/result.js';
import { trim } from '../common/values.js';

/** Who may read the document: a guard of Nest, or a function of the platform's request. */
export type AsyncApiGuard = Type<CanActivate> | CanActivate | ((request: unknown) => boolean | Promise<boolean>);

export interface AsyncApiRouteOptions extends AsyncApiOptions {
  /** Of the page; `.json` and `.yaml` behind it give the document. @default '/asyncapi' */
  path?: string | undefined;
  /** @default everyone may read it */
  guard?: AsyncApiGuard | undefined;
  /** Contracts that no gateway of this application has. */
  contracts?: readonly AnyContract[] | undefined;
}

/** The part of an `INestApplication` that is used. */
export type AsyncApiTarget = Pick<INestApplication, 'get' | 'getHttpAdapter'>;

/** Serves a document of the application's contracts as a page, as JSON and as YAML. */
export function serveAsyncApi(app: AsyncApiTarget, options: AsyncApiRouteOptions): AsyncApiDocument {
  const { path = '/asyncapi', guard, contracts = [], ...about } = options;
  const base = `/${trim(path, '/')}`;
  const document = asyncApiDocument([...contractsOf(app.get(ModulesContainer)), ...contracts], about);
  const adapter = app.getHttpAdapter();
  const routes = [
    {
      path: base,
      type: 'text/html; charset=utf-8',
      body: renderPage(document, { json: `${base}.json`, yaml: `${base}.yaml` }),
    },
    { path: `${base}.json`, type: 'application/json; charset=utf-8', body: JSON.stringify(document, null, 2) },
    { path: `${base}.yaml`, type: 'application/yaml; charset=utf-8', body: toYaml(document) },
  ];
  for (const { path: route, type, body } of routes) {
    const answer = async (request: unknown, response: unknown): Promise<void> => {
      const refusal = guard === undefined ? null : await refusalOf(guard, app, request, response);
      const isAllowed = refusal === null;
      adapter.setHeader(response, 'Content-Type', isAllowed ? type : 'application/json; charset=utf-8');
      adapter.setHeader(response, 'Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
      adapter.setHeader(response, 'Cache-Control', 'no-cache');
      await adapter.reply(response, isAllowed ? body : JSON.stringify(refusal), isAllowed ? 200 : refusal.statusCode);
    };
    // Nothing of it rejects but a reply to a client that is gone.
    adapter.get(route, (request: unknown, response: unknown) => void answer(request, response).catch(logError));
  }
  return document;
}

interface RouteRefusal {
  readonly statusCode: number;
  readonly message: string;
}

/** What a guard says no with; null if it lets the request through. */
async function refusalOf(
  guard: AsyncApiGuard,
  app: AsyncApiTarget,
  request: unknown,
  response: unknown,
): Promise<RouteRefusal | null> {
  try {
    return (await ask(guard, app, request, response)) ? null : { statusCode: 403, message: 'Forbidden resource' };
  } catch (error) {
    if (error instanceof HttpException) return { statusCode: error.getStatus(), message: error.message };
    logError(error);
    return { statusCode: 500, message: 'Internal server error' };
  }
}

function logError(error: unknown): void {
  new ErrorLog().error(error);
}

async function ask(guard: AsyncApiGuard, app: AsyncApiTarget, request: unknown, response: unknown): Promise<boolean> {
  if (typeof guard === 'function' && !isGuardClass(guard)) return guard(request);
  const instance = typeof guard === 'function' ? app.get<CanActivate>(guard, { strict: false }) : guard;
  return Boolean(await lastValue(instance.canActivate(new RouteContext([request, response]))));
}

function isGuardClass(guard: Function): guard is Type<CanActivate> {
  return typeof (guard.prototype as Partial<CanActivate> | undefined)?.canActivate === 'function';
}

/** What a guard is told of a request; there is no controller. */
class RouteContext implements ExecutionContext {
  constructor(private readonly args: [request: unknown, response: unknown]) {}

  getClass<T>(): Type<T> {
    return RouteContext as unknown as Type<T>;
  }

  getHandler(): Function {
    return serveAsyncApi;
  }

  getType<T extends string>(): T {
    return 'http' as T;
  }

  getArgs<T extends unknown[]>(): T {
    return this.args as unknown as T;
  }

  getArgByIndex<T>(index: number): T {
    return this.args[index] as T;
  }

  switchToHttp(): ReturnType<ExecutionContext['switchToHttp']> {
    const [request, response] = this.args;
    return {
      getRequest: <T>(): T => request as T,
      getResponse: <T>(): T => response as T,
      getNext: <T>(): T => undefined as T,
    };
  }

  switchToRpc(): never {
    throw new TypeError('this is a request over HTTP');
  }

  switchToWs(): never {
    throw new TypeError('this is a request over HTTP');
  }
}
