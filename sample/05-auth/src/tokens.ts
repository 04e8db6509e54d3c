import { createHash, randomBytes } from 'node:crypto';
import { Injectable, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { User } from './account.contract.js';

export const ACCESS_SECONDS = Number(process.env.ACCESS_SECONDS ?? 60);
/** How long before its end a client hears that its token ends. */
export const GRACE_MS = ACCESS_SECONDS * 500;
const REFRESH_MS = 30 * 86_400_000;

export interface Credentials {
  /** A JWT, good for a minute: what requests and connections show. */
  readonly access: string;
  /** Good for one use, and only for new credentials. */
  readonly refresh: string;
}

/** Short-lived access tokens, which need no look-up, and refresh tokens, which can be taken away. */
@Injectable()
export class Tokens {
  /** By the hash of the token: what leaks from here opens nothing. A real application has this in its database. */
  readonly #refreshTokens = new Map<string, { user: User; endsAt: number }>();

  constructor(private readonly jwt: JwtService) {}

  async issue(user: User): Promise<Credentials> {
    const refresh = randomBytes(32).toString('base64url');
    this.#refreshTokens.set(hashOf(refresh), { user, endsAt: Date.now() + REFRESH_MS });
    return { access: await this.jwt.signAsync({ sub: user.id, isAdmin: user.isAdmin }), refresh };
  }

  async refresh(token: string): Promise<Credentials> {
    const known = this.#refreshTokens.get(hashOf(token));
    this.#refreshTokens.delete(hashOf(token));
    if (known === undefined || known.endsAt < Date.now()) throw new UnauthorizedException('Please sign in again');
    return this.issue(known.user);
  }

  /** @throws if the token is forged, or its time is over */
  async verify(token: string): Promise<{ user: User; expiresAt: number }> {
    const { sub, isAdmin, exp } = await this.jwt.verifyAsync<{ sub: string; isAdmin: boolean; exp: number }>(token);
    return { user: { id: sub, isAdmin }, expiresAt: exp * 1_000 };
  }

  /** Access tokens that are out stay good until they end, within a minute. */
  revoke(userId: string): void {
    for (const [hash, { user }] of this.#refreshTokens) if (user.id === userId) this.#refreshTokens.delete(hash);
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
