import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../baseline.json', import.meta.url));

/** Such as `v20`: what JavaScript and streams cost differs between releases, so each has ratios of its own. */
const RELEASE = process.version.split('.', 1)[0];

/** What ours cost in costs of its peers, by scenario, when somebody last wrote it down; baseline.json. */
export class Baseline {
  #releases;

  static read() {
    return new Baseline(existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {});
  }

  constructor(releases) {
    this.#releases = releases;
  }

  /** @throws Error where nothing is known: a guard without a measure would guard nothing */
  ratioOf(scenario) {
    const ratio = this.#releases[RELEASE]?.ratios[scenario];
    if (ratio !== undefined) return ratio;
    throw new Error(`baseline.json has no ${scenario} for Node ${RELEASE}: npm run bench -- --check --save`);
  }

  /** Writes a ratio down, and where and when it was found. */
  put(scenario, ratio, { date, commit, node, machine }) {
    const { ratios } = this.#releases[RELEASE] ?? {};
    this.#releases[RELEASE] = {
      date,
      commit,
      node,
      machine,
      ratios: { ...ratios, [scenario]: Number(ratio.toFixed(3)) },
    };
    writeFileSync(FILE, `${JSON.stringify(this.#releases, null, 2)}\n`);
  }
}
