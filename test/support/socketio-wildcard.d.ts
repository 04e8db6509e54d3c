/** The part of a package without typings that is used. */
declare module 'socketio-wildcard' {
  export default function wildcard(): (socket: object, next: () => void) => void;
}
