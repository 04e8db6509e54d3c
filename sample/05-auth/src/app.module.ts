import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { SocketIoModule } from 'nestjs-socketio';
import { AccountGateway } from './account.gateway.js';
import { SignInController } from './sign-in.controller.js';
import { TokenGuard } from './token.guard.js';
import { ACCESS_SECONDS, Tokens } from './tokens.js';

@Module({
  imports: [
    JwtModule.register({
      // Several servers need the same one.
      secret: process.env.JWT_SECRET ?? randomBytes(32).toString('hex'),
      signOptions: { algorithm: 'HS256', expiresIn: ACCESS_SECONDS },
      verifyOptions: { algorithms: ['HS256'] },
    }),
    SocketIoModule.forRoot({ connectGuards: [TokenGuard] }),
  ],
  controllers: [SignInController],
  providers: [AccountGateway, TokenGuard, Tokens],
})
export class AppModule {}
