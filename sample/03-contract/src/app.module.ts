import { Module } from '@nestjs/common';
import { SocketIoModule } from 'nestjs-socketio';
import { OrdersGateway } from './orders.gateway.js';
import { PageController } from './page.controller.js';

@Module({
  // The page loads the client as a module from /socket.io/socket.io.esm.min.js.
  imports: [SocketIoModule.forRoot({ serveClient: true })],
  controllers: [PageController],
  providers: [OrdersGateway],
})
export class AppModule {}
