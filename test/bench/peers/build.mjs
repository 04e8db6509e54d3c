/**
 * Builds the servers that are written in other languages, each with the tool of its language and from the registry of that
 * language: `node test/bench/peers/build.mjs`. One whose tool is missing is left out, by name.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PEERS } from './index.mjs';

for (const { name, folder, tool, build } of PEERS) {
  if (!isInstalled(tool)) {
    console.log(`${name} is left out: ${tool} is not there`);
    continue;
  }
  execFileSync(tool, build, { cwd: fileURLToPath(folder), stdio: 'inherit' });
  console.log(`${name} is built`);
}

function isInstalled(tool) {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
