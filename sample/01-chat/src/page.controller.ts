import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Controller, Get, Header, NotFoundException, Param } from '@nestjs/common';

/** Where the bare names in the page's scripts lead: a browser knows no packages. */
const IMPORT_MAP = JSON.stringify({
  imports: {
    'socket.io-client': '/socket.io/socket.io.esm.min.js',
    'nestjs-socketio/client': '/client/index.js',
  },
});
const mapHash = createHash('sha256').update(IMPORT_MAP).digest('base64');
/** Without a space around it: the page's policy lets in what has exactly its hash. */
const page = read(new URL('../public/index.html', import.meta.url)).replace(/\s*\{\{import-map\}\}\s*/, IMPORT_MAP);
const style = read(new URL('../public/chat.css', import.meta.url));
const scripts = readScripts(new URL('./page/', import.meta.url));
/** The part of the package that is for browsers: `request()`. */
const client = readScripts(new URL('./', import.meta.resolve('nestjs-socketio/client')));

/** The page and its files, read once. */
@Controller()
export class PageController {
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', `default-src 'self'; script-src 'self' 'sha256-${mapHash}'; img-src blob: data:`)
  page(): string {
    return page;
  }

  @Get('chat.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  style(): string {
    return style;
  }

  @Get('page/:name')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  script(@Param('name') name: string): string {
    return textOf(scripts, name);
  }

  @Get('client/:name')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  client(@Param('name') name: string): string {
    return textOf(client, name);
  }
}

function textOf(files: ReadonlyMap<string, string>, name: string): string {
  const text = files.get(name);
  if (text === undefined) throw new NotFoundException();
  return text;
}

function readScripts(folder: URL): ReadonlyMap<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  return new Map(names.map((name) => [name, read(new URL(name, folder))]));
}

function read(file: URL): string {
  return readFileSync(file, 'utf8');
}
