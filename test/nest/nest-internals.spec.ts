import { ApplicationConfig, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { assertNestInternals } from '../../src/nest/platform/nest-internals.js';
import { startWith } from './support/start-app.js';

describe('assertNestInternals', () => {
  it('finds in this version of Nest all that is relied on', async () => {
    const { app } = await startWith({});
    expect(() => assertNestInternals(app.get(ExternalContextCreator), app.get(ModulesContainer))).not.toThrow();
    expect(app.get(ApplicationConfig)).toBeInstanceOf(ApplicationConfig);
  });

  it.each([
    ['guardsContextCreator', {}, "the guards creator's create()"],
    ['filtersContextCreator', { create: () => [] }, "the filters creator's getGlobalMetadata()"],
    [
      'pipesContextCreator',
      { create: () => [], getGlobalMetadata: () => [] },
      "the pipes creator's setModuleContext()",
    ],
  ])('names the part that is not there: %s', async (part, value, name) => {
    const { app } = await startWith({});
    const external = Object.create(app.get(ExternalContextCreator), { [part]: { value } }) as ExternalContextCreator;
    expect(() => assertNestInternals(external, app.get(ModulesContainer))).toThrow(
      `nestjs-socketio does not support this version of @nestjs/core: it lacks ${name}. Install Nest 11 or 12.`,
    );
  });

  it('names what a module lacks', async () => {
    const { app } = await startWith({});
    const modules = new Map([['odd', { getProviderByKey: () => undefined }]]) as unknown as ModulesContainer;
    expect(() => assertNestInternals(app.get(ExternalContextCreator), modules)).toThrow("it lacks a module's distance");
  });
});
