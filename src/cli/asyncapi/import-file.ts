import { pathToFileURL } from 'node:url';

/** What a file of a project exports: the only import whose target is not known before. */
export function importFile(file: string): Promise<Record<string, unknown>> {
  return import(pathToFileURL(file).href) as Promise<Record<string, unknown>>;
}
