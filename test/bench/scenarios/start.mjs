/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'start',
  title: 'Start-up, until the server listens',
  unit: 'process',
  measures: 'start',
  variants: [{ label: 'Node and modules included', quick: true }],
  createDriver() {
    throw new Error('a start needs no load');
  },
};
