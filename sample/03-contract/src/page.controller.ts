import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Controller, Get, Header, NotFoundException, Param } from '@nestjs/common';

/** Where the bare names in the page's script lead: a browser knows no packages. */
const IMPORT_MAP = JSON.stringify({
  imports: {
    'socket.io-client': '/socket.io/socket.io.esm.min.js',
    'nestjs-socketio/client': '/client/index.js',
  },
});
/** Without a space around it: the page's policy lets in what has exactly its hash. */
const page = read('../public/index.html').replace(/\s*\{\{import-map\}\}\s*/, IMPORT_MAP);
const style = read('../public/orders.css');
const script = read('./page/orders.js');
/** The part of the package that is for browsers: `request()`. */
const client = new Map(
  ['index.js', 'request.js', 'request-error.js'].map((name) => [
    name,
    readFileSync(new URL(`./${name}`, import.meta.resolve('nestjs-socketio/client')), 'utf8'),
  ]),
);
const mapHash = createHash('sha256').update(IMPORT_MAP).digest('base64');

/** The page and its files, read once. */
@Controller()
export class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', `default-src 'self'; script-src 'self' 'sha256-${mapHash}'`)
  page(): string {
    return page;
  }

  @Get('orders.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  script(): string {
    return script;
  }

  @Get('orders.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return style;
  }

  @Get('client/:name')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  client(@Param('name') name: string): string {
    const text = client.get(name);
    if (text === undefined) throw new NotFoundException();
    return text;
  }
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}
