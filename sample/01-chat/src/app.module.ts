import { Module } from '@nestjs/common';
import { SocketIoModule } from 'nestjs-socketio';
import { MAX_IMAGE_BYTES } from './chat.contract.js';
import { ChatGateway } from './chat.gateway.js';
import { PageController } from './page.controller.js';
import { Rooms } from './rooms.js';

@Module({
  imports: [
    SocketIoModule.forRoot({
      // The page loads the client as a module from /socket.io/socket.io.esm.min.js.
      serveClient: true,
      // A client that was cut off comes back as the same socket, and gets what it missed.
      connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
      // What is larger ends the connection. Over polling an image travels as base64, a third larger.
      maxHttpBufferSize: Math.ceil((MAX_IMAGE_BYTES * 4) / 3) + 1_024,
      // More than a person can type; a program that floods the room gets errors.
      rateLimit: { limit: 50, interval: 5_000 },
    }),
  ],
  controllers: [PageController],
  providers: [ChatGateway, Rooms],
})
export class AppModule {}
