import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Application, PageEvent } from 'typedoc';

/** Stands for the way to the manual, which depends on the folder of a page. */
const MANUAL = 'manual';

/** Writes the API of each subpath of the package. Throws if the comments of the source have a link that leads nowhere. */
export async function buildApi(root, out) {
  const app = await Application.bootstrap({
    name: 'nestjs-socketio',
    entryPoints: sourcesOf(root),
    tsconfig: path.join(root, 'tsconfig.json'),
    out,
    readme: 'none',
    customCss: path.join(root, '.scripts/docs/api.css'),
    navigationLinks: { Manual: MANUAL },
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    hideGenerator: true,
    githubPages: false,
    logLevel: 'Warn',
    // Types that only name a part of another one are not exported, and not missed.
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    treatValidationWarningsAsErrors: true,
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('the API has errors: see above');
  for (const entry of project.children) {
    entry.name = entry.name === 'index' ? 'nestjs-socketio' : `nestjs-socketio/${entry.name}`;
  }
  app.renderer.on(PageEvent.END, (page) => {
    const up = '../'.repeat(page.url.split('/').length);
    page.contents = page.contents.replaceAll(`href="${MANUAL}"`, `href="${up}start.html"`);
  });
  app.validate(project);
  if (app.logger.hasErrors()) throw new Error('the API has errors: see above');
  await app.generateOutputs(project);
}

/** The source of each export: "./server" is dist/esm/server.js, which is made of src/server.ts. */
function sourcesOf(root) {
  const { exports: subpaths } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return Object.values(subpaths)
    .map((target) => target.import?.default)
    .filter((file) => file !== undefined)
    .map((file) => path.join(root, file.replace('./dist/esm/', 'src/').replace(/\.js$/, '.ts')));
}
