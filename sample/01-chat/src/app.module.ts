import { Module } from '@nestjs/common';
import { SocketIoModule } from 'nestjs-socketio';
import { ChatGateway } from './chat.gateway.js';
import { MAX_IMAGE_BYTES } from './image.pipe.js';
import { PageController } from './page.controller.js';

@Module({
  imports: [
    SocketIoModule.forRoot({
      // The page loads the client from /socket.io/socket.io.min.js.
      serveClient: true,
      // What is larger ends the connection. Over polling an image travels as base64, a third larger.
      maxHttpBufferSize: Math.ceil((MAX_IMAGE_BYTES * 4) / 3) + 1_024,
    }),
  ],
  controllers: [PageController],
  providers: [ChatGateway],
})
export class AppModule {}
