/**
 * Of packages that few applications need: what is called of them. They are loaded by the first call, which spares a start seven
 * files, a twentieth of what `./server` takes (bench: start).
 */
const PACKAGES = {
  cookie: (load) => `export const serialize = (...values) => ${load}.serialize(...values);`,
  cors: (load) => `export default (...values) => ${load}(...values);`,
  'proxy-addr': (load) => `export default {
  all: (...values) => ${load}.all(...values),
  compile: (...values) => ${load}.compile(...values),
};`,
};

const PREFIX = 'on demand ';

/** Puts functions that load a package in its place, in CommonJS. */
export const packagesOnDemand = {
  name: 'packages on demand',
  resolveId: (id) => (Object.hasOwn(PACKAGES, id) ? `${PREFIX}${id}` : null),
  load(id) {
    if (!id.startsWith(PREFIX)) return null;
    const name = id.slice(PREFIX.length);
    return `let loaded;\n${PACKAGES[name](`(loaded ??= require('${name}'))`)}`;
  },
};
