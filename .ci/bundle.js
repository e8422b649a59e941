// Puts what was compiled into few files, which is what is published and run: Node.js takes 0.4 ms of CPU to load one, and
// a broker has 180 of them. All that is loaded at its start is one, and one more what it shares with commands that
// start none.
import { build } from 'rolldown';

const SHARED =
  /src.(cli.failure|app.(options|fault-options|version|durations|suggest|json-mistake)|broker.policy-keys)\.js$/;
const BROKER = /src.(app.node|management.listener)\.js$/;

await build({
  input: {
    cli: 'dist/src/cli/main.js',
    index: 'dist/src/index.js',
    testing: 'dist/src/testing.js',
    vitest: 'dist/src/testing/vitest.js',
    jest: 'dist/src/testing/jest.js',
    conformance: 'dist/spec/index.js',
  },
  external: /^[^./]/, // packages stay what they are
  platform: 'node',
  output: {
    dir: 'dist/bundle',
    cleanDir: true,
    comments: false,
    codeSplitting: {
      groups: [
        { name: 'shared', test: SHARED, priority: 2 }, // each with all that it imports
        { name: 'broker', test: BROKER, priority: 1 },
      ],
    },
  },
});
