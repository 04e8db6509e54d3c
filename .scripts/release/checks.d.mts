type Json = Readonly<Record<string, unknown>>;

export function versionFaults(manifest: Json, lock: Json, changelog: string, tags: readonly string[]): string[];
export function manifestFaults(manifest: Json): string[];
export function contentFaults(manifest: Json, files: readonly string[]): string[];
export function sbomFaults(manifest: Json, sbom: Json): string[];
