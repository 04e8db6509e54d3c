/** What must be true of a release, as lists of what is not: empty if all is well. */

/** What may be in the tarball, beside the targets of `exports` that have to be. */
const ALLOWED = [
  /^dist\/(?:esm|cjs)\/(?:[\w.-]+\/)*[\w.-]+\.(?:js|d\.ts)$/,
  /^dist\/(?:esm|cjs)\/package\.json$/,
  // The file whose name Node prints if Nest is not installed.
  /^dist\/esm\/Nest is missing, run npm i @nestjs\/common @nestjs\/core reflect-metadata rxjs\.js$/,
  /^docs\/[\w-]+\.md$/,
  /^(?:CHANGELOG\.md|LICENSE|README\.md|package\.json)$/,
];

/** Run on the machines of those who install a package, without being asked. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare'];

export function versionFaults(manifest, lock, changelog, tags) {
  const { version } = manifest;
  const [, noted] = /^## (\S+)/m.exec(changelog) ?? [];
  const [, notes = ''] = changelog.split(/^## .*$/m);
  return [
    /^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version) ? null : `version ${version} is not of the form 1.2.3`,
    lock.version === version ? null : `package-lock.json says ${lock.version}, package.json ${version}`,
    noted === version ? null : `CHANGELOG.md begins with ${noted}, package.json says ${version}`,
    notes.includes('- ') ? null : `CHANGELOG.md says nothing about ${noted}`,
    tags.includes(`v${version}`) ? `v${version} is a tag already` : null,
  ].filter((fault) => fault !== null);
}

export function manifestFaults(manifest) {
  const address = manifest.repository?.url ?? manifest.repository;
  return [
    // npm attests from which repository a package was built, and refuses one whose manifest names another or none.
    typeof address === 'string'
      ? null
      : fillIn('repository', '{ "type": "git", "url": "git+https://HOST/OWNER/NAME.git" }'),
    typeof manifest.homepage === 'string' ? null : fillIn('homepage', '"https://www.npmjs.com/package/NAME"'),
    manifest.bugs === undefined ? fillIn('bugs', '{ "url": "https://HOST/OWNER/NAME/issues" }') : null,
    manifest.publishConfig?.provenance === true ? null : 'publishConfig.provenance is not true',
    manifest.publishConfig?.access === 'public' ? null : 'publishConfig.access is not "public"',
    manifest.license === 'MIT' ? null : `license is ${manifest.license}`,
    manifest.funding === undefined ? null : 'funding is set',
    ...INSTALL_SCRIPTS.map((name) => (name in (manifest.scripts ?? {}) ? `there is a script ${name}` : null)),
  ].filter((fault) => fault !== null);
}

/** Takes the paths in the tarball. */
export function contentFaults(manifest, files) {
  const wanted = [...targetsOf(manifest.exports), ...Object.values(manifest.bin ?? {})].map((file) => file.slice(2));
  return [
    ...files.filter((file) => !ALLOWED.some((each) => each.test(file))).map((file) => `${file} does not belong there`),
    ...[...new Set(wanted)].filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
  ];
}

/** Takes what `npm sbom --sbom-format cyclonedx` says about a project that has installed the tarball. */
export function sbomFaults(manifest, sbom) {
  const components = new Map(sbom.components.map((each) => [each.name, each]));
  return [
    ...[manifest.name, ...Object.keys(manifest.dependencies)]
      .filter((name) => !components.has(name))
      .map((name) => `${name} is missing in the SBOM`),
    ...sbom.components.filter(({ licenses = [] }) => licenses.length === 0).map(({ name }) => `${name} has no license`),
  ];
}

/** For addresses, which only the owner of the package knows. */
function fillIn(name, example) {
  return `${name} is missing: the owner of the package writes it into package.json, as "${name}": ${example}`;
}

function targetsOf(value) {
  return typeof value === 'string' ? [value] : Object.values(value).flatMap(targetsOf);
}
