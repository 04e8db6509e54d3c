/** What stops the command, with what to do about it. */
export class ApplicationError extends Error {}
