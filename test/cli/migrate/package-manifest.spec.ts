import { changeManifest } from '../../../src/cli/migrate/package-manifest.js';

const change = { add: [{ name: 'nestjs-socketio', version: '^1.2.3' }], remove: ['socket.io'] };

describe('changeManifest', () => {
  it('keeps the order, the indentation and everything else', () => {
    const before =
      '{\n\t"name": "a",\n\t"dependencies": {\n\t\t"rxjs": "^7",\n\t\t"socket.io": "^4"\n\t},\n\t"jest": {}\n}\n';
    const after =
      '{\n\t"name": "a",\n\t"dependencies": {\n\t\t"nestjs-socketio": "^1.2.3",\n\t\t"rxjs": "^7"\n\t},\n\t"jest": {}\n}\n';
    expect(changeManifest(before, change)).toBe(after);
  });

  it('adds at the end where names are in no order', () => {
    const dependencies = { rxjs: '^7', bcrypt: '^5' };
    const { dependencies: changed } = JSON.parse(changeManifest(JSON.stringify({ dependencies }), change)) as {
      dependencies: object;
    };
    expect(Object.keys(changed)).toEqual(['rxjs', 'bcrypt', 'nestjs-socketio']);
  });

  it('leaves the text if nothing is new', () => {
    const before = '{ "dependencies": { "nestjs-socketio": "^1" } }';
    expect(changeManifest(before, change)).toBe(before);
    const development = '{ "devDependencies": { "nestjs-socketio": "^1" } }';
    expect(changeManifest(development, change)).toBe(development);
  });
});
