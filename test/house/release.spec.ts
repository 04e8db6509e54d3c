/** What the release script refuses. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { contentFaults, manifestFaults, sbomFaults, versionFaults } from '../../.scripts/release/checks.mjs';
import { ROOT } from './manual.js';

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
  scripts: Record<string, string>;
};
const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as { version: string };
const changelog = readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8');

describe('the release script', () => {
  it('finds the version, the lock file and the changelog of this package to agree', () => {
    expect(versionFaults(manifest, lock, changelog, [])).toEqual([]);
  });

  it('refuses a version that is not noted, locked or new', () => {
    const { version } = manifest;
    expect(versionFaults({ version: '9.0.0' }, lock, changelog, [])).toEqual([
      `package-lock.json says ${version}, package.json 9.0.0`,
      `CHANGELOG.md begins with ${version}, package.json says 9.0.0`,
    ]);
    expect(versionFaults(manifest, lock, changelog, [`v${version}`])).toEqual([`v${version} is a tag already`]);
    expect(versionFaults({ version: '1.0' }, { version: '1.0' }, '## 1.0\n\n## 0.9\n\n- old', [])).toEqual([
      'version 1.0 is not of the form 1.2.3',
      'CHANGELOG.md says nothing about 1.0',
    ]);
  });

  it('refuses a manifest without an address, with scripts that run at installation, or that asks for money', () => {
    const complete = {
      ...manifest,
      repository: { url: 'git+https://host.example/a/b.git' },
      homepage: 'https://host.example/a/b',
      bugs: 'https://host.example/a/b/issues',
    };
    expect(manifestFaults(complete)).toEqual([]);
    expect(manifestFaults({ ...complete, repository: undefined })).toEqual([
      'repository is missing: the owner of the package writes it into package.json, as ' +
        '"repository": { "type": "git", "url": "git+https://HOST/OWNER/NAME.git" }',
    ]);
    expect(manifestFaults({ ...complete, scripts: { postinstall: 'x' } })).toEqual(['there is a script postinstall']);
    expect(manifestFaults({ ...complete, funding: 'x', publishConfig: { access: 'public' } })).toEqual([
      'publishConfig.provenance is not true',
      'funding is set',
    ]);
  });

  it('refuses a tarball with files that do not belong there, or without an entry', () => {
    const small = { exports: { '.': { import: './dist/esm/index.js' } }, bin: { x: './dist/esm/cli/main.js' } };
    const hint = 'dist/esm/Nest is missing, run npm i @nestjs/common @nestjs/core reflect-metadata rxjs.js';
    const files = ['package.json', 'dist/esm/index.js', 'dist/esm/cli/main.js', 'docs/faq.md', hint];
    expect(contentFaults(small, files)).toEqual([]);
    expect(contentFaults(small, [...files, '.env', 'src/index.ts', 'docs/images/a.webp', 'dist/esm/a.js.map'])).toEqual(
      [
        '.env does not belong there',
        'src/index.ts does not belong there',
        'docs/images/a.webp does not belong there',
        'dist/esm/a.js.map does not belong there',
      ],
    );
    expect(contentFaults(small, files.slice(0, 1))).toEqual([
      'dist/esm/index.js is missing',
      'dist/esm/cli/main.js is missing',
    ]);
  });

  it('refuses a bill of materials that lacks a dependency or a license', () => {
    const licenses = [{ license: { id: 'MIT' } }];
    const sbom = { components: [{ name: 'a', licenses }, { name: 'ws' }] };
    expect(sbomFaults({ name: 'a', dependencies: { ws: '1', cors: '1' } }, sbom)).toEqual([
      'cors is missing in the SBOM',
      'ws has no license',
    ]);
  });
});
