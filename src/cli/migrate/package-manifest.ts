/** Changes to a project's `package.json`, which keep its formatting. */
export interface ManifestChange {
  readonly add: readonly { readonly name: string; readonly version: string }[];
  readonly remove: readonly string[];
}

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** The changed text, or the same one if nothing of the change is new. */
export function changeManifest(text: string, { add, remove }: ManifestChange): string {
  const manifest = JSON.parse(text) as Manifest;
  const dependencies = { ...manifest.dependencies };
  for (const { name, version } of add) {
    if (manifest.devDependencies?.[name] === undefined) dependencies[name] ??= version;
  }
  for (const name of remove) delete dependencies[name];
  const names = Object.keys(dependencies);
  if (names.join() === Object.keys(manifest.dependencies ?? {}).join()) return text;
  const isSorted = Object.keys(manifest.dependencies ?? {}).every((name, at, all) => at === 0 || all[at - 1] <= name);
  const order = isSorted ? names.toSorted() : names;
  const changed = { ...manifest, dependencies: Object.fromEntries(order.map((name) => [name, dependencies[name]])) };
  const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  return JSON.stringify(changed, null, indent) + (text.endsWith('\n') ? '\n' : '');
}

/** Whether a dependency is one of the project. */
export function hasDependency(text: string, name: string): boolean {
  return (JSON.parse(text) as Manifest).dependencies?.[name] !== undefined;
}
