// Published without types of their own: the part of each that is used.
type ExpressMiddleware = (request: any, response: any, next: (error?: unknown) => void) => void;

declare module 'compression' {
  export default function compression(options: { threshold: number; filter?: () => boolean }): ExpressMiddleware;
}

declare module 'morgan' {
  export default function morgan(format: string, options: { stream: { write(line: string): void } }): ExpressMiddleware;
}

declare module 'express-session' {
  export default function session(options: {
    secret: string;
    resave: boolean;
    saveUninitialized: boolean;
    rolling?: boolean;
    name?: string;
  }): ExpressMiddleware;
}

declare module 'passport' {
  export class Passport {
    initialize(): ExpressMiddleware;
    session(): ExpressMiddleware;
    serializeUser(serialize: (user: any, done: (error: null, id: string) => void) => void): void;
    deserializeUser(deserialize: (id: string, done: (error: null, user: object) => void) => void): void;
  }
}
