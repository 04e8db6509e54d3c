import { Controller, Get, Header, Module } from '@nestjs/common';
import { SocketIoModule } from 'nestjs-socketio';
import { UploadStore } from './upload-store.js';
import { UploadsGateway } from './uploads.gateway.js';

@Controller()
class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(): string {
    return '<!doctype html><title>Uploads</title><p>Run <code>node sample/06-uploads/dist/client.js FILE</code>.';
  }
}

@Module({
  imports: [SocketIoModule.forRoot()],
  controllers: [PageController],
  providers: [UploadsGateway, UploadStore],
})
export class AppModule {}
