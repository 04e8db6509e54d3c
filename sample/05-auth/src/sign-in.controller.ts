import { randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto';
import { Body, Controller, Get, Header, HttpCode, Post, UnauthorizedException } from '@nestjs/common';
import { Websocket } from 'nestjs-socketio';
import type { User } from './account.contract.js';
import { Tokens, type Credentials } from './tokens.js';

const salt = randomBytes(16);
/** Two people, whose password is "tea". */
const ACCOUNTS = new Map<unknown, { user: User; hash: Buffer }>(
  [
    { id: 'ada', isAdmin: true },
    { id: 'bob', isAdmin: false },
  ].map((user) => [user.id, { user, hash: scryptSync('tea', salt, 32) }]),
);

@Controller()
export class SignInController {
  constructor(
    private readonly tokens: Tokens,
    private readonly websocket: Websocket,
  ) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return '<!doctype html><title>Auth</title><p>Run <code>node sample/05-auth/dist/client.js</code>.';
  }

  @Post('sign-in')
  @HttpCode(200)
  async signIn(@Body() { name, password }: { name?: unknown; password?: unknown }): Promise<Credentials> {
    const account = ACCOUNTS.get(name);
    const hash = await derive(String(password));
    if (account === undefined || !timingSafeEqual(hash, account.hash)) throw new UnauthorizedException();
    return this.tokens.issue(account.user);
  }

  @Post('refresh')
  @HttpCode(200)
  refresh(@Body() { refresh }: { refresh?: unknown }): Promise<Credentials> {
    return this.tokens.refresh(String(refresh));
  }

  /** Ends the connections of all devices, on all servers. */
  @Post('sign-out')
  @HttpCode(204)
  async signOut(@Body() { access }: { access?: unknown }): Promise<void> {
    const { user } = await this.tokens.verify(String(access)).catch(() => {
      throw new UnauthorizedException();
    });
    this.tokens.revoke(user.id);
    await this.websocket.user(user.id).disconnect('signed out');
  }
}

/** In a thread of its own: it takes tens of milliseconds, on purpose. */
function derive(password: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
