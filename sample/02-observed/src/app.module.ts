import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { SocketIoModule } from 'nestjs-socketio';
import { SocketIoHealthIndicator } from 'nestjs-socketio/terminus';
import { ChatGateway } from './chat.gateway.js';
import { OperationsController } from './operations.controller.js';

@Module({
  imports: [
    // In production: as long as the balancer takes to see that readiness is down.
    SocketIoModule.forRoot({ shutdownDelay: Number(process.env.SHUTDOWN_DELAY ?? 0) }),
    TerminusModule,
  ],
  controllers: [OperationsController],
  providers: [ChatGateway, SocketIoHealthIndicator],
})
export class AppModule {}
