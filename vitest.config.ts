import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: '100%', // many tests wait for processes and sockets; the default leaves one processor out
    coverage: { include: ['src/**'], reporter: ['text-summary'] },
  },
});
