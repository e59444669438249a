import { defineConfig } from 'vitest/config';

/** One project per layer of testing; see docs/ARCHITECTURE.md. */
const project = (name: string, include: string[], options: object = {}): object => ({
  test: { name, include, environment: 'node', ...options },
});

export default defineConfig({
  test: {
    // Two cores are two, not one for tests and one for their reporter.
    maxWorkers: '100%',
    projects: [
      project(
        'unit',
        ['src', 'tools', 'demo', 'test/upstream', 'test/guest'].map((folder) => `${folder}/**/*.test.ts`),
        {
          exclude: ['**/*.api.test.ts', '**/*.root.test.ts', '**/*.guest.test.ts'],
          testTimeout: 10_000,
          // Files share a process per core: starting one for each took longer than all their tests.
          isolate: false,
        },
      ),
      project('api', ['src/**/*.api.test.ts', 'test/api/**/*.test.ts'], { testTimeout: 30_000 }),
      project('root', ['src/**/*.root.test.ts', 'test/upstream/**/*.root.test.ts'], {
        testTimeout: 60_000,
        fileParallelism: false,
      }),
      project('conformance', ['test/conformance/**/*.test.ts'], {
        globalSetup: 'test/conformance/setup.ts',
        testTimeout: 60_000,
        fileParallelism: false,
      }),
      project('e2e', ['test/e2e/**/*.test.ts', 'test/robustness/**/*.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 300_000,
        fileParallelism: false,
      }),
      // By `coracle test guest` only: they need a virtual machine.
      project('guest', ['test/guest/**/*.guest.test.ts'], {
        testTimeout: 600_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
    ],
  },
});
