/** That of the package, as a test holds: its `package.json` is out of reach of a bundle. */
export const VERSION = '0.2.0';
