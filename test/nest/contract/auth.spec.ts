import type { CanActivate } from '@nestjs/common';
import { Injectable, UseGuards } from '@nestjs/common';
import { z } from 'zod';
import { defineContract, event } from '../../../src/contract/index.js';
import { ConnectedSocket, Ack, Gateway, HandshakeAuth, OnHandshake, type SocketOf } from '../../../src/index.js';
import { closeTestClients, connectError, createTestClient } from '../../../src/testing/index.js';
import { createApp } from '../support/start-app.js';

const trace: string[] = [];

const vault = defineContract('/vault', {
  in: { who: event().ack<unknown>() },
  auth: z.object({
    token: z.string().transform((token) => {
      trace.push('auth');
      return token.toUpperCase();
    }),
  }),
});

@Injectable()
class SeeingGuard implements CanActivate {
  canActivate(): boolean {
    trace.push('guard');
    return true;
  }
}

@Gateway(vault)
@UseGuards(SeeingGuard)
class VaultGateway {
  @OnHandshake()
  enter(
    @HandshakeAuth(vault) auth: { token: string },
    @HandshakeAuth('token') token: string,
    @ConnectedSocket(vault) socket: SocketOf<typeof vault>,
  ) {
    trace.push('handshake');
    socket.data = { auth, token };
  }

  @Ack(vault.in.who)
  who(@ConnectedSocket(vault) socket: SocketOf<typeof vault>, @HandshakeAuth(vault) auth: { token: string }) {
    return { kept: socket.data, auth, raw: socket.handshake.auth };
  }
}

@Gateway(vault)
class BareGateway {
  @Ack(vault.in.who) who() {
    return 1;
  }
}

beforeEach(() => void trace.splice(0));
afterEach(() => closeTestClients());

describe('the auth of a contract', () => {
  it('is validated behind guards and before @OnHandshake, and handed on as its schema returns it', async () => {
    const client = await createTestClient(await createApp({ providers: [VaultGateway] }), vault, {
      auth: { token: 'abc' },
    });
    expect(trace).toEqual(['guard', 'auth', 'handshake']);
    expect(await client.emitWithAck('who')).toEqual({
      kept: { auth: { token: 'ABC' }, token: 'ABC' },
      auth: { token: 'ABC' },
      raw: { token: 'abc' },
    });
  });

  it.each([VaultGateway, BareGateway])(
    'refuses with details, with and without a handler of handshakes',
    async (gateway) => {
      const app = await createApp({ providers: [gateway] });
      const error = await connectError(app, vault, { auth: { token: 5 } });
      expect(error.message).toBe('Invalid auth');
      expect(error.data).toEqual({
        status: 'error',
        message: 'Invalid auth',
        code: 'INVALID_AUTH',
        statusCode: 400,
        details: [{ path: ['token'], message: expect.any(String) }],
      });
      expect(trace).not.toContain('handshake');
      await connectError(app, vault);
      await expect(createTestClient(app, vault, { auth: { token: 'abc' } })).resolves.toBeDefined();
    },
  );
});
