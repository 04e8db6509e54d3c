import { SERVER_OPTIONS } from '../../../src/cli/migrate/server-plan.js';
import { MODULE_DEFAULTS, OptionError, resolveServerOptions } from '../../../src/socketio/index.js';

it.each([...SERVER_OPTIONS])('the option %s is one of the server', (name) => {
  // With a value that no option takes, the error names the option; an unknown one is named as such.
  let message = '';
  try {
    resolveServerOptions({ [name]: Symbol('nothing') }, MODULE_DEFAULTS);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    ({ message } = error as Error);
  }
  expect(message).not.toContain('one of the known options');
});
