// Puts what was compiled into few files, which is what is published and run: Node.js takes 0.4 ms of CPU to load one, and
// a broker has 180 of them.
import { build } from 'rolldown';

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
  output: { dir: 'dist/bundle', cleanDir: true, comments: false },
});
