import { Injectable, Scope, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { decorateMethod } from '../servers/decorate.mjs';

/** What is bound to the handlers, from nothing on; each is a method and an event. */
export const CASES = ['nothing', 'parameters', 'guard and parameters', 'guard, pipe, parameters', 'interceptor'];
/** A class that is made for each event, and one for each connection, as those of `@nestjs/websockets` are. */
export const SCOPED = ['request-scoped, by event', 'request-scoped, by connection'];

class Guard {
  canActivate(context) {
    return context.switchToWs().getClient() !== null;
  }
}

class Pipe {
  transform(value) {
    return value;
  }
}

class Interceptor {
  intercept(_context, next) {
    return next.handle();
  }
}

/**
 * A class as the user writes it, decorated for one of the frameworks.
 *
 * @param {object} kit
 * @param {ClassDecorator} [kit.gateway]
 * @param {(event: string) => MethodDecorator} kit.handler
 * @param {() => ParameterDecorator} kit.MessageBody
 * @param {() => ParameterDecorator} kit.ConnectedSocket
 * @param {boolean} kit.bareIsUndecorated whether a handler without parameter decorators gets `(socket, body)`, and not `(body)`
 */
export function createGateway({ gateway, handler, MessageBody, ConnectedSocket, bareIsUndecorated }) {
  class BenchGateway {
    nothing(first, second) {
      return bareIsUndecorated ? second : first;
    }

    parameters(body, _socket) {
      return body;
    }

    'guard and parameters'(body, _socket) {
      return body;
    }

    'guard, pipe, parameters'(body, _socket) {
      return body;
    }

    interceptor(first, second) {
      return bareIsUndecorated ? second : first;
    }
  }
  gateway?.(BenchGateway);
  for (const name of CASES) {
    const parameters = name.includes('parameters') ? [MessageBody(), ConnectedSocket()] : [];
    decorateMethod(BenchGateway, name, handler(name), parameters);
    if (name.startsWith('guard')) decorateMethod(BenchGateway, name, UseGuards(Guard), []);
    if (name.includes('pipe')) decorateMethod(BenchGateway, name, UsePipes(Pipe), []);
    if (name === 'interceptor') decorateMethod(BenchGateway, name, UseInterceptors(Interceptor), []);
  }
  return BenchGateway;
}

/** The same for a class with a scope. */
export function createScopedGateway(event, { gateway, handler, MessageBody }) {
  class ScopedGateway {
    [event](body) {
      return body;
    }
  }
  Injectable({ scope: Scope.REQUEST })(ScopedGateway);
  gateway?.(ScopedGateway);
  decorateMethod(ScopedGateway, event, handler(event), [MessageBody()]);
  return ScopedGateway;
}
